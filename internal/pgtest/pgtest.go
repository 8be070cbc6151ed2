package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// URLVariable names the environment variable with the server to use.
const URLVariable = "TEST_DATABASE_URL"

// shared is the one server of this test process. It is the package's only
// state: tests of a package have no other place to hand a server on.
var shared struct {
	sync.Mutex
	dsn string
	// own is nil for a server that somebody else runs. It is remembered lest
	// the collector close the pipe on which its life depends.
	own *Cluster
}

func sharedServer(ctx context.Context) (string, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.dsn == "" {
		shared.dsn = os.Getenv(URLVariable)
	}
	if shared.dsn == "" {
		c, err := Launch(ctx, fastSettings()...)
		if err != nil {
			return "", err
		}
		shared.own, shared.dsn = c, c.DSN("postgres")
	}
	return shared.dsn, nil
}

// Database creates an empty database for t and returns its DSN, a
// postgres:// URL. The database is dropped when t and its subtests are done.
// Where there is no PostgreSQL the test fails and says what to do.
func Database(t testing.TB) string {
	t.Helper()
	server, err := sharedServer(t.Context())
	if err != nil {
		t.Fatalf("no PostgreSQL for this test: %v\n%s", err, advice)
	}
	name := "test_" + rand.Text()
	if err := execute(t.Context(), server, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		t.Fatalf("create a database for this test: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context is over by now.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		// FORCE ends the connections that a failed test has left open.
		drop := "DROP DATABASE IF EXISTS " + pgx.Identifier{name}.Sanitize() + " WITH (FORCE)"
		if err := execute(ctx, server, drop); err != nil {
			t.Errorf("drop the database of this test: %v", err)
		}
	})
	dsn, err := withDatabase(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

const advice = `Install PostgreSQL 15 or newer (Debian: apt-get install postgresql;
macOS: brew install postgresql), so that initdb and postgres are in PATH or in
/usr/lib/postgresql/*/bin, or set ` + URLVariable + ` to the URL of a server whose user may
create databases.`

func execute(ctx context.Context, dsn, sql string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	if closeErr := conn.Close(ctx); err == nil {
		err = closeErr
	}
	return err
}

// withDatabase returns dsn with another database in it.
func withDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", fmt.Errorf("%s must be a postgres:// URL", URLVariable)
	}
	u.Path = "/" + name
	return u.String(), nil
}
