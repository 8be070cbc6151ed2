package modelhttp

import (
	"compress/gzip"
	"io"
	"iter"
	"strings"
)

// decoded returns a sink for a body in a content encoding. net/http takes gzip off
// by itself unless the caller asked for it; then the caller gets it as it came,
// and a copy is decompressed here. Of other encodings nothing is seen.
func decoded(to sink, encoding string) sink {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return to
	case "gzip", "x-gzip":
		return unzip(to)
	}
	return ignored{}
}

type ignored struct{}

func (ignored) Write([]byte) {}
func (ignored) Close()       {}

// unzipping decompresses in a coroutine, since gzip only reads: it runs while
// Write or Close waits for it, up to where it needs more, and never at another
// time.
type unzipping struct {
	to    sink
	piece []byte
	ended bool
	more  func() (struct{}, bool) // goes on until more is needed; false when all is done
	stop  func()
}

func unzip(to sink) *unzipping {
	u := &unzipping{to: to}
	u.more, u.stop = iter.Pull(func(yield func(struct{}) bool) {
		// Whatever goes wrong here, the caller's own reading shows it; from then on,
		// what comes is passed over.
		reader, err := gzip.NewReader(&pieces{u, yield})
		if err == nil {
			_, _ = io.Copy(writer{to}, reader)
		}
	})
	return u
}

func (u *unzipping) Write(p []byte) {
	u.piece = p
	u.more()
	u.piece = nil
}

func (u *unzipping) Close() {
	u.ended = true
	u.more()
	u.stop()
	u.to.Close()
}

// pieces reads what was written, and waits for more by yielding.
type pieces struct {
	*unzipping
	yield func(struct{}) bool
}

func (r *pieces) Read(p []byte) (int, error) {
	for len(r.piece) == 0 {
		if r.ended || !r.yield(struct{}{}) {
			return 0, io.EOF
		}
	}
	n := copy(p, r.piece)
	r.piece = r.piece[n:]
	return n, nil
}

// writer makes an io.Writer of a sink.
type writer struct{ sink }

func (w writer) Write(p []byte) (int, error) {
	w.sink.Write(p)
	return len(p), nil
}
