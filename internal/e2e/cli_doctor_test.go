//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// finding is a line of what the doctor says to scripts.
type finding struct {
	Check, State, Says string
	Mend               []string
}

// doctor examines a server from an environment with more variables, and returns what
// it found, by check.
func doctor(t *testing.T, server string, environ []string, args ...string) (code int, found map[string]finding) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), cliBinary, append([]string{"doctor", "--json", "--server", server}, args...)...)
	cmd.Env = append(environment(), environ...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	_ = cmd.Run() // the exit code tells
	found = map[string]finding{}
	for line := range strings.Lines(out.String()) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("not JSON: %s: %v", line, err)
		}
		found[f.Check] = f
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("doctor ended with %d:\n%s%s", cmd.ProcessState.ExitCode(), out.String(), complaints.String())
		}
	})
	return cmd.ProcessState.ExitCode(), found
}

func mustFind(t *testing.T, found map[string]finding, check, state, says string) {
	t.Helper()
	if f := found[check]; f.State != state || !strings.Contains(f.Says, says) {
		t.Errorf("%s is %+v, want %s and %q", check, f, state, says)
	}
}

func TestDoctorFindsAHealthyServerHealthy(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		s := startServer(t, "--store="+store)
		var code int
		var found map[string]finding
		await(t, "all is well: the server has the lease, and the machine some time", func() bool {
			code, found = doctor(t, s.url(), []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + s.url()}, "--send")
			return code == 0 && !slices.ContainsFunc(slices.Collect(maps.Values(found)), func(f finding) bool { return f.State != "ok" })
		})
		mustFind(t, found, "test span by HTTP", "ok", "read again")
		mustFind(t, found, "test span by gRPC", "ok", "read again")
		if _, partitions := found["partitions"]; partitions == strings.HasPrefix(store, "sqlite") {
			t.Errorf("partitions are checked: %t", partitions)
		}
		kind := map[bool]string{true: "SQLite", false: "PostgreSQL"}[strings.HasPrefix(store, "sqlite")]
		mustFind(t, found, "database", "ok", kind)
		s.stop()
	})
}

func TestDoctorTellsWhatIsWrongWithTheWay(t *testing.T) {
	t.Parallel()
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answering := make(chan struct{})
	go func() {
		defer close(answering)
		for {
			conn, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 mail.example.com ESMTP\r\n"))
			conn.Close()
		}
	}()
	code, found := doctor(t, "http://"+garbage.Addr().String(), nil)
	mustFind(t, found, "server", "failure", "220 mail.example.com")
	garbage.Close()
	<-answering
	codeClosed, found := doctor(t, "http://"+garbage.Addr().String(), nil)
	mustFind(t, found, "address", "failure", "refused")

	cert, key, trust := certificate(t)
	tls := newServer(t, "--listen=127.0.0.1:0", "--store="+newSQLite(t), "--tls-cert="+cert, "--tls-key="+key)
	tls.trust = trust
	tls.start()
	codeTLS, found := doctor(t, strings.Replace(tls.url(), "https", "http", 1), nil)
	mustFind(t, found, "server", "failure", "speaks TLS")
	_, found = doctor(t, tls.url(), []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + tls.url()}, "--ca", cert, "--send")
	mustFind(t, found, "test span by HTTP", "ok", "read again")
	mustFind(t, found, "test span by gRPC", "ok", "read again")
	_, found = doctor(t, tls.url(), nil)
	mustFind(t, found, "server", "failure", "nobody whom this machine trusts")
	plain := startServer(t, "--store="+newSQLite(t))
	_, found = doctor(t, strings.Replace(plain.url(), "http", "https", 1), nil)
	mustFind(t, found, "server", "failure", "does not speak TLS")
	if code != 1 || codeClosed != 1 || codeTLS != 1 {
		t.Errorf("ends with %d, %d and %d, want 1", code, codeClosed, codeTLS)
	}
	plain.stop()
	tls.stop()
}

// TestDoctorSeesWhatTheDatabaseLacks takes things away from a running server's
// database, and then the database.
func TestDoctorSeesWhatTheDatabaseLacks(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	s := startServer(t, "--store="+cluster.DSN("postgres"))
	change := func(statement string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		conn, err := pgx.Connect(ctx, cluster.DSN("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	// A machine that is busy may let the database look away for a moment.
	code := 0
	see := func(check, state, says string) (found map[string]finding) {
		t.Helper()
		await(t, "the doctor finds "+check+" "+state+": "+says, func() bool {
			code, found = doctor(t, s.url(), nil)
			return found[check].State == state && strings.Contains(found[check].Says, says)
		})
		return found
	}
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format("20060102") }
	see("partitions", "ok", "next 3 days")
	change("DROP TABLE runs_" + day(1))
	if see("partitions", "warning", "Tomorrow"); code != 0 {
		t.Errorf("with a warning it ends with %d", code)
	}
	change("DROP TABLE segments_" + day(0))
	if see("partitions", "failure", "Today"); code != 1 {
		t.Errorf("with a failure it ends with %d", code)
	}
	change("DELETE FROM agenttrace_migrations WHERE version_id = (SELECT max(version_id) FROM agenttrace_migrations)")
	see("schema", "failure", "server needs")

	if err := cluster.Kill(); err != nil {
		t.Fatal(err)
	}
	found := see("database", "failure", "PostgreSQL does not answer")
	mustFind(t, found, "server", "ok", "agenttrace")
	if _, checked := found["partitions"]; checked || code != 1 {
		t.Errorf("without a database it ends with %d, and finds %+v", code, found)
	}
	s.kill()
}
