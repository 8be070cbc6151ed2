package runs_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/runs"
)

var update = flag.Bool("update", false, "write golden files anew")

// compareGolden compares with a file that is meant to be read.
func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("runs changed (go test ./internal/runs -update writes the file anew):\n%s", diff)
	}
}

// separator stands between a trace and its runs.
const separator = "\n---\n"

// TestRunsOfTracesInEveryShape reads files of a trace and its runs each.
func TestRunsOfTracesInEveryShape(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "shapes", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			trace, _, _ := strings.Cut(string(text), separator)
			compareGolden(t, file, trace+separator+showAll(runs.Of(read(t, trace), prices{})))
		})
	}
}
