package service

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// errDraining is why a stream ended before its time.
var errDraining = errors.New("the server is stopping")

// drainGrace is how long the client of a stream may take, once the server is
// stopping, to read what is being written to it.
const drainGrace = 2 * time.Second

// stallGuard ends answers that nobody reads. A stream holds memory, and in
// some stores a connection, while its client takes what is there; one that takes
// nothing would hold them for ever.
type stallGuard struct {
	next    http.Handler
	timeout time.Duration
	// draining ends the answer, wherever it is, when it is closed. It is nil for
	// answers that are waited for: those that are not streams.
	draining <-chan struct{}
}

// ServeHTTP implements http.Handler.
func (g *stallGuard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guarded := &guardedWriter{ResponseWriter: w, control: http.NewResponseController(w), timeout: g.timeout}
	// HTTP/1.1 uses the connection for the next request, which has its own time.
	defer func() { _ = guarded.control.SetWriteDeadline(time.Time{}) }()
	if g.draining != nil {
		ctx, release := g.untilDraining(r.Context(), guarded)
		defer release()
		r = r.WithContext(ctx)
	}
	g.next.ServeHTTP(guarded, r)
}

// untilDraining returns a context that ends when the server begins to stop; w
// hurries from then on. Release returns when nothing touches w any more.
func (g *stallGuard) untilDraining(ctx context.Context, w *guardedWriter) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-g.draining:
			cancel(errDraining)
			w.hurry()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel(nil)
		watch.Wait()
	}
}

// guardedWriter sets a deadline before each write, and takes it back after a
// flush: the time in which there is nothing to write is the server's own.
// Writers that know no deadlines (in tests) work without.
type guardedWriter struct {
	http.ResponseWriter
	control *http.ResponseController

	mu       sync.Mutex
	timeout  time.Duration
	hurrying bool
}

// hurry leaves little time for the write under way, and for all that follow.
func (w *guardedWriter) hurry() {
	w.mu.Lock()
	w.timeout, w.hurrying = min(w.timeout, drainGrace), true
	w.mu.Unlock()
	w.extend()
}

// release takes the deadline back, unless everything has to end soon.
func (w *guardedWriter) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.hurrying {
		_ = w.control.SetWriteDeadline(time.Time{})
	}
}

// extend gives the client time from now on.
func (w *guardedWriter) extend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.control.SetWriteDeadline(time.Now().Add(w.timeout))
}

// Write implements io.Writer.
func (w *guardedWriter) Write(p []byte) (int, error) {
	w.extend()
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher, which Connect asks for.
func (w *guardedWriter) Flush() {
	w.extend()
	_ = w.control.Flush() // Connect has no place for the error; the next write has it again
	w.release()
}

// Unwrap lets http.ResponseController find the connection.
func (w *guardedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
