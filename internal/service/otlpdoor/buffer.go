package otlpdoor

import (
	"errors"
	"io"
	"math/bits"
	"sync"
	"sync/atomic"
)

var (
	errTooLarge = errors.New("more bytes than allowed")
	errBusy     = errors.New("no memory left in the budget")
)

const (
	// firstBytes is what a body gets before its first byte has come.
	firstBytes = 64 << 10
	// keptBytes is the largest buffer that is kept for another request: a rare
	// giant should not stay for good. All that are kept take at most poolBytes, and an
	// eighth of the budget: they count when they are used again, for however little.
	keptBytes = 4 << 20
	poolBytes = 32 << 20
)

// budget is the memory that all requests in flight may hold.
type budget struct {
	limit int64
	used  atomic.Int64
}

func (b *budget) take(n int) bool {
	if b.used.Add(int64(n)) <= b.limit {
		return true
	}
	b.used.Add(-int64(n))
	return false
}

func (b *budget) giveBack(n int) { b.used.Add(-int64(n)) }

// keeps is how many bytes may be kept while no request holds them.
func (b *budget) keeps() int { return int(min(b.limit/8, poolBytes)) }

// bufferPool keeps buffers for the next requests. It is no sync.Pool: a garbage
// collector that runs several times a second under load would empty it as often, and
// growing a buffer anew is most of what reading a body costs.
type bufferPool struct {
	mu    sync.Mutex
	kept  [][]byte
	bytes int // of all kept
}

func (p *bufferPool) take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.kept) - 1
	if last < 0 {
		return nil
	}
	data := p.kept[last]
	p.kept[last], p.kept = nil, p.kept[:last]
	p.bytes -= cap(data)
	return data
}

// keep keeps data, as far as the budget lets it.
func (p *bufferPool) keep(data []byte, b *budget) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if size := cap(data); size > 0 && size <= keptBytes && p.bytes+size <= b.keeps() {
		p.kept = append(p.kept, data[:0])
		p.bytes += size
	}
}

// buffer holds the body of one request, and counts against a budget.
type buffer struct {
	data   []byte
	held   int
	budget *budget
	pool   *bufferPool
}

// open returns an empty buffer. It must be closed.
func (p *bufferPool) open(b *budget) *buffer {
	buf := &buffer{budget: b, pool: p}
	if kept := p.take(); b.take(cap(kept)) {
		buf.data, buf.held = kept, cap(kept)
	} else {
		p.keep(kept, b)
	}
	return buf
}

// close gives the memory back. When something may still read it, reuse must be
// false: then it is left to the garbage collector.
func (b *buffer) close(reuse bool) {
	b.budget.giveBack(b.held)
	if reuse {
		b.pool.keep(b.data, b.budget)
	}
	b.data, b.held = nil, 0
}

// replace puts data, for which so many bytes were taken from the budget, in the
// place of what the buffer has, and keeps that for another request. Nothing may
// read it any more.
func (b *buffer) replace(data []byte, taken int) {
	b.close(true)
	b.data, b.held = data, taken
}

// fill reads src to its end. More than limit bytes are errTooLarge; errBusy
// says that the budget is used up. The buffer grows as bytes come, up to what
// is expected (0 where that is not known) and not much more.
func (b *buffer) fill(src io.Reader, limit, expected int) error {
	for {
		if len(b.data) == cap(b.data) || len(b.data) > limit {
			if len(b.data) > limit {
				return errTooLarge
			}
			if err := b.grow(limit, expected); err != nil {
				return err
			}
		}
		n, err := src.Read(b.data[len(b.data):min(cap(b.data), limit+1)])
		b.data = b.data[:len(b.data)+n]
		if err == io.EOF {
			if len(b.data) > limit {
				return errTooLarge
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// grow doubles the buffer. It always leaves room for one byte behind the body,
// so that its end can be seen.
func (b *buffer) grow(limit, expected int) error {
	size := max(firstBytes, 2*cap(b.data))
	if size >= limit {
		size = limit + 1 // not just below it: the next step would be for one byte
	}
	if expected > 0 && expected <= limit && expected < size && expected >= len(b.data) {
		size = min(rounded(expected+1), size)
	}
	size = max(size, len(b.data)+1)
	if !b.budget.take(size - b.held) {
		return errBusy
	}
	b.held = size
	grown := make([]byte, len(b.data), size)
	copy(grown, b.data)
	b.data = grown
	return nil
}

// rounded returns a size that is at most an eighth larger: bodies of about the same
// length then fit the memory that was kept of each other.
func rounded(size int) int {
	step := max(1, 1<<bits.Len(uint(size))>>4)
	return (size + step - 1) / step * step
}

// source is a request's body that remembers how reading it ended, so that a
// broken connection can be told from a body that does not decompress.
type source struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil {
		s.err = err
	}
	return n, err
}
