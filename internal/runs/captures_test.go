package runs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/runs"
)

const captureEnding = ".otlp.json"

// captures returns the files with real spans of real Agno runs, which are not part
// of the repository.
func captures(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("AGENTTRACE_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "agno", "captures")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("NO CAPTURES: runs of real spans are not tested. Set AGENTTRACE_CAPTURES to their directory. (%v)", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"+captureEnding))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures in %s: %v", dir, err)
	}
	return files
}

// readCapture returns the spans of a captured request, as a store gives them back.
func readCapture(t *testing.T, file string) []*model.Span {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := otlp.FromJSON(body, otlp.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	spans, err := otlp.DecodeSpans("default", data)
	if err != nil {
		t.Fatal(err)
	}
	return spans
}

func captureName(file string) string { return strings.TrimSuffix(filepath.Base(file), captureEnding) }

// The golden files say what a reader of the trace would. Each was checked by hand
// against the spans.
func TestRunsOfRealTracesAreAsAReaderWouldSay(t *testing.T) {
	for _, file := range captures(t) {
		t.Run(captureName(file), func(t *testing.T) {
			got := show(runs.Of(readCapture(t, file), nil))
			compareGolden(t, filepath.Join("testdata", "captures", captureName(file)+".golden"), got)
		})
	}
}

// A span that says everything in both vocabularies means what it means in one.
func TestBothVocabulariesAtOnceChangeNothing(t *testing.T) {
	shown := map[string]string{}
	for _, file := range captures(t) {
		shown[captureName(file)] = show(runs.Of(readCapture(t, file), nil))
	}
	for _, name := range []string{"agent_tools", "team"} {
		if diff := cmp.Diff(shown[name], shown["genai_"+name]); diff != "" || shown[name] == "" {
			t.Errorf("%s (-one +both):\n%s", name, diff)
		}
	}
}
