//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// TestWhatIsExportedIsImportedEqually moves traces from one server to another
// with another store, and back, in every format.
func TestWhatIsExportedIsImportedEqually(t *testing.T) {
	t.Parallel()
	a, b := startServer(t, "--store="+newSQLite(t)), startServer(t, "--store="+pgtest.Database(t))
	tell(t, 40).send(t, a)
	sender := newSender(seed(t), 8)
	odd := sender.newTrace()
	mustStore(t, exportGRPC(t.Context(), newClient(t), a.url(), "default", encode(t, requestOf(sender.span(odd), sender.span(odd)))))
	m := movingAt(t, a)
	m.run(0, "export", "-o", "0.otlp")
	want, meaning := m.bytesOf("0.otlp"), m.meaningOf("0.otlp")
	from := "0.otlp"
	// What JSON has passed need not have its fields in the same order.
	for i, to := range []string{"1.otlp.zst", "2.jsonl", "3.jsonl.zst", "4.otlp"} {
		there := []string{"--server", b.url(), "--project", to}
		if i%2 == 1 {
			there[1] = a.url()
		}
		m.run(0, append([]string{"import", from}, there...)...)
		if i == 0 {
			m.run(0, append([]string{"import", from}, there...)...) // twice is as good as once
		}
		out, _ := m.run(0, append([]string{"export", "-o", to}, there...)...)
		if want := fmt.Sprintf("Exported 41 traces, %d spans, ", len(want)); !strings.HasPrefix(out, want) {
			t.Errorf("have %q, want %q…", out, want)
		}
		if i == 0 && !slices.Equal(want, m.bytesOf(to)) {
			t.Errorf("%s: the spans are not byte for byte the same", to)
		}
		if !slices.Equal(meaning, m.meaningOf(to)) {
			t.Errorf("%s: the spans do not say the same", to)
		}
		from = to
	}
	pipe := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", `"$0" export | "$0" import - --server "$1" --project piped`, cliBinary, b.url())
	pipe.Env = append(environment(), "AGENTTRACE_SERVER="+a.url())
	if out, err := pipe.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	m.run(0, "export", "--server", b.url(), "--project", "piped", "-o", "piped.otlp")
	if !slices.Equal(want, m.bytesOf("piped.otlp")) {
		t.Error("the spans that went through a pipe are not byte for byte the same")
	}
	a.stop()
	b.stop()
}

func TestExportsAreByQueryAndFields(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--store="+newSQLite(t))
	all := tell(t, 60)
	all.send(t, s)
	const query = "{ failed }"
	_, traces := all.selected(t, query)
	m := movingAt(t, s)
	m.run(0, "export", "-q", query, "-o", "found.jsonl")
	got := map[string]bool{}
	for _, data := range m.bytesOf("found.jsonl") {
		got[fmt.Sprintf("%x", m.parsed(data).GetScopeSpans()[0].GetSpans()[0].GetTraceId())] = true
	}
	for _, id := range traces {
		if !got[id] {
			t.Errorf("trace %s is not exported", id)
		}
	}
	if len(got) != len(traces) || len(traces) == 0 || len(traces) == 60 {
		t.Errorf("%d traces exported, want %d of 60", len(got), len(traces))
	}
	if out, _ := m.run(0, "export", "--user", "nobody", "-o", "none.otlp"); !strings.HasPrefix(out, "Exported 0 traces, 0 spans, 0 B") {
		t.Error(out)
	}
	m.run(0, "import", "none.otlp")
	_, complaint := m.run(2, "export", "-q", "{ typ = 1 }", "-o", "wrong.otlp")
	if left, err := filepath.Glob(filepath.Join(m.dir, "wrong*")); !strings.Contains(complaint, "type") || len(left) > 0 || err != nil {
		t.Errorf("%s, and %v is left, %v", complaint, left, err)
	}
	s.stop()
}

// TestAnExportThatIsKilledGoesOn kills the program in the middle of an export,
// twice.
func TestAnExportThatIsKilledGoesOn(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		s := startServer(t, "--store="+store)
		bulk(t, s)
		m := movingAt(t, s)
		m.run(0, "export", "-o", "whole.otlp")
		l := newLine(t, s)
		slow := moving{t, m.dir, "http://" + l.listener.Addr().String()}
		file := "killed.otlp"
		if !strings.HasPrefix(store, "sqlite:") {
			file = "killed.jsonl.zst"
		}
		slow.kill(l, 8<<20, file+".part.state", "export", "-o", file, "--resume")
		slow.kill(l, 5<<20, file+".part.state", "export", "-o", file, "--resume")
		if _, complaint := slow.run(1, "export", "-o", file); !strings.Contains(complaint, "--resume goes on with it") {
			t.Error(complaint)
		}
		out, _ := slow.run(0, "export", "-o", file, "--resume")
		if want := fmt.Sprintf("Exported %d traces, %d spans, ", bulkTraces, 2*bulkTraces); !strings.HasPrefix(out, want) {
			t.Errorf("have %q, want %q…", out, want)
		}
		if !slices.Equal(m.meaningOf("whole.otlp"), m.meaningOf(file)) {
			t.Error("spans are lost or there twice")
		}
		s.stop()
	})
}

