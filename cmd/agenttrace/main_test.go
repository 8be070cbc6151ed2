package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// typed runs a command line in this process.
func typed(ctx context.Context, environ []string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(ctx, process{args: args, environ: environ, now: func() time.Time { return noon }, stdin: strings.NewReader(""), stdout: &out, stderr: &err})
	return code, out.String(), err.String()
}

// nobody returns the address of a port at which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func TestWrongUsageSaysWhatWouldBeRight(t *testing.T) {
	for _, test := range []struct {
		args, says string
	}{
		{"trcaes", `did you mean "traces"`},
		{"traces --agnet x", "unknown flag --agnet, did you mean"},
		{"traces --since yesterday", `"yesterday" is not a time: want so long ago (2h, 7d), a date`},
		{"traces --since 1h --until 2h", "is not before --until"},
		{"traces --min-duration 5", `"5" is not a length of time`},
		{"traces --order fastest", "must be one of"},
		{"usage --by none,model", "--by none cannot be combined"},
		{"usage --by colour", "must be one of"},
		{"traces --limit=-1", "--limit is -1; it must be 0 or more"},
		{"session x --limit=-1", "--limit is -1; it must be 0 or more"},
		{"trace x --depth=-1", "--limit, --depth and --lines must be 0 or more"},
		{"trace", `expected "<id>" (see agenttrace trace --help)`},
		{"traces --server nowhere:99", "nowhere:99"},
		{"traces --server ftp://x", `agenttrace: the scheme of "ftp://x" is ftp`},
		{"traces --server http://me:secret@127.0.0.1:1", "which the server does not take; use --token\n"},
		{"traces --server http://192.0.2.1:4317 --token t", "would cross the network in the clear; use https\n"},
		{"traces --ca /does/not/exist", "--ca: open /does/not/exist"},
		{"traces --ca main_test.go", "has no certificate in PEM"},
	} {
		code, out, err := typed(t.Context(), nil, strings.Fields(test.args)...)
		if code != exitUsage || out != "" || !strings.Contains(err, test.says) || !strings.HasPrefix(err, "agenttrace: ") {
			t.Errorf("%q ends with %d and says\n%s%s\nwant %q", test.args, code, out, err, test.says)
		}
	}
}

func TestEveryCommandHasHelpWithExamples(t *testing.T) {
	_, out, _ := typed(t.Context(), nil)
	for _, command := range []string{"traces", "trace", "runs", "sessions", "session", "usage", "query", "metrics", "tail", "reprice", "doctor", "completion", "version"} {
		if !strings.Contains(out, "\n  "+command+" ") {
			t.Errorf("--help does not list %s", command)
		}
		code, help, err := typed(t.Context(), nil, command, "--help")
		if code != exitOK || err != "" || !strings.Contains(help, "\n    agenttrace "+command) {
			t.Errorf("%s --help ends with %d, and has no example:\n%s%s", command, code, help, err)
		}
		for line := range strings.Lines(help) {
			if len(line) > 120 && !strings.HasPrefix(line, "    ") {
				t.Errorf("%s --help is wide: %q", command, line)
			}
		}
	}
}

func TestAServerThatIsNotThereIsSaidToBe(t *testing.T) {
	server := nobody(t)
	code, out, err := typed(t.Context(), []string{"AGENTTRACE_SERVER=" + server}, "traces")
	for _, want := range []string{"no server at " + server, "connection refused", "--server URL or AGENTTRACE_SERVER"} {
		if code != exitUnreachable || out != "" || !strings.Contains(err, want) {
			t.Errorf("ends with %d and says\n%s%s\nwant %q", code, out, err, want)
		}
	}
}

func TestAFlagGoesBeforeItsVariable(t *testing.T) {
	server := nobody(t)
	_, _, err := typed(t.Context(), []string{"AGENTTRACE_SERVER=http://127.0.0.1:1"}, "traces", "--server", server)
	if !strings.Contains(err, server) {
		t.Errorf("asked %s", err)
	}
}

func TestASignalEndsACommandQuietly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, out, err := typed(ctx, nil, "traces", "--server", nobody(t))
	if code != exitInterrupted || out+err != "" {
		t.Errorf("ends with %d and says %s%s", code, out, err)
	}
}

func TestErrorsHaveExitCodes(t *testing.T) {
	app := newApp(Globals{Server: "http://127.0.0.1:4317"}, process{stdout: new(bytes.Buffer), stderr: new(bytes.Buffer), now: time.Now})
	of := func(code agenttrace.Code, fromServer bool) error {
		return &agenttrace.CallError{Call: "GetTrace", Code: code, Message: "so it is", FromServer: fromServer}
	}
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, exitOK},
		{errors.New("anything"), exitFailed},
		{fmt.Errorf("print: %w", syscall.EPIPE), exitOK},
		{of(agenttrace.CodeNotFound, true), exitNotFound},
		{of(agenttrace.CodeInvalidArgument, true), exitUsage},
		{&agenttrace.QueryError{CallError: of(agenttrace.CodeInvalidArgument, true).(*agenttrace.CallError)}, exitUsage},
		{of(agenttrace.CodeUnavailable, false), exitUnreachable},
		{of(agenttrace.CodeUnavailable, true), exitUnreachable},
		{of(agenttrace.CodeDeadlineExceeded, false), exitUnreachable},
		{of(agenttrace.CodeUnauthenticated, true), exitRefused},
		{of(agenttrace.CodePermissionDenied, true), exitRefused},
		{of(agenttrace.CodeInternal, true), exitFailed},
		{of(agenttrace.CodeUnimplemented, true), exitFailed},
		{notFoundErrorf("no"), exitNotFound},
	} {
		if got := exitCode(t.Context(), app.explain(test.err)); got != test.want {
			t.Errorf("%v: exit code %d, want %d", test.err, got, test.want)
		}
	}
}

func TestViolationsNameWhatWasTyped(t *testing.T) {
	call := &agenttrace.CallError{Message: "x", Violations: []agenttrace.Violation{{Field: "agenttrace-project", Description: "no"}, {Field: "limit", Description: "too many"}, {Description: "odd"}}}
	if got, want := sentence(call), "--project: no\nlimit: too many\nodd"; got != want {
		t.Errorf("have %q, want %q", got, want)
	}
}

func TestAWrongQueryIsMarked(t *testing.T) {
	for _, test := range []struct {
		query        string
		line, column int
		want         string
	}{
		{"{ type = tol }", 1, 10, "\n    { type = tol }\n             ^"},
		{"{ name = \"漢字\" && faild }", 1, 18, "\n    { name = \"漢字\" && faild }\n                       ^"},
		{"{ type = llm }\n| coun()", 2, 3, "\n    { type = llm }\n    | coun()\n      ^"},
		{"{", 1, 9, "\n    {\n     ^"},
	} {
		if got := mark(test.query, test.line, test.column); got != test.want {
			t.Errorf("%q is marked as\n%s\nwant\n%s", test.query, got, test.want)
		}
	}
}
