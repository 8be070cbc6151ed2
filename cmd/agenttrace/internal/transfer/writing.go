package transfer

import (
	"context"
	"io"
	"time"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"
)

// writing is one stream of the server's on its way into a file.
type writing struct {
	x        *Export
	out      *otlpfile.Writer
	request  *agenttracev1.ExportTracesRequest
	limit    int64           // of traces that are still wanted; 0 for all
	skip     map[string]bool // traces that have been written before
	before   Exported        // what has been
	now      Exported        // what is, beside it
	frontier frontier
	open     extent // the trace that is being written
	cutBytes int64  // written since the last mark, before compression
	cutAt    time.Time
}

func (x *Export) writing(w io.Writer, at mark) (*writing, error) {
	out, err := otlpfile.NewWriter(w, x.Format)
	if err != nil {
		return nil, err
	}
	request, err := x.request(at)
	if err != nil {
		return nil, err
	}
	limit := request.GetLimit()
	skip := at.Frontier.ids()
	if limit > 0 {
		// What is skipped counts on the server.
		request.Limit = limit - at.Exported.Traces + int64(len(skip))
		limit -= at.Exported.Traces
		if limit == 0 {
			limit = -1
		}
	}
	return &writing{
		x: x, out: out, request: request, limit: limit, skip: skip, before: at.Exported,
		frontier: at.Frontier, cutAt: x.Now(),
	}, nil
}

// all writes everything that the server sends. Save is called where a trace ends
// and it is time for a mark.
func (w *writing) all(ctx context.Context, save func(final bool) error) error {
	if w.limit < 0 {
		return nil
	}
	for message, err := range w.x.Stream(ctx, w.request) {
		if err != nil {
			return err
		}
		w.x.came = true
		if err := otlpfile.EachResourceSpans(message.GetTracesData(), func(piece []byte) error { return w.piece(piece, save) }); err != nil {
			return err
		}
		if w.x.Progress != nil {
			w.x.Progress(w.exported())
		}
	}
	w.end()
	return nil
}

// piece writes spans of one trace. Those of a trace come one after the other.
func (w *writing) piece(resourceSpans []byte, save func(bool) error) error {
	e, err := extentOf(resourceSpans)
	if err != nil || e.spans == 0 || w.skip[e.trace] {
		return err
	}
	if e.trace != w.open.trace {
		w.end()
		if w.limit > 0 && w.now.Traces == w.limit {
			w.skip[e.trace] = true
			return nil
		}
		if save != nil && (w.cutBytes >= markBytes || w.x.Now().Sub(w.cutAt) >= markEvery) {
			if err := save(false); err != nil {
				return err
			}
			w.cutBytes, w.cutAt = 0, w.x.Now()
		}
		w.open = e
	} else {
		w.open.add(e)
	}
	w.cutBytes += int64(len(resourceSpans))
	w.now.Spans += int64(e.spans)
	return w.out.Write(resourceSpans)
}

// end says that the trace that was being written is whole.
func (w *writing) end() {
	if w.open.trace == "" {
		return
	}
	w.frontier.pass(w.open)
	w.now.Traces++
	w.now.Reached = w.open.earliest
	w.open = extent{}
}

// exported is what has been written, before and now. Its numbers are those of
// whole traces where a trace has just ended.
func (w *writing) exported() Exported {
	loss := w.out.Loss()
	loss.Strings += w.before.Loss.Strings
	loss.Fields += w.before.Loss.Fields
	reached := w.now.Reached
	if reached == 0 {
		reached = w.before.Reached
	}
	return Exported{
		Traces: w.before.Traces + w.now.Traces, Spans: w.before.Spans + w.now.Spans, Bytes: w.before.Bytes + w.out.Bytes(),
		Loss: loss, Reached: reached,
	}
}
