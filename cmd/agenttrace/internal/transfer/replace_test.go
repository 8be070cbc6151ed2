package transfer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"
)

func TestFilesAreNeitherReplacedNorMixedUp(t *testing.T) {
	s := &server{traces: []stored{{id: 1, starts: []int64{5}}, {id: 2, starts: []int64{4}}, {id: 3, starts: []int64{3}}}}
	x := s.export(otlpfile.Format{}, ticking())
	x.Passing = func(error) bool { return false }
	path := filepath.Join(t.TempDir(), "out")
	file := func(resume, replace bool, want string) bool {
		t.Helper()
		_, complete, err := x.File(t.Context(), path, resume, replace)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("have %v, want %q", err, want)
		}
		return complete
	}
	file(false, false, "")
	file(false, false, "is there already; --force replaces it")
	if !file(true, false, "") {
		t.Error("a whole file is not seen to be complete")
	}
	s.breaks = []int{2}
	file(false, true, errGone.Error())
	mustHold(t, path, s.traces) // the old file stays until the new one is whole
	file(false, false, "--resume goes on with it")
	x.Asked = "everything"
	file(true, false, "was begun with another question (failed, as otlp; now everything, as otlp)")
	x.Asked, x.Format = "failed", otlpfile.Format{JSON: true}
	file(true, false, "now failed, as jsonl")
	x.Format = otlpfile.Format{}
	if err := os.Truncate(partOf(path), 3); err != nil {
		t.Fatal(err)
	}
	file(true, false, "it has been changed")
	file(false, true, "")
	mustHold(t, path, s.traces)
}

// TestAnEmptyStateIsNone begins anew where a machine died before the state was on
// its disk.
func TestAnEmptyStateIsNone(t *testing.T) {
	s := &server{traces: []stored{{id: 1, starts: []int64{5}}, {id: 2, starts: []int64{4}}}}
	path := filepath.Join(t.TempDir(), "out")
	for name, holds := range map[string]string{partOf(path): "torn", markOf(path): ""} {
		if err := os.WriteFile(name, []byte(holds), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, complete, err := s.export(otlpfile.Format{}, ticking()).File(t.Context(), path, true, false); complete || err != nil {
		t.Fatal(complete, err)
	}
	mustHold(t, path, s.traces)
}

func TestWhatIsNoRegularFileIsNotReplaced(t *testing.T) {
	s := &server{traces: []stored{{id: 1, starts: []int64{5}}}}
	path := filepath.Join(t.TempDir(), "device")
	if err := os.Symlink(os.DevNull, path); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, t.TempDir()} {
		for _, replace := range []bool{false, true} {
			if _, _, err := s.export(otlpfile.Format{}, ticking()).File(t.Context(), name, false, replace); err == nil || !strings.Contains(err.Error(), "is no regular file") {
				t.Errorf("%s, replace %v: %v", name, replace, err)
			}
		}
	}
}
