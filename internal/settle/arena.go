package settle

// Content is copied into chunks of this size, so that the copies of a batch of
// small segments take a few allocations, which the next batch uses again.
const (
	chunkBytes = 1 << 20
	keptChunks = 32 // what a worker holds on to between batches
)

// arena holds copies of bytes until it is reset.
type arena struct {
	chunks [][]byte // each as long as what of it is in use
	used   int      // chunks[:used] are in use, but for the room in the last
}

// copyOf returns a copy that is valid until the next reset.
func (a *arena) copyOf(b []byte) []byte {
	if len(b) > chunkBytes/4 {
		return append([]byte(nil), b...) // would leave too much of a chunk unused
	}
	if a.used == 0 || cap(a.chunks[a.used-1])-len(a.chunks[a.used-1]) < len(b) {
		if a.used == len(a.chunks) {
			a.chunks = append(a.chunks, make([]byte, 0, chunkBytes))
		}
		a.used++
	}
	chunk := &a.chunks[a.used-1]
	start := len(*chunk)
	*chunk = append(*chunk, b...)
	return (*chunk)[start:len(*chunk):len(*chunk)]
}

// reset makes all copies invalid.
func (a *arena) reset() {
	if len(a.chunks) > keptChunks {
		clear(a.chunks[keptChunks:])
		a.chunks = a.chunks[:keptChunks]
	}
	for i := range a.chunks {
		a.chunks[i] = a.chunks[i][:0]
	}
	a.used = 0
}
