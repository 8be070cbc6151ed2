package service

import (
	"net/http"
	"time"
)

// stallGuard ends answers that nobody reads. A stream holds a connection of the
// database while its client takes what is there; one that takes nothing would
// hold it for ever.
type stallGuard struct {
	next    http.Handler
	timeout time.Duration
}

// ServeHTTP implements http.Handler.
func (g *stallGuard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guarded := &guardedWriter{ResponseWriter: w, control: http.NewResponseController(w), timeout: g.timeout}
	g.next.ServeHTTP(guarded, r)
	// HTTP/1.1 uses the connection for the next request, which has its own time.
	_ = guarded.control.SetWriteDeadline(time.Time{})
}

// guardedWriter sets a deadline before each write. Writers that know none (in
// tests) work without.
type guardedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

// Write implements io.Writer.
func (w *guardedWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.timeout))
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher, which Connect asks for.
func (w *guardedWriter) Flush() {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.timeout))
	_ = w.control.Flush() // Connect has no place for the error; the next write has it again
}

// Unwrap lets http.ResponseController find the connection.
func (w *guardedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
