package modelhttp

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/frame"
)

// call is one call that is being recorded. Its methods are not safe for concurrent
// use; answerBody sees to that.
type call struct {
	format    format
	span      tracing.ModelSpan
	started   time.Time
	known     tracing.ModelCall
	request   *request
	secrets   []string
	maxAnswer int
	ended     bool
}

// leastDocument is how much of one document is looked at, however little is
// recorded: what was used is told at its end, behind instructions and tools that
// some APIs repeat.
const leastDocument = 2 << 20

// watch makes the response tell of its body as it is read.
func (c *call) watch(ctx context.Context, response *http.Response) {
	c.span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	body := &answerBody{ReadCloser: response.Body, call: c}
	var sink sink
	if response.StatusCode >= http.StatusBadRequest {
		body.refused = &refusal{status: response.StatusCode}
		sink = body.refused
	} else {
		body.collector = c.format.collect(c.maxAnswer)
		body.splitter = frame.New(c.format.limits(c.maxAnswer, max(2*c.maxAnswer, leastDocument)), body.collector.Document)
		sink = body.splitter
	}
	body.sink = decoded(sink, response.Header.Get("Content-Encoding"))
	if response.Body == nil || response.Body == http.NoBody {
		body.finish(nil)
		return
	}
	response.Body = body
	body.mu.Lock() // the context may be done already
	defer body.mu.Unlock()
	body.stop = context.AfterFunc(ctx, func() { body.finish(context.Cause(ctx)) })
}

// fail records why the call failed, without its secrets.
func (c *call) fail(err error) {
	c.span.Fail(withoutSecrets(err, c.secrets))
}

// end records what was asked, and ends the span.
func (c *call) end() {
	if c.ended {
		return
	}
	c.ended = true
	if body := c.request.body(); body != nil {
		asked := c.format.call(body)
		asked.Operation, asked.Provider = c.known.Operation, c.known.Provider
		if asked.Model == "" {
			asked.Model = c.known.Model
		}
		c.span.SetCall(asked)
	}
	c.span.End()
}
