package modelhttp

import (
	"io"
	"net/http"
	"sync"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/cut"
)

// request holds what is kept of a request's body as it is being sent. It never
// reads the body itself: bodies that can be read but once are not used up, and
// those that share their bytes with GetBody, as in some SDKs, are not moved on.
type request struct {
	mu      sync.Mutex
	cutter  *cut.Cutter
	current *sentBody // what is sent now; an earlier attempt may still be read
	over    bool      // nothing more is kept
}

// watchRequest makes r tell of its body as it is read. r is changed: it must be a
// copy of the caller's.
func watchRequest(r *http.Request, limits cut.Limits) *request {
	w := &request{cutter: cut.New(limits)}
	if r.Body == nil || r.Body == http.NoBody || r.Header.Get("Content-Encoding") != "" {
		return w
	}
	r.Body = w.begin(r.Body)
	if again := r.GetBody; again != nil {
		r.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			return w.begin(body), nil
		}
	}
	return w
}

// begin starts from the beginning with a body.
func (w *request) begin(body io.ReadCloser) io.ReadCloser {
	sent := &sentBody{ReadCloser: body, request: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over {
		w.cutter.Reset()
		w.current = sent
	}
	return sent
}

// body returns what was sent so far, as complete JSON. Nothing is kept of what is
// sent later.
func (w *request) body() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current, w.over = nil, true
	return w.cutter.Finish()
}

type sentBody struct {
	io.ReadCloser
	request *request
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.request.mu.Lock()
		defer b.request.mu.Unlock()
		if b.request.current == b {
			b.request.cutter.Write(p[:n])
		}
	}
	return n, err
}