// TestAnImportThatIsKilledGoesOn kills the program in the middle of an import.
func TestAnImportThatIsKilledGoesOn(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--store="+newSQLite(t))
	bulk(t, s)
	m := movingAt(t, s)
	m.run(0, "export", "-o", "whole.otlp")
	l := newLine(t, s)
	slow := moving{t, m.dir, "http://" + l.listener.Addr().String()}
	into := []string{"import", "whole.otlp", "--project", "copy", "--resume", "state"}
	slow.kill(l, 300, "whole.otlp", into...) // after an answer or two
	slow.run(0, into...)
	if _, notes := slow.run(0, into...); !strings.Contains(notes, "1 source had been imported before") {
		t.Error(notes)
	}
	m.run(0, "export", "--project", "copy", "-o", "copy.otlp")
	if !slices.Equal(m.bytesOf("whole.otlp"), m.bytesOf("copy.otlp")) {
		t.Error("the copy is another")
	}
	s.stop()
	if _, complaint := m.run(4, "export", "-o", "more.otlp"); !strings.Contains(complaint, "no server at "+s.url()) {
		t.Error(complaint)
	}
}

func TestImportsSayWhatTheServerRefuses(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--store="+newSQLite(t), "--max-past=1d")
	m := movingAt(t, s)
	const span = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708",` +
		`"name":"n","startTimeUnixNano":"1577836800000000000","endTimeUnixNano":"1577836800000000001"}]}]}]}`
	m.write("old.jsonl", span+"\n")
	out, complaint := m.run(1, "import", "old.jsonl")
	for _, want := range []string{"1 span rejected:", "start_time 2020-01-01T00:00:00Z is older than the", "--max-past=3650d"} {
		if !strings.Contains(complaint, want) {
			t.Errorf("%q is not in %s", want, complaint)
		}
	}
	if !strings.HasPrefix(out, "Imported 0 spans") {
		t.Error(out)
	}
	m.write("torn.jsonl", span[:100])
	if _, complaint := m.run(1, "import", "torn.jsonl", "torn.jsonl"); strings.Count(complaint, "torn.jsonl: line 1, byte 0: the file ends in the middle of the object that begins here") != 2 {
		t.Error(complaint)
	}
	if out, _ := m.run(0, "import", "--dry-run", "old.jsonl", "--json"); !strings.Contains(out, `"spans":1`) {
		t.Error(out)
	}
	for _, wrong := range [][]string{
		{"import"}, {"import", "old.jsonl", "--agno", "sqlite:x"}, {"import", "old.jsonl", "--since", "2d"}, {"import", "-", "--resume", "x"},
		{"export", "-o", "x.txt"}, {"export", "--resume"}, {"export", "-o", "x.otlp", "--resume", "--force"}, {"export", "--format", "xml"},
	} {
		m.run(2, wrong...)
	}
	s.stop()
}

// TestMovingPrintsWhatItShould compares what export and import print, at two
// widths and on both stores, with golden files.
func TestMovingPrintsWhatItShould(t *testing.T) {
	t.Parallel()
	const span = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"n","startTimeUnixNano":"1773500966000000000"}]}]}]}`
	commands := []struct {
		name string
		args []string
	}{
		{"export", []string{"export", "-o", "all.otlp"}},
		{"export-json", []string{"export", "-o", "all.otlp", "--force", "--json"}},
		{"export-jsonl", []string{"export", "--name", "nothing", "--format", "jsonl"}},
		{"export-there", []string{"export", "-o", "all.otlp"}},
		{"export-complete", []string{"export", "-o", "all.otlp", "--resume"}},
		{"export-no-format", []string{"export", "-o", "all"}},
		{"import", []string{"import", "all.otlp", "--project", "copy"}},
		{"import-dry-run", []string{"import", "all.otlp", "--dry-run", "--json"}},
		{"import-rejected", []string{"import", "bad.jsonl"}},
		{"import-damaged", []string{"import", "torn.jsonl", "--project", "torn"}},
		{"import-nothing", []string{"import"}},
	}
	eachStore(t, func(t *testing.T, store string) {
		s := serverWithFixedSpans(t, store)
		for _, width := range []string{"80", "140"} {
			m := movingAt(t, s)
			m.write("bad.jsonl", strings.Replace(span, "0102030405060708090a0b0c0d0e0f10", "0102", 1))
			m.write("torn.jsonl", span+"\n"+span[:90])
			for _, command := range commands {
				cmd, out, complaints := m.command(append(command.args, "--width", width)...)
				_ = cmd.Run() // the exit code is in the golden file
				mustPrint(t, fmt.Sprintf("%s.%s.golden", command.name, width), cmd.ProcessState.ExitCode(), out.String(), complaints.String())
			}
		}
		s.stop()
	})
}
