package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pooler is a PgBouncer that hands out connections by transaction. It listens on a
// Unix socket only.
type Pooler struct{ dir string }

// poolerScript ends PgBouncer with the test, however that ends.
const poolerScript = `"$1" "$2/ini" 2>"$2/log" & trap 'kill $!; wait' EXIT; cat`

// StartPooler puts a PgBouncer before the server of this process until t is done.
// Where there is none in PATH, the test fails and says what to do.
func StartPooler(t testing.TB) *Pooler {
	t.Helper()
	start(t)
	dir, err := os.MkdirTemp("", "agenttrace-pooler-") // a short name: that of a socket is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	p := &Pooler{dir}
	if err := p.start(t, shared.dsn); err != nil {
		t.Fatalf("no PgBouncer for this test: %v\nInstall it (Debian: apt-get install pgbouncer).", err)
	}
	return p
}

// DSN returns the URL of a database of the server through the pooler.
func (p *Pooler) DSN(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", err
	}
	u.Host, u.RawQuery = "", url.Values{"host": {p.dir}, "port": {"6432"}}.Encode()
	return u.String(), nil
}

func (p *Pooler) start(t testing.TB, dsn string) error {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		return err
	}
	if err := p.configure(dsn); err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", poolerScript, "pooler", program, p.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := dropPrivileges(cmd, p.dir); err != nil {
		return err
	}
	alive, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	t.Cleanup(func() {
		if err := errors.Join(alive.Close(), cmd.Wait()); err != nil {
			t.Errorf("end PgBouncer: %v", err)
		}
	})
	return p.await(t.Context(), dsn)
}

// configure writes the file that PgBouncer reads. The folder is closed to others.
func (p *Pooler) configure(dsn string) error {
	server, err := pgx.ParseConfig(dsn)
	if err != nil {
		return err
	}
	login := fmt.Sprintf("host=%s port=%d user=%s", server.Host, server.Port, server.User)
	if server.Password != "" {
		login += " password=" + server.Password
	}
	return os.WriteFile(filepath.Join(p.dir, "ini"), fmt.Appendf(nil, `[databases]
* = %s
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = %s
auth_type = any
pool_mode = transaction
default_pool_size = 20
server_round_robin = 1
max_client_conn = 1000
`, login, p.dir), 0o644)
}

// await waits until it answers.
func (p *Pooler) await(ctx context.Context, dsn string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	dsn, err := p.DSN(dsn)
	if err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, dsn)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(p.dir, "log"))
			return fmt.Errorf("it does not answer: %w\n%s", err, log)
		case <-tick.C:
		}
	}
}
