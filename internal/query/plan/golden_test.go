package plan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

var update = flag.Bool("update", false, "write testdata/plans.golden anew")

// TestPlansOfEachKindOfQuery compares with a file that is meant to be read: each
// query in it, in the first column, is followed by its plan.
func TestPlansOfEachKindOfQuery(t *testing.T) {
	path := filepath.Join("testdata", "plans.golden")
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	queries := 0
	for line := range strings.Lines(string(golden)) {
		switch text := strings.TrimSpace(line); {
		case strings.HasPrefix(line, " "):
		case text == "" || strings.HasPrefix(text, "#"):
			got.WriteString(line)
		default:
			q, err := query.Parse(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			queries++
			fmt.Fprintf(&got, "%s\n%v", text, plan.Of(q, otlp.Searchable))
		}
	}
	if queries == 0 {
		t.Fatal("the file has no queries")
	}
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(golden), got.String()); diff != "" {
		t.Errorf("plans changed (go test ./internal/query/plan -update writes the file anew):\n%s", diff)
	}
}
