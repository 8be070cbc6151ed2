package sqlite_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// TestPagesLeaveTheLogWhileSpansAreWritten writes so much that the log has to begin
// anew, and sees pages in the file long before.
func TestPagesLeaveTheLogWhileSpansAreWritten(t *testing.T) {
	const mega, content = 1 << 20, 64 << 10
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	store := open(t, path)
	size := func(file string) int64 {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	random := rand.NewChaCha8([32]byte{1})
	written := 0
	writeUpTo := func(spans int) {
		for written < spans {
			var records []model.Record
			for range 10 {
				written++
				one := record(random.Uint64()|1, uint64(written), int64(random.Uint64()>>2))
				one.Raw = make([]byte, content) // what is random cannot be compressed
				if _, err := random.Read(one.Raw); err != nil {
					t.Fatal(err)
				}
				records = append(records, one)
			}
			mustWrite(t, store, records...)
		}
	}
	writeUpTo(40 * mega / content) // which is less than makes the writer move pages itself
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); size(path) < 8*mega; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the log has %d bytes, and the file only %d", size(path+"-wal"), size(path))
		}
	}
	writeUpTo(140 * mega / content)
	if log := size(path + "-wal"); log > 80*mega {
		t.Errorf("the log has %d bytes", log)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if file := size(path); file < 140*mega {
		t.Errorf("the file has %d bytes in the end", file)
	}
}
