package otlpdoor

import (
	"bytes"
	"testing"
)

// TestBodiesOfAboutTheSameLengthShareMemory reads bodies one after the other, each a
// little longer, as one process sends them.
func TestBodiesOfAboutTheSameLengthShareMemory(t *testing.T) {
	const limit, shortest, longest = 64 << 20, 1_200_000, 1_300_000
	pool, b := new(bufferPool), &budget{limit: limit}
	memory := map[*byte]bool{}
	for n := shortest; n <= longest; n += 10_000 {
		buf := pool.open(b)
		if err := buf.fill(bytes.NewReader(make([]byte, n)), limit, n); err != nil {
			t.Fatal(err)
		}
		if len(buf.data) != n || buf.held > n+n/8 {
			t.Errorf("%d bytes are held of %d for a body of %d", buf.held, len(buf.data), n)
		}
		memory[&buf.data[0]] = true
		buf.close(true)
	}
	if len(memory) > 1 {
		t.Errorf("%d pieces of memory for bodies of %d to %d bytes", len(memory), shortest, longest)
	}
	if used := b.used.Load(); used != 0 {
		t.Errorf("%d bytes of the budget are not given back", used)
	}
}

func TestPoolKeepsSoMuchAndNoGiants(t *testing.T) {
	pool, ample, small := new(bufferPool), &budget{limit: 1 << 40}, &budget{limit: 8 * poolBytes / 2}
	pool.keep(make([]byte, keptBytes+1), ample)
	pool.keep(nil, ample)
	for range poolBytes/keptBytes + 3 {
		pool.keep(make([]byte, keptBytes), ample)
	}
	if len(pool.kept) != poolBytes/keptBytes || pool.bytes != poolBytes {
		t.Errorf("%d buffers of %d bytes are kept, want %d of %d", len(pool.kept), pool.bytes, poolBytes/keptBytes, poolBytes)
	}
	pool.take()
	if pool.keep(make([]byte, keptBytes), small); len(pool.kept) != poolBytes/keptBytes-1 {
		t.Error("more is kept than a smaller budget allows")
	}
	for range poolBytes/keptBytes - 1 {
		if cap(pool.take()) != keptBytes {
			t.Error("a buffer of another size was kept")
		}
	}
	if pool.take() != nil || pool.bytes != 0 {
		t.Errorf("%d bytes are left in an empty pool", pool.bytes)
	}
}
