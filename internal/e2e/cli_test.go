//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

var update = flag.Bool("update", false, "write the golden files anew")

// commandLine runs the program as a shell does, without a terminal.
func commandLine(t *testing.T, s *server, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), cliBinary, args...)
	cmd.Env = append(environment(), "AGENTTRACE_SERVER="+s.url(), "TZ=UTC")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
}

// cliCommand is a command line, and the name of the files with what it prints.
type cliCommand struct {
	name string
	args []string
}

func cliCommands() []cliCommand {
	return []cliCommand{
		{"traces", []string{"traces"}},
		{"traces-failed", []string{"traces", "--failed", "--since", "2026-03-14", "--until", "2026-03-15", "--agent", "refund-agent", "--min-duration", "5s"}},
		{"traces-matches", []string{"traces", "-q", "{ type = llm && usage:total > 1000 } | select(model:name)", "--matches"}},
		{"traces-limit", []string{"traces", "-n", "1", "--order", "longest"}},
		{"traces-none", []string{"traces", "--user", "nobody"}},
		{"trace", []string{"trace", fixedTraceID(1)}},
		{"trace-of-run", []string{"trace", "run-4"}},
		{"trace-depth", []string{"trace", fixedTraceID(1), "--depth", "2"}},
		{"trace-content", []string{"trace", fixedTraceID(1), "--content"}},
		{"trace-hostile", []string{"trace", "last", "--content"}},
		{"trace-unknown", []string{"trace", fixedTraceID(99)}},
		{"trace-no-run", []string{"trace", "run-99"}},
		{"runs", []string{"runs"}},
		{"runs-of-session", []string{"runs", "--session", "s-1", "--order", "oldest", "--type", "agent"}},
		{"sessions", []string{"sessions"}},
		{"session", []string{"session", "s-1", "--content"}},
		{"session-unknown", []string{"session", "s-99"}},
		{"usage", []string{"usage"}},
		{"usage-by-day", []string{"usage", "--by", "day"}},
		{"usage-by-agent", []string{"usage", "--by", "agent,model", "--order", "tokens"}},
		{"usage-unpriced", []string{"usage", "--unpriced", "--since", "2026-01-01"}},
		{"query", []string{"query", "{ type = tool } | select(tool:arguments)"}},
		{"query-traces", []string{"query", "{ type = agent } >> { failed }", "--traces"}},
		{"query-wrong", []string{"query", "{ type = tool && faild }"}},
		{"metrics", []string{"metrics", "{ type = llm } | sum_over_time(usage:total)", "--since", "2026-03-14", "--until", "2026-03-16", "--step", "1h"}},
		{"metrics-by-model", []string{"metrics", "{ type = llm } | avg_over_time(duration) by (model:name)", "--since", "2026-03-14", "--until", "2026-03-16", "--step", "1h"}},
		{"metrics-wrong", []string{"metrics", "{ type = llm }"}},
	}
}

// TestCommandsPrintWhatTheyShould compares what the commands print into a pipe, at two
// widths, with golden files; the wider one on both stores.
func TestCommandsPrintWhatTheyShould(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		s := serverWithFixedSpans(t, store)
		widths := []string{"80", "140"}
		if strings.HasPrefix(store, "postgres") {
			widths = widths[1:] // layout does not depend on the store
		}
		for _, width := range widths {
			for _, command := range cliCommands() {
				code, out, err := commandLine(t, s, append(command.args, "--width", width)...)
				mustPrint(t, fmt.Sprintf("%s.%s.golden", command.name, width), code, out, err)
			}
		}
		s.stop()
	})
}

// mustPrint compares what a command printed with a golden file. Nothing in it may be
// for a terminal.
func mustPrint(t *testing.T, name string, code int, stdout, stderr string) {
	t.Helper()
	got := stdout
	if stderr != "" {
		got += "--- standard error\n" + stderr
	}
	got += fmt.Sprintf("--- exit code %d\n", code)
	if strings.ContainsAny(got, "\x1b\t\r\a") {
		t.Errorf("%s has control characters: %q", name, got)
	}
	file := filepath.Join("testdata", "cli", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("not as %s has it (-want +got):\n%s", file, diff)
	}
}

