package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/config"
)

func parse(t *testing.T, args, environ []string) *config.Config {
	t.Helper()
	c, err := config.Parse(args, environ, io.Discard)
	if err != nil {
		t.Fatalf("Parse(%q, %q): %v", args, environ, err)
	}
	return c
}

func TestNothingSetServesOnLoopbackAndKeepsEverythingInAFile(t *testing.T) {
	c := parse(t, nil, nil)
	if c.Command != config.CommandServe {
		t.Errorf("command %q, want %q", c.Command, config.CommandServe)
	}
	if want := []string{"127.0.0.1:4317", "127.0.0.1:4318"}; !slices.Equal(c.Listen, want) {
		t.Errorf("listens on %q, want %q", c.Listen, want)
	}
	if c.Store.Kind != config.SQLite || c.Store.Path != "agenttrace.db" {
		t.Errorf("stores in %+v, want the SQLite file agenttrace.db", c.Store)
	}
	if c.Retention != 0 || c.Past() != 366*24*time.Hour || c.Insecure || c.Demo || c.TLSCert != "" {
		t.Errorf("unexpected default: %+v", c)
	}
}

func TestFlagWinsOverVariableWinsOverDefault(t *testing.T) {
	for _, tt := range []struct {
		name    string
		args    []string
		environ []string
		want    config.Size
	}{
		{"default", nil, nil, 32 << 20},
		{"variable", nil, []string{"AGENTTRACE_MAX_TRACE_BYTES=1MiB"}, 1 << 20},
		{"flag", []string{"--max-trace-bytes=2MiB"}, nil, 2 << 20},
		{"flag and variable", []string{"--max-trace-bytes", "2MiB"}, []string{"AGENTTRACE_MAX_TRACE_BYTES=1MiB"}, 2 << 20},
		{"empty variable", nil, []string{"AGENTTRACE_MAX_TRACE_BYTES="}, 32 << 20},
		{"somebody else's variable", nil, []string{"MAX_TRACE_BYTES=1MiB"}, 32 << 20},
		{"before the command", []string{"--max-trace-bytes=2MiB", "serve"}, nil, 2 << 20},
		{"after the command", []string{"serve", "--max-trace-bytes=2MiB"}, nil, 2 << 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := parse(t, tt.args, tt.environ).MaxTraceBytes; got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestEveryFlagCanBeSetByItsVariable(t *testing.T) {
	other := map[string]string{ // a valid value that is not the default
		"listen": "127.0.0.1:1", "tls-cert": "c", "tls-key": "k", "insecure": "true", "store": "sqlite:x.db", "retention": "30d",
		"read-connections": "3", "write-connections": "5", "max-past": "7d", "max-future": "1h", "max-message-bytes": "1MiB",
		"max-span-bytes": "64KiB", "max-trace-bytes": "1MiB", "shards": "3", "batch-spans": "7", "batch-bytes": "1MiB", "batch-linger": "5ms",
		"commit-timeout": "5s", "queue-spans": "9", "queue-bytes": "128MiB", "shutdown-timeout": "3s", "demo": "true", "log-level": "debug",
		"log-format": "json", "max-trace-spans": "5", "max-inflight-bytes": "128MiB", "read-timeout": "1s", "write-timeout": "1s", "stall-timeout": "1s",
		"statement-timeout": "5s", "skip-migrations": "true", "max-query-range": "30d", "max-query-traces": "7", "max-query-bytes": "1GiB",
		"max-query-series": "7", "max-query-points": "7", "query-timeout": "1h", "settle-after": "30s", "settle-at-most": "1h", "prices": "p.json",
		"reprice-project": "p", "reprice-from": "2026-03-14", "reprice-until": "36h",
	}
	flags, err := config.Flags()
	if err != nil {
		t.Fatal(err)
	}
	show := func(c *config.Config) string { return fmt.Sprintf("%+v", *c) }
	for _, f := range flags {
		names := []string{f.Name}
		if strings.HasPrefix(f.Name, "tls-") { // one is not valid alone
			names = []string{"tls-cert", "tls-key"}
		}
		var environ, args []string
		for _, name := range names {
			environ = append(environ, config.Variable(name)+"="+other[name])
			args = append(args, "--"+name+"="+other[name])
		}
		byVariable, byFlag, byNeither := show(parse(t, nil, environ)), show(parse(t, args, nil)), show(parse(t, nil, nil))
		if byVariable != byFlag || byVariable == byNeither {
			t.Errorf("--%s: by variable %s\nby flag %s", f.Name, byVariable, byFlag)
		}
	}
}

func TestValuesThatCannotBeRightAreRefusedByName(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string // names of the flags at fault
	}{
		{[]string{"--listen=4317"}, "listen"},
		{[]string{"--listen=127.0.0.1:70000"}, "listen"},
		{[]string{"--listen=127.0.0.1:http"}, "listen"},
		{[]string{"--listen=127.0.0.1:1,127.0.0.1:1"}, "listen"},
		{[]string{"--listen=0.0.0.0:4317"}, "listen"},
		{[]string{"--listen=:4317"}, "listen"},
		{[]string{"--listen=[::]:4317"}, "listen"},
		{[]string{"--listen=192.168.1.5:4317"}, "listen"},
		{[]string{"--listen=example.com:4317"}, "listen"},
		{[]string{"--tls-cert=c"}, "tls-key"},
		{[]string{"--tls-key=k"}, "tls-cert"},
		{[]string{"--store=agenttrace.db"}, "store"},
		{[]string{"--store=mysql://u:hunter2@h/d"}, "store"},
		{[]string{"--store=postgres:u:hunter2@h"}, "store"},
		{[]string{"--store=postgres://u:hunter2%@h/d"}, "store"},
		{[]string{"--store=sqlite:"}, "store"},
		{[]string{"--store=sqlite://x.db"}, "store"},
		{[]string{"--store=sqlite::memory:"}, "store"},
		{[]string{"--retention=1h"}, "retention"},
		{[]string{"--max-past=0s"}, "max-past"},
		{[]string{"--max-past=10y"}, "max-past"},
		{[]string{"--max-future=3650d"}, "max-future"},
		{[]string{"--max-message-bytes=64"}, "max-message-bytes"},
		{[]string{"--max-message-bytes=4GiB", "--queue-bytes=8GiB"}, "max-message-bytes"},
		{[]string{"--max-span-bytes=0"}, "max-span-bytes"},
		{[]string{"--max-trace-bytes=1"}, "max-trace-bytes"},
		{[]string{"--max-trace-spans=0"}, "max-trace-spans"},
		{[]string{"--max-inflight-bytes=1MiB"}, "max-inflight-bytes"},
		{[]string{"--read-timeout=0s"}, "read-timeout"},
		{[]string{"--write-timeout=30d"}, "write-timeout"},
		{[]string{"--stall-timeout=1ms"}, "stall-timeout"},
		{[]string{"--statement-timeout=0s"}, "statement-timeout"},
		{[]string{"--max-query-range=-1h"}, "max-query-range"},
		{[]string{"--max-query-traces=0"}, "max-query-traces"},
		{[]string{"--max-query-bytes=4"}, "max-query-bytes"},
		{[]string{"--max-query-series=1000000"}, "max-query-series"},
		{[]string{"--max-query-points=0"}, "max-query-points"},
		{[]string{"--query-timeout=0s"}, "query-timeout"},
		{[]string{"--queue-bytes=1MiB"}, "queue-bytes"},
		{[]string{"--queue-spans=0"}, "queue-spans"},
		{[]string{"--shards=-1"}, "shards"},
		{[]string{"--batch-spans=0"}, "batch-spans"},
		{[]string{"--batch-bytes=0"}, "batch-bytes"},
		{[]string{"--batch-linger=1h"}, "batch-linger"},
		{[]string{"--commit-timeout=1ns"}, "commit-timeout"},
		{[]string{"--read-connections=0"}, "read-connections"},
		{[]string{"--write-connections=-1"}, "write-connections"},
		{[]string{"--shutdown-timeout=0"}, "shutdown-timeout"},
		{[]string{"--settle-after=0s"}, "settle-after"},
		{[]string{"--settle-after=10m"}, "settle-at-most"},
		{[]string{"--reprice-from=yesterday"}, "reprice-from"},
		{[]string{"--log-level=loud"}, "log-level"},
		{[]string{"--log-format=xml"}, "log-format"},
		{[]string{"--no-such-flag"}, "no-such-flag"},
		{[]string{"--listen=0.0.0.0:1", "--retention=1h", "--tls-cert=c"}, "listen retention tls-key"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			c, err := config.Parse(tt.args, nil, io.Discard)
			if err == nil {
				t.Fatalf("accepted as %+v", c)
			}
			for name := range strings.FieldsSeq(tt.want) {
				if !strings.Contains(err.Error(), "--"+name) {
					t.Errorf("%q does not name --%s", err, name)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q has the password", err)
			}
		})
	}
}

func TestLoopbackAndInsecureAddressesAreAccepted(t *testing.T) {
	for _, args := range [][]string{
		{"--listen=localhost:4317"},
		{"--listen=LOCALHOST:0,127.0.0.1:0,127.0.0.1:0"},
		{"--listen=127.8.9.1:1"},
		{"--listen=[::1]:1"},
		{"--listen=0.0.0.0:1,[::]:2,example.com:3", "--insecure"},
		{"migrate", "--listen=0.0.0.0:1"}, // migrate listens nowhere
	} {
		parse(t, args, nil)
	}
}

func TestMessageOfAVariableNamesItAndHidesItsValue(t *testing.T) {
	_, err := config.Parse(nil, []string{"AGENTTRACE_STORE=postgres://u:hunter2@h:x/d"}, io.Discard)
	if err == nil {
		t.Fatal("accepted")
	}
	if !strings.Contains(err.Error(), "AGENTTRACE_STORE") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %q", err)
	}
}

func TestStoreIsPrintedWithoutItsPassword(t *testing.T) {
	for _, tt := range []struct{ dsn, want string }{
		{"postgres://u:hunter2@h:5433/d?sslmode=require", "postgres://u@h:5433/d"},
		{"postgresql://u:hunter2@h/d", "postgres://u@h/d"},
		{"postgres://h/d?user=u&password=hunter2", "postgres://u@h/d"},
		{"postgres:///d?host=/run/postgresql&password=hunter2", "postgres://[/run/postgresql]/d"},
		{"postgres://u:hunter2@a:1,b:2/d", "postgres://u@a:1,b:2/d"},
	} {
		c := parse(t, []string{"--store", tt.dsn}, nil)
		if got := c.Store.String(); got != tt.want {
			t.Errorf("%s prints as %s, want %s", tt.dsn, got, tt.want)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("", "config", c, "store", c.Store, "dsn", c.Store.DSN)
		slog.New(slog.NewTextHandler(&log, nil)).Info("", "config", c, "store", c.Store, "dsn", c.Store.DSN)
		fmt.Fprintf(&log, "%v %+v %#v %s %q", *c, *c, *c, c.Store, c.Store.DSN)
		if strings.Contains(log.String(), "hunter2") {
			t.Errorf("the password is printed: %s", &log)
		}
		if string(c.Store.DSN) != tt.dsn {
			t.Errorf("the driver gets %q", string(c.Store.DSN))
		}
	}
}

func TestRetentionShortensTheWindow(t *testing.T) {
	if got := parse(t, []string{"--retention=30d"}, nil).Past(); got != 30*24*time.Hour {
		t.Errorf("got %v, want 30 days", got)
	}
	if got := parse(t, []string{"--retention=30d", "--max-past=7d"}, nil).Past(); got != 7*24*time.Hour {
		t.Errorf("got %v, want 7 days", got)
	}
}

func TestCommandsAreTold(t *testing.T) {
	for _, command := range []string{config.CommandServe, config.CommandMigrate, config.CommandVersion} {
		if got := parse(t, []string{command}, nil).Command; got != command {
			t.Errorf("got %q, want %q", got, command)
		}
	}
}

func TestHelpShowsEveryFlagAndStarts(t *testing.T) {
	flags, err := config.Flags()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--help"}, {"-h"}, {"serve", "--help"}, {"--listen=nonsense", "--help"}} {
		var out bytes.Buffer
		if _, err := config.Parse(args, nil, &out); !errors.Is(err, config.ErrHelp) {
			t.Errorf("%q: got %v, want ErrHelp", args, err)
		}
		for _, f := range flags {
			if !strings.Contains(out.String(), "--"+f.Name) {
				t.Errorf("%q does not show --%s", args, f.Name)
			}
		}
	}
}

func TestMisspeltVariablesAreFound(t *testing.T) {
	got, err := config.UnknownVariables([]string{"PATH=/bin", "AGENTTRACE_RETENTON=30d", "AGENTTRACE_RETENTION=30d", "AGENTTRACE_A", "AGENTTRACE_B=",
		"AGENTTRACE_PORT=tcp://10.0.0.1:4317", "AGENTTRACE_PORT_4317_TCP=x", "AGENTTRACE_SERVICE_HOST=10.0.0.1", "AGENTTRACE_SERVER=http://127.0.0.1:4317"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"AGENTTRACE_B", "AGENTTRACE_RETENTON"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
