package modelhttp

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/frame"
)

// sink takes a body in pieces.
type sink interface {
	Write(p []byte)
	Close()
}

// answerBody is a response's body that is observed as the caller reads it.
type answerBody struct {
	io.ReadCloser

	mu        sync.Mutex  // of all below: the context may be done while a piece is read
	stop      func() bool // stops waiting for the context
	call      *call
	sink      sink
	splitter  *frame.Splitter // of an answer
	collector collector       // of an answer
	refused   *refusal        // of an error in its place
	first     time.Duration
	over      bool
}

// Read reads from the body, and looks at what the caller gets.
func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.observe(p[:n])
	}
	switch {
	case errors.Is(err, io.EOF):
		b.finish(nil)
	case err != nil:
		b.finish(err)
	}
	return n, err
}

// Close closes the body and ends the span, whether or not all was read.
func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.finish(errClosed)
	return err
}

// errClosed stands for a caller that has read enough.
var errClosed = errors.New("closed by the caller")

// eventClosed tells on a span that its answer was not read to its end.
const eventClosed = "answer closed before its end"

func (b *answerBody) observe(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return
	}
	b.sink.Write(p)
	if b.first == 0 && b.collector != nil && b.splitter.Streamed() && b.collector.Started() {
		b.first = time.Since(b.call.started)
	}
}

// finish ends the span, once. err says why no more is read: nil at the end of the
// body.
func (b *answerBody) finish(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return
	}
	b.over = true
	if b.stop != nil {
		b.stop()
	}
	b.sink.Close()
	if b.refused != nil {
		b.call.fail(b.refused.failure())
	} else {
		b.answered(err)
	}
	b.call.end()
}

// answered records an answer, as far as it came.
func (b *answerBody) answered(err error) {
	result := b.collector.Result()
	result.TimeToFirstToken = b.first
	b.call.span.SetResult(result)
	switch failure := b.collector.Failed(); {
	case failure != nil:
		b.call.fail(failure)
	case err == nil || b.collector.Finished():
	case errors.Is(err, errClosed):
		b.call.span.Event(eventClosed)
	default:
		b.call.fail(err)
	}
}

// maxRefusal is how much of an error's body is looked at.
const maxRefusal = 64 << 10

// refusal keeps the beginning of what a server says in place of an answer.
type refusal struct {
	status int
	said   []byte
}

func (r *refusal) Write(p []byte) {
	r.said = append(r.said, p[:min(len(p), maxRefusal-len(r.said))]...)
}

func (r *refusal) Close() {}

func (r *refusal) failure() error { return answer.ReadFailure(r.status, r.said) }
