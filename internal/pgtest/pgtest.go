package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// URLVariable names the environment variable with the server to use.
const URLVariable = "TEST_DATABASE_URL"

// shared is the one server of this test process. It is the package's only
// state: tests of a package have no other place to hand a server on.
var shared server

// server makes databases and drops them.
type server struct {
	mu  sync.Mutex
	dsn string
	// own is nil for a server that somebody else runs. It is remembered lest
	// the collector close the pipe on which its life depends.
	own *Cluster
	// conn does all the work: to begin a connection costs PostgreSQL more than to
	// make a database.
	conn *pgx.Conn
}

// start starts the server at the first call.
func (s *server) start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dsn == "" {
		s.dsn = os.Getenv(URLVariable)
	}
	if s.dsn == "" {
		c, err := launch(ctx, inMemory(), fastSettings())
		if err != nil {
			return err
		}
		s.own, s.dsn = c, c.DSN("postgres")
	}
	return nil
}

// inMemory returns where files are in memory, if there is room for several servers
// at once: making and removing files takes a fifth of what tests cost on a disk.
func inMemory() string {
	const shared, room = "/dev/shm", 4 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(shared, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < room {
		return os.TempDir()
	}
	return shared
}

func (s *server) execute(ctx context.Context, sql string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil || s.conn.IsClosed() {
		conn, err := pgx.Connect(ctx, s.dsn)
		if err != nil {
			return err
		}
		s.conn = conn
	}
	_, err := s.conn.Exec(ctx, sql)
	return err
}

// create makes a database like another one, and returns its DSN.
func (s *server) create(ctx context.Context, name, like string) (string, error) {
	sql := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize() + " TEMPLATE " + pgx.Identifier{like}.Sanitize()
	if s.own != nil {
		// A fifth of the work of copying through the log. It ends in a checkpoint,
		// which is cheap where nothing is waited for.
		sql += " STRATEGY file_copy"
	}
	if err := s.execute(ctx, sql); err != nil {
		return "", err
	}
	return withDatabase(s.dsn, name)
}

// Database creates an empty database for t and returns its DSN, a
// postgres:// URL. The database is dropped when t and its subtests are done.
// Where there is no PostgreSQL the test fails and says what to do.
func Database(t testing.TB) string {
	t.Helper()
	start(t)
	return database(t, "template1")
}

// start sees to it that there is a server.
func start(t testing.TB) {
	t.Helper()
	if err := shared.start(t.Context()); err != nil {
		t.Fatalf("no PostgreSQL for this test: %v\n%s", err, advice)
	}
}

func database(t testing.TB, like string) string {
	t.Helper()
	name := "test_" + rand.Text()
	dsn, err := shared.create(t.Context(), name, like)
	if err != nil {
		t.Fatalf("create a database for this test: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context is over by now.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		// FORCE ends the connections that a failed test has left open.
		drop := "DROP DATABASE IF EXISTS " + pgx.Identifier{name}.Sanitize() + " WITH (FORCE)"
		if err := shared.execute(ctx, drop); err != nil {
			t.Errorf("drop the database of this test: %v", err)
		}
	})
	return dsn
}

const advice = `Install PostgreSQL 15 or newer (Debian: apt-get install postgresql;
macOS: brew install postgresql), so that initdb and postgres are in PATH or in
/usr/lib/postgresql/*/bin, or set ` + URLVariable + ` to the URL of a server whose user may
create databases.`

// withDatabase returns dsn with another database in it.
func withDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", fmt.Errorf("%s must be a postgres:// URL", URLVariable)
	}
	u.Path = "/" + name
	return u.String(), nil
}
