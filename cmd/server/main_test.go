package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/agenttrace/agenttrace/internal/config"
)

func TestExitCodesAndOutputOfCommandsThatEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new.db")
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"version", []string{"version"}, exitOK, "agenttrace ", ""},
		{"help", []string{"--help"}, exitOK, "--listen", ""},
		{"misspelt flag", []string{"--lisen=x"}, exitUsage, "", "--lisen"},
		{"reachable without --insecure", []string{"--listen=0.0.0.0:0"}, exitUsage, "", "--insecure"},
		{"migrate", []string{"migrate", "--store=sqlite:" + file}, exitOK, file, ""},
		{"migrate again", []string{"migrate", "--store=sqlite:" + file}, exitOK, file, ""},
		{"reprice what is not there", []string{"reprice", "--store=sqlite:" + file + "2"}, exitFailed, "", "no database"},
		{"reprice a project that cannot be", []string{"reprice", "--store=sqlite:" + file, "--reprice-project=NO!"}, exitFailed, "", "NO!"},
		{"reprice backwards", []string{"reprice", "--store=sqlite:" + file, "--reprice-from=1h", "--reprice-until=2h"}, exitFailed, "", "reprice-until"},
		{"reprice nothing", []string{"reprice", "--store=sqlite:" + file}, exitOK, "0 traces of project default, 0 of them", ""},
		{"migrate a directory", []string{"migrate", "--store=sqlite:" + t.TempDir()}, exitFailed, "", "migrate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(tt.args, nil, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.Contains(stdout.String(), tt.stdout) || (tt.stdout == "") != (stdout.Len() == 0) {
				t.Errorf("stdout %q, want %q", &stdout, tt.stdout)
			}
			if !strings.Contains(stderr.String(), tt.stderr) || (tt.stderr == "") != (stderr.Len() == 0) {
				t.Errorf("stderr %q, want %q", &stderr, tt.stderr)
			}
		})
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("migrate made no database: %v", err)
	}
}

func TestMisspeltVariableIsWarnedOf(t *testing.T) {
	var stdout, stderr bytes.Buffer
	run([]string{"migrate", "--store=sqlite:" + filepath.Join(t.TempDir(), "new.db")}, []string{"AGENTTRACE_RETENTON=1d"}, &stdout, &stderr)
	if !strings.Contains(stderr.String(), "AGENTTRACE_RETENTON") {
		t.Errorf("stderr %q", &stderr)
	}
}

func TestFirstSignalDrainsSecondEnds(t *testing.T) {
	codes := make(chan int, 1)
	ctx, release := untilSignal(t.Context(), slog.New(slog.DiscardHandler), func(code int) { codes <- code })
	defer release()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if err := self.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if got, want := <-codes, 128+int(syscall.SIGINT); got != want {
		t.Errorf("exit code %d, want %d", got, want)
	}
}

// TestOperationsListEveryFlag keeps the documentation whole.
func TestOperationsListEveryFlag(t *testing.T) {
	doc := operations(t)
	flags, err := config.Flags()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flags {
		row := "| `--" + f.Name + "` | "
		if f.Default != "" {
			row += "`" + f.Default + "` | "
		}
		if !strings.Contains(doc, row) {
			t.Errorf("docs/operations.md has no row that begins %s", row)
		}
	}
}

// TestOperationsListEveryMetric does the same for what /metrics serves.
func TestOperationsListEveryMetric(t *testing.T) {
	doc := operations(t)
	s := newServer(t)
	start(t, s)
	c := client(t, false)
	metricsOf(t, c, s) // so that a request has been counted
	for line := range strings.Lines(metricsOf(t, c, s)) {
		name, ok := strings.CutPrefix(line, "# TYPE agenttrace_")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		if !strings.Contains(doc, "`agenttrace_"+name+"`") {
			t.Errorf("docs/operations.md lacks `agenttrace_%s`", name)
		}
	}
}

func operations(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}
