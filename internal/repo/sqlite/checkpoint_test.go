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
	const mega = 1 << 20
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	store := open(t, path)
	size := func(file string) int64 {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	r := rand.NewChaCha8([32]byte{1})
	spans := uint64(0)
	writeMore := func() {
		var records []model.Record
		for range 100 {
			spans++
			content := make([]byte, 8<<10) // as it cannot be compressed, it is two pages
			if _, err := r.Read(content); err != nil {
				t.Fatal(err)
			}
			one := record(r.Uint64()|1, spans, int64(r.Uint64()>>2))
			one.Raw = content
			records = append(records, one)
		}
		mustWrite(t, store, records...)
	}
	for size(path+"-wal") < 40*mega {
		writeMore()
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); size(path) < 8*mega; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the log has %d bytes, and the file only %d", size(path+"-wal"), size(path))
		}
	}
	for spans < 12_000 {
		writeMore()
	}
	if log := size(path + "-wal"); log > 80*mega {
		t.Errorf("the log has %d bytes", log)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if file := size(path); file < 12_000*(8<<10) {
		t.Errorf("the file has %d bytes in the end", file)
	}
}
