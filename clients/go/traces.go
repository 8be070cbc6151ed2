package agenttrace

import (
	"context"
	"iter"
)

// GetTrace returns a trace with all its spans, complete, as a tree walked from
// the top. One that does not fit into an answer is a [TraceTooLargeError].
func (c *Client) GetTrace(ctx context.Context, req *GetTraceRequest) (*GetTraceResponse, error) {
	return call(ctx, c, "GetTrace", req, c.traces.GetTrace)
}

// GetSpan returns one span, complete.
func (c *Client) GetSpan(ctx context.Context, req *GetSpanRequest) (*GetSpanResponse, error) {
	return call(ctx, c, "GetSpan", req, c.traces.GetSpan)
}

// ListTraces returns one page of traces.
func (c *Client) ListTraces(ctx context.Context, req *ListTracesRequest) (*ListTracesResponse, error) {
	return call(ctx, c, "ListTraces", req, c.traces.ListTraces)
}

// Traces yields all traces that the request selects, page by page from the one
// that it asks for. Without a page size it asks for 100 at once.
func (c *Client) Traces(ctx context.Context, req *ListTracesRequest) iter.Seq2[*Trace, error] {
	return pages[*ListTracesRequest, *ListTracesResponse, *Trace]{
		list:  c.ListTraces,
		items: (*ListTracesResponse).GetTraces,
		set: func(r *ListTracesRequest, size int32, token *string) {
			turn(&r.PageSize, &r.PageToken, size, token)
		},
	}.all(ctx, orEmpty(req))
}

// ListSpans returns one page of spans.
func (c *Client) ListSpans(ctx context.Context, req *ListSpansRequest) (*ListSpansResponse, error) {
	return call(ctx, c, "ListSpans", req, c.traces.ListSpans)
}

// Spans yields all spans that the request selects, page by page from the one that
// it asks for. Without a page size it asks for 100 at once.
func (c *Client) Spans(ctx context.Context, req *ListSpansRequest) iter.Seq2[*Span, error] {
	return pages[*ListSpansRequest, *ListSpansResponse, *Span]{
		list:  c.ListSpans,
		items: (*ListSpansResponse).GetSpans,
		set: func(r *ListSpansRequest, size int32, token *string) {
			turn(&r.PageSize, &r.PageToken, size, token)
		},
	}.all(ctx, orEmpty(req))
}

// StreamTrace yields the messages of a trace of any size: the first has the
// trace, all others some of its spans, complete.
func (c *Client) StreamTrace(ctx context.Context, req *StreamTraceRequest) iter.Seq2[*StreamTraceResponse, error] {
	return stream(ctx, c, "StreamTrace", req, c.traces.StreamTrace)
}

// StreamTraces yields all traces that the request selects, as they are found; see
// [OnProgress].
func (c *Client) StreamTraces(ctx context.Context, req *StreamTracesRequest, options ...StreamOption) iter.Seq2[*Trace, error] {
	return foundItems(stream(ctx, c, "StreamTraces", req, c.traces.StreamTraces), (*StreamTracesResponse).GetTraces, options)
}

// StreamSpans yields all spans that the request selects, as they are found; see
// [OnProgress].
func (c *Client) StreamSpans(ctx context.Context, req *StreamSpansRequest, options ...StreamOption) iter.Seq2[*Span, error] {
	return foundItems(stream(ctx, c, "StreamSpans", req, c.traces.StreamSpans), (*StreamSpansResponse).GetSpans, options)
}

// ExportTraces yields the spans of all traces that the request selects, as the
// OTLP bytes that were received: each part is a TracesData message, which
// [Client.SendTraces] takes, and so are all of them one after the other.
func (c *Client) ExportTraces(ctx context.Context, req *ExportTracesRequest) iter.Seq2[*ExportTracesResponse, error] {
	return stream(ctx, c, "ExportTraces", req, c.traces.ExportTraces)
}
