package draw_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

var update = flag.Bool("update", false, "write the golden files anew")

// widths are those at which everything is drawn.
var widths = [...]int{80, 140}

// mustLookLike compares lines with a golden file for their width, after it made sure
// that they fit.
func mustLookLike(t *testing.T, name string, width int, lines []shell.Line) {
	t.Helper()
	mustBeHarmless(t, width, lines)
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line.Render(false) + "\n")
	}
	file := filepath.Join("testdata", fmt.Sprintf("%s.%d.golden", name, width))
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s is not as %s has it (-want +got):\n%s", name, file, diff)
	}
}

// tester is what tests and properties have in common.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
}

// mustBeHarmless demands that no line is wider than the width, and that nothing in it
// is for the terminal but colours, and these only where they are wanted.
func mustBeHarmless(t tester, width int, lines []shell.Line) {
	t.Helper()
	for i, line := range lines {
		if got := line.Width(); got > width {
			t.Errorf("line %d is %d columns wide, more than %d: %q", i, got, width, line.Render(false))
		}
		for _, text := range []string{line.Render(false), sgr.ReplaceAllString(line.Render(true), "")} {
			if bad := strings.IndexFunc(text, isControl); bad >= 0 {
				t.Errorf("line %d has a control character at %d: %q", i, bad, text)
			}
		}
	}
}
