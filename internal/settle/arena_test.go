package settle

import (
	"bytes"
	"testing"
)

func TestArenaKeepsCopiesUntilItIsReset(t *testing.T) {
	var a arena
	for range 3 {
		var copies [][]byte
		for i := range 5000 {
			b := bytes.Repeat([]byte{byte(i)}, 1+i*37%2000)
			copies = append(copies, a.copyOf(b))
			clear(b)
		}
		for i, c := range copies {
			if want := bytes.Repeat([]byte{byte(i)}, 1+i*37%2000); !bytes.Equal(c, want) {
				t.Fatalf("copy %d of %d bytes was changed", i, len(want))
			}
			_ = append(c, 0xff) // must not reach into the next one
		}
		if !bytes.Equal(copies[1], bytes.Repeat([]byte{1}, 38)) {
			t.Error("a copy was written to through another")
		}
		a.reset()
	}
	if n := len(a.chunks); n > 6 {
		t.Errorf("copies of 5 MB take %d chunks, want them used again", n)
	}
}
