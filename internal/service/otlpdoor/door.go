package otlpdoor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"

	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/service/compress"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/intake"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// Config says how the doors work. Every field is needed.
type Config struct {
	Intake   *intake.Intake
	Faults   *fault.Mapper
	Decoders *compress.Decoders

	MaxMessageBytes  int           // of a message, before and after decompression
	MaxInflightBytes int           // of all messages that are being read or stored
	Timeout          time.Duration // from the first byte of a request to its commit
}

// Door takes OTLP requests.
type Door struct {
	Config
	budget  budget
	buffers bufferPool
}

// New returns a door.
func New(c Config) *Door {
	return &Door{Config: c, budget: budget{limit: int64(c.MaxInflightBytes)}}
}

// export stores the spans of body and returns the answer to its sender.
func (d *Door) export(ctx context.Context, header http.Header, body []byte) (*collector.ExportTraceServiceResponse, error) {
	ctx, err := tenant.WithProject(ctx, header)
	if err != nil {
		return nil, err
	}
	out, err := d.Intake.Write(ctx, tenant.Project(ctx), body)
	if err != nil {
		return nil, err
	}
	answer := &collector.ExportTraceServiceResponse{}
	if out.RejectedCount > 0 {
		answer.PartialSuccess = &collector.ExportTracePartialSuccess{
			RejectedSpans: int64(out.RejectedCount),
			ErrorMessage:  out.Message(),
		}
	}
	return answer, nil
}

// limitTime bounds how long a request may take, from the first byte of its body
// to its commit. Without it a client that sends nothing more would hold what it
// has sent for ever.
func (d *Door) limitTime(r *http.Request, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), min(timeout, d.Timeout))
}

// interruptible runs read, which reads the body, and makes it fail when ctx ends.
// A deadline on the connection would say the same, but would have to be taken off
// again, since the server watches the connection while the spans are stored; over
// HTTP/2, each of the two is a message to the connection's own goroutine.
func interruptible(ctx context.Context, w http.ResponseWriter, read func() error) error {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		// Writers that know no deadlines (in tests) are left without one.
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			<-interrupted // before w and its connection serve another request
		}
	}()
	return read()
}

// readFailure says why a body could not be read.
func (d *Door) readFailure(ctx context.Context, src *source, err error) error {
	switch {
	case errors.Is(err, errBusy):
		return busy()
	case errors.Is(err, errTooLarge):
		return d.tooLarge()
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(src.err, os.ErrDeadlineExceeded):
		return context.DeadlineExceeded
	case src.err == nil || errors.Is(src.err, io.EOF):
		// The client sent all it wanted: what it sent is wrong.
		return fmt.Errorf("%w: %w", otlp.ErrMalformed, err)
	case errors.Is(src.err, io.ErrUnexpectedEOF):
		return fault.Invalid("the body ends before its announced end")
	default:
		// The connection broke. Nobody will read the answer.
		return context.Canceled
	}
}

func busy() error {
	return fault.Retry(connect.CodeResourceExhausted,
		"the server is reading as many requests as it has memory for; try again", time.Second)
}

func (d *Door) tooLarge() error {
	return fault.WithReason(connect.CodeResourceExhausted, fault.ReasonMessageTooLarge,
		fmt.Sprintf("the message has more than %d bytes; send fewer spans at once", d.MaxMessageBytes),
		map[string]string{"max_message_bytes": fmt.Sprint(d.MaxMessageBytes)})
}
