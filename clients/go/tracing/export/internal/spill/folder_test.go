package spill_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"
)

func TestFolderThatIsRemovedIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	mustPut(t, s, "lost", 1)
	removeAll(t, dir)
	mustPut(t, s, "kept", 2)
	e, _ := s.Take()
	if _, err := s.Read(e); !errors.Is(err, spill.ErrDamaged) {
		t.Errorf("error %v, want ErrDamaged for what is gone", err)
	}
	if err := s.Remove(e); err != nil {
		t.Fatal(err)
	}
	other := open(t, dir)
	mustBe(t, "found by another", adopt(t, other), spill.Found{})
	mustClose(t, other)
	mustBe(t, "requests", drain(t, s), "[kept/2]")
	mustClose(t, s)
}

// lockless is a disk whose new folders cannot be locked while it is on.
type lockless struct {
	spill.OS
	on bool
}

func (d *lockless) MakeFolder(name string) error {
	if err := d.OS.MakeFolder(name); err != nil || !d.on {
		return err
	}
	return os.Mkdir(filepath.Join(name, "lock"), 0o700) // where a file should be
}

func TestFolderThatCannotBeMadeAgainIsTriedAgain(t *testing.T) {
	dir, disk := t.TempDir(), &lockless{}
	s, err := spill.Open(dir, destination, 1<<20, disk)
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "lost", 1)
	removeAll(t, dir)
	disk.on = true
	for range 3 {
		if _, err := s.Put([]byte("refused"), 1); err == nil {
			t.Fatal("a request is in a folder that nobody holds")
		}
	}
	disk.on = false
	removeAll(t, dir)
	mustPut(t, s, "kept", 2)
	other := open(t, dir)
	mustBe(t, "found by another", adopt(t, other), spill.Found{})
	mustClose(t, other)
	disk.on = true
	removeAll(t, dir)
	if _, err := s.Put([]byte("refused"), 1); err == nil {
		t.Fatal("a request is in a folder that nobody holds")
	}
	mustClose(t, s)
}

// removeAll removes what is in a folder, as somebody does who cleans up.
func removeAll(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	if err != nil {
		t.Fatal(err)
	}
}
