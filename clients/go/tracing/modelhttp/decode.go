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

// unzipping decompresses in a goroutine of its own, since gzip only reads. It runs
// only while Write or Close waits for it. (A coroutine of iter.Pull would do the
// same, but ends the program where goroutines that are locked to their threads
// read bodies.)
type unzipping struct {
	to     sink
	pieces chan []byte   // closed at the end
	hungry chan struct{} // a piece is used up
	done   chan struct{} // closed when no more is taken
}

func unzip(to sink) *unzipping {
	u := &unzipping{to: to, pieces: make(chan []byte), hungry: make(chan struct{}), done: make(chan struct{})}
	go u.run()
	return u
}

// run ends with the compressed data, or with Close. Whatever goes wrong here, the
// caller's own reading shows it; from then on, what comes is passed over.
func (u *unzipping) run() {
	defer close(u.done)
	reader, err := gzip.NewReader(&reading{from: u})
	if err == nil {
		_, _ = io.Copy(writer{u.to}, reader)
	}
}

func (u *unzipping) Write(p []byte) {
	select {
	case u.pieces <- p:
	case <-u.done:
		return
	}
	select {
	case <-u.hungry:
	case <-u.done:
	}
}

func (u *unzipping) Close() {
	close(u.pieces)
	<-u.done
	u.to.Close()
}

// reading reads what was written.
type reading struct {
	from  *unzipping
	begun bool
	piece []byte // what is left of the last one
}

func (r *reading) Read(p []byte) (int, error) {
	for len(r.piece) == 0 {
		if r.begun {
			r.from.hungry <- struct{}{}
		}
		piece, more := <-r.from.pieces
		if !more {
			return 0, io.EOF
		}
		r.begun, r.piece = true, piece
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
