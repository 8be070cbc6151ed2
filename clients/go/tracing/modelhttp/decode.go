package modelhttp

import (
	"compress/gzip"
	"io"
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

// unzipping decompresses in a goroutine of its own, since gzip only reads. The
// goroutine works while Write or Close waits for it, and never at another time.
type unzipping struct {
	in   *io.PipeWriter
	done chan struct{}
}

func unzip(to sink) *unzipping {
	out, in := io.Pipe()
	u := &unzipping{in: in, done: make(chan struct{})}
	go func() {
		defer close(u.done)
		defer to.Close()
		// Whatever goes wrong here, the caller's own reading shows it; from then on,
		// what comes is passed over.
		defer out.Close()
		reader, err := gzip.NewReader(out)
		if err != nil {
			return
		}
		_, _ = io.Copy(writer{to}, reader)
	}()
	return u
}

func (u *unzipping) Write(p []byte) { _, _ = u.in.Write(p) }

func (u *unzipping) Close() {
	_ = u.in.Close()
	<-u.done
}

// writer makes an io.Writer of a sink.
type writer struct{ sink }

func (w writer) Write(p []byte) (int, error) {
	w.sink.Write(p)
	return len(p), nil
}
