package agenttrace

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"iter"
	"math"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
)

// TailEvent is something that a tail says. At most one of Dropped, Heartbeat and
// Interrupted is set, and then there are no items.
type TailEvent[T any] struct {
	// Items are new spans, or traces that have got spans.
	Items []T
	// Dropped says what was missed since the reader was too slow; the tail goes on
	// with what is new.
	Dropped *Dropped
	// Heartbeat is a sign of life, and the first event of all.
	Heartbeat *Heartbeat
	// Interrupted says that the connection broke and will be made again.
	Interrupted *Interruption
	// Cursor is where to go on from behind this event, as since of another tail;
	// empty where it is not the last of those that belong together. An event may
	// hold nothing else.
	Cursor string
}

// Interruption is a connection that broke, or could not be made.
type Interruption struct {
	// Err is what happened.
	Err error
	// Attempt is which attempt follows, from 1, since the last one that succeeded.
	Attempt int
	// Pause is how long the tail waits before it.
	Pause time.Duration
	// Lost is set where the tail cannot go on from its cursor and goes on with
	// what is new: what was stored between is missed. See [TailPastExpiry].
	Lost bool
}

// TailOption sets something of one tail.
type TailOption func(*tailOptions)

type tailOptions struct {
	attempts   int
	pastExpiry bool
	silence    time.Duration
}

// DefaultTailSilence is how long a tail waits for a message before it takes its
// connection for dead. Servers send one every five seconds at the latest.
const DefaultTailSilence = 30 * time.Second

// TailAttempts limits how often in a row a tail tries to connect again after it
// was connected once; 0 is never. Without it, it tries until its context ends. The
// first connection is tried as often as any call is; see [WithRetries].
func TailAttempts(n int) TailOption {
	return func(o *tailOptions) { o.attempts = max(0, n) }
}

// TailPastExpiry lets a tail go on with what is new when its cursor has expired,
// after an event that says so, instead of ending with a [CursorExpiredError].
func TailPastExpiry() TailOption {
	return func(o *tailOptions) { o.pastExpiry = true }
}

// TailSilence sets how long a tail waits for a message before it takes its
// connection for dead and connects again, [DefaultTailSilence] by default; 0 is
// for ever. The time that the loop takes itself does not count.
func TailSilence(d time.Duration) TailOption {
	return func(o *tailOptions) { o.silence = max(0, d) }
}

// TailSpans yields what happens: spans as they are stored, heartbeats, gaps.
//
// It never ends by itself. When the connection breaks it connects again, with
// growing pauses, and goes on where it was: each span is yielded once. The server
// may have to repeat what came since the last cursor; the client remembers these
// spans, by trace, id and start, and leaves them out. That holds within one loop:
// who goes on from a cursor in another process gets again what came behind it.
func (c *Client) TailSpans(ctx context.Context, req *TailSpansRequest, options ...TailOption) iter.Seq2[*TailEvent[*Span], error] {
	return tail(ctx, c, tailCall[*Span, TailSpansRequest, TailSpansResponse]{
		name:  "TailSpans",
		req:   orEmpty(req),
		open:  c.tails.TailSpans,
		since: func(r *TailSpansRequest) *string { return &r.Since },
		clone: proto.CloneOf[*TailSpansRequest],
		event: func(m *TailSpansResponse) *TailEvent[*Span] {
			return &TailEvent[*Span]{Items: m.GetBatch().GetSpans(), Dropped: m.GetDropped(), Heartbeat: m.GetHeartbeat(), Cursor: m.GetCursor()}
		},
		key: spanKey,
	}, options)
}

// TailTraces yields what happens, as [Client.TailSpans] does: each time that
// spans of a trace were stored, the trace as it is then. Of what the server repeats
// after a broken connection, traces that have not changed since are left out.
func (c *Client) TailTraces(ctx context.Context, req *TailTracesRequest, options ...TailOption) iter.Seq2[*TailEvent[*Trace], error] {
	return tail(ctx, c, tailCall[*Trace, TailTracesRequest, TailTracesResponse]{
		name:  "TailTraces",
		req:   orEmpty(req),
		open:  c.tails.TailTraces,
		since: func(r *TailTracesRequest) *string { return &r.Since },
		clone: proto.CloneOf[*TailTracesRequest],
		event: func(m *TailTracesResponse) *TailEvent[*Trace] {
			return &TailEvent[*Trace]{Items: m.GetBatch().GetTraces(), Dropped: m.GetDropped(), Heartbeat: m.GetHeartbeat(), Cursor: m.GetCursor()}
		},
		key: traceKey,
	}, options)
}

// spanKey tells a stored span from all others. It does not change.
func spanKey(s *Span) (id, state string) {
	return s.GetTraceId() + s.GetSpanId() + strconv.FormatInt(s.GetStartTime().AsTime().UnixNano(), 36), ""
}

// traceKey tells a trace from all others, and one state of it from another.
func traceKey(t *Trace) (id, state string) {
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(t)
	if err != nil {
		return t.GetTraceId(), rand.Text() // texts that are not UTF-8, which no server sends
	}
	sum := sha256.Sum256(data)
	return t.GetTraceId(), string(sum[:])
}

// tailCall is one of the calls that tail.
type tailCall[T, Req, Res any] struct {
	name  string
	req   *Req
	open  func(context.Context, *Req) (*connect.ServerStreamForClient[Res], error)
	since func(*Req) *string
	clone func(*Req) *Req
	event func(*Res) *TailEvent[T]
	key   func(T) (id, state string)
}

func tail[T, Req, Res any](ctx context.Context, c *Client, call tailCall[T, Req, Res], options []TailOption) iter.Seq2[*TailEvent[T], error] {
	o := tailOptions{attempts: math.MaxInt, silence: DefaultTailSilence}
	for _, option := range options {
		option(&o)
	}
	return func(yield func(*TailEvent[T], error) bool) {
		t := &tailing[T, Req, Res]{
			client: c, call: call, options: o, yield: yield,
			cursor: *call.since(call.req), sent: map[string]string{}, skip: map[string]string{},
		}
		if err := t.run(ctx); err != nil {
			yield(nil, err)
		}
	}
}
