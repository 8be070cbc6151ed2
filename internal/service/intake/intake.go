package intake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

// Ingester stores records and answers when they are durable; see
// [ingest.Pipeline.Write], which is one.
type Ingester interface {
	Write(ctx context.Context, records []model.Record) (ingest.Result, error)
}

// Intake writes requests to an Ingester.
type Intake struct {
	Ingest Ingester
	Limits otlp.Limits
}

// Outcome says what became of the spans of a request.
type Outcome struct {
	Spans         int         // in the request
	RejectedCount int         // of them
	Rejected      []Rejection // by place in the request; many bad spans are not all told
}

// Rejection says why a span was not stored and never will be.
type Rejection struct {
	Index  int // place in the request, from 0
	Reason string
}

// Write stores the spans of body, an ExportTraceServiceRequest. Nothing reads
// body after it returns nil; after an error it may still be read.
func (in *Intake) Write(ctx context.Context, project string, body []byte) (Outcome, error) {
	req, err := otlp.Parse(project, body, in.Limits)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Spans: req.Spans, RejectedCount: req.Spans - len(req.Records)}
	for _, r := range req.Rejected {
		out.Rejected = append(out.Rejected, Rejection(r))
	}
	if len(req.Records) == 0 {
		return out, nil
	}
	result, err := in.Ingest.Write(ctx, req.Records)
	if err != nil {
		return Outcome{}, err
	}
	out.RejectedCount += len(result.Rejected)
	for _, r := range result.Rejected {
		out.Rejected = append(out.Rejected, Rejection{Index: req.Indexes[r.Index], Reason: r.Reason})
	}
	slices.SortStableFunc(out.Rejected, func(a, b Rejection) int { return cmp.Compare(a.Index, b.Index) })
	return out, nil
}

// shownReasons is how many reasons a message about rejected spans gives.
const shownReasons = 5

// Message says in a sentence or two why spans were rejected: each reason once,
// with the first span that it befell.
func (o Outcome) Message() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d spans were rejected", o.RejectedCount, o.Spans)
	seen := make(map[string]bool)
	for _, r := range o.Rejected {
		if seen[r.Reason] {
			continue
		}
		seen[r.Reason] = true
		if len(seen) > shownReasons {
			b.WriteString("; and other reasons")
			break
		}
		fmt.Fprintf(&b, "; span %d: %s", r.Index, r.Reason)
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}