func TestEveryCommandPrintsJSONLines(t *testing.T) {
	t.Parallel()
	s := serverWithFixedSpans(t, newSQLite(t))
	const trace, span, run, session = "Trace", "Span", "Run", "Session"
	for _, test := range []struct {
		args  []string
		lines []string // the kinds of messages
	}{
		{[]string{"traces"}, []string{trace, trace, trace}},
		{[]string{"traces", "-n", "1"}, []string{trace}},
		{[]string{"traces", "--user", "nobody"}, nil},
		{[]string{"trace", fixedTraceID(2)}, []string{trace, span, span}},
		{[]string{"runs", "--session", "s-1"}, []string{run, run, run, run}},
		{[]string{"sessions"}, []string{session, session}},
		{[]string{"session", "s-1"}, []string{session, run, run, run, run}},
		{[]string{"usage"}, []string{"UsageRow", "UsageRow", "UsageRow", "UsageRow"}},
		{[]string{"usage", "--by", "none"}, []string{"UsageRow"}},
		{[]string{"usage", "--unpriced", "--since", "2026-01-01"}, []string{"UnpricedModel"}},
		{[]string{"query", "{ type = tool }"}, []string{span, span}},
		{[]string{"query", "{ type = tool }", "--traces"}, []string{trace, trace}},
		{[]string{"metrics", "{ } | count_over_time() by (type)", "--since", "2026-03-14", "--until", "2026-03-16"}, []string{"Series", "Series", "Series", "Series"}},
	} {
		code, out, complaints := commandLine(t, s, append(test.args, "--json")...)
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		if out == "" {
			lines = nil
		}
		if code != 0 || complaints != "" || len(lines) != len(test.lines) {
			t.Errorf("%v ends with %d and prints %d lines, want %d:\n%s%s", test.args, code, len(lines), len(test.lines), out, complaints)
			continue
		}
		for i, line := range lines {
			if err := protojson.Unmarshal([]byte(line), messageOf(t, test.lines[i])); err != nil {
				t.Errorf("%v: line %d is no %s: %v: %s", test.args, i, test.lines[i], err, line)
			}
		}
	}
	s.stop()
}

func messageOf(t *testing.T, name string) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("agenttrace.v1." + name))
	if err != nil {
		t.Fatal(err)
	}
	return kind.New().Interface()
}

// TestAReaderThatLeavesIsNoError writes into a pipe that nobody reads any more.
func TestAReaderThatLeavesIsNoError(t *testing.T) {
	t.Parallel()
	s := serverWithFixedSpans(t, newSQLite(t))
	for _, args := range [][]string{{"traces"}, {"traces", "--json"}, {"trace", "last"}, {"usage"}, {"version"}} {
		reading, writing, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reading.Close()
		var complaints bytes.Buffer
		cmd := exec.CommandContext(t.Context(), cliBinary, args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = append(environment(), "AGENTTRACE_SERVER="+s.url()), writing, &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%v ends with %v and says %s", args, err, complaints.String())
		}
		writing.Close()
	}
	s.stop()
}

// foldedAround finds a failure between spans that are left out by the thousand.
var foldedAround = regexp.MustCompile(`(?s)⋯ [\d.]+k spans not shown.*✗ RateLimited: too many searches.*⋯ [\d.]+k spans not shown`)

// TestALargeTraceIsFolded draws a trace of thousands of spans, one of which failed.
func TestALargeTraceIsFolded(t *testing.T) {
	t.Parallel()
	size := uint64(30_000)
	if raceEnabled() {
		size = 6_000 // it is its size that costs time then, and shows nothing
	}
	spans := []*agenttracev1.Span{fixedSpan(7, 1, 0, "Loop.run", agentSpan, 0, int(size))}
	for i := uint64(2); i <= size; i++ {
		spans = append(spans, fixedSpan(7, i, 1, "search", toolSpan, int(i), int(i)+1))
	}
	raised(spans[size*2/3], "RateLimited", "too many searches")
	s := startServer(t, "--store="+newSQLite(t), anyPast)
	writeSpans(t, s, spans)
	code, out, complaints := commandLine(t, s, "trace", fixedTraceID(7), "-n", "50")
	if code != 0 || complaints != "" || strings.Count(out, "\n") > 70 {
		t.Errorf("ends with %d, %d lines, and says %s", code, strings.Count(out, "\n"), complaints)
	}
	if !foldedAround.MatchString(out) {
		t.Errorf("the one span that failed is not shown between those that are not:\n%s", out)
	}
	s.stop()
}
