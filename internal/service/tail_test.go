package service_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/tail"
)

// streaming are the ways in which a client may follow a stream.
func (s *server) streaming() map[string]protocol {
	all := s.protocols()
	delete(all, "Connect, GET") // is for single answers
	all["gRPC-Web, HTTP2"] = protocol{s.h2, s.url, connect.WithGRPCWeb()}
	return all
}

// spanTail is an open TailSpans.
type spanTail struct {
	t      *testing.T
	stream *connect.ServerStreamForClient[pb.TailSpansResponse]
	cursor string
}

// tailSpans opens a tail and takes its first heartbeat.
func tailSpans(t *testing.T, p protocol, req *pb.TailSpansRequest) *spanTail {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := p.tails().TailSpans(ctx, req)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() })
	t.Cleanup(cancel)
	r := &spanTail{t: t, stream: stream}
	if m := r.next(); m.GetHeartbeat().GetTime() == nil {
		t.Fatalf("the first message is %v, want a heartbeat", m)
	}
	return r
}

func (r *spanTail) next() *pb.TailSpansResponse {
	r.t.Helper()
	if !r.stream.Receive() {
		r.t.Fatalf("the tail ended: %v", r.stream.Err())
	}
	m := r.stream.Msg()
	if m.GetCursor() != "" {
		r.cursor = m.GetCursor()
	}
	return m
}

// spans returns the spans of the next batch.
func (r *spanTail) spans() []*pb.Span {
	r.t.Helper()
	for {
		if m := r.next(); m.GetHeartbeat() == nil {
			return m.GetBatch().GetSpans()
		}
	}
}

// newSpan is the n-th span that starts now.
func newSpan(n int, name string) *pb.Span {
	at := timestamppb.New(now.Add(time.Duration(n)))
	return &pb.Span{TraceId: traceID(n), SpanId: fmt.Sprintf("%016x", n+1), Name: name, StartTime: at, EndTime: at, Input: &pb.Content{Value: "hello"}}
}

func TestTailSendsWhatIsStored(t *testing.T) {
	s := newServer(t)
	n := 0
	for name, p := range s.streaming() {
		t.Run(name, func(t *testing.T) {
			wanted := newSpan(n, "wanted")
			r := tailSpans(t, p, &pb.TailSpansRequest{Name: "wanted", Query: `{ content:input : "HELLO" }`})
			full := tailSpans(t, p, &pb.TailSpansRequest{Name: "wanted", View: pb.SpanView_SPAN_VIEW_FULL})
			write(t, s, wanted, newSpan(n+1, "other"))
			if got := r.spans(); len(got) != 1 || got[0].GetSpanId() != wanted.GetSpanId() || got[0].GetInput() != nil || r.cursor == "" {
				t.Errorf("got %v behind the cursor %q", got, r.cursor)
			}
			if got := full.spans(); len(got) != 1 || got[0].GetInput().GetValue() != "hello" {
				t.Errorf("complete: got %v", got)
			}
			// What is stored while nobody looks comes when somebody comes back.
			write(t, s, newSpan(n+2, "wanted"))
			again := tailSpans(t, p, &pb.TailSpansRequest{Since: r.cursor})
			if got := again.spans(); len(got) != 1 || got[0].GetTraceId() != traceID(n+2) {
				t.Errorf("since the cursor: got %v", got)
			}
			n += 3
		})
	}
}

func TestTailIsNeverFarBehind(t *testing.T) {
	s := newServer(t)
	r := tailSpans(t, s.protocols()["gRPC"], &pb.TailSpansRequest{})
	shortest := time.Hour
	for i := range 5 {
		write(t, s, newSpan(i, "work"))
		acknowledged := time.Now()
		if got := r.spans(); len(got) != 1 || got[0].GetTraceId() != traceID(i) {
			t.Fatalf("got %v", got)
		}
		shortest = min(shortest, time.Since(acknowledged))
	}
	// The shortest, since others may have needed this machine for themselves.
	if shortest > time.Second {
		t.Errorf("the shortest of five lags was %v, want at most a second", shortest)
	}
}

func TestTailTracesSendsTracesAsTheyAre(t *testing.T) {
	s := newServer(t)
	for name, p := range s.streaming() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stream, err := p.tails().TailTraces(ctx, &pb.TailTracesRequest{Query: `{ type = tool } | count() > 2`})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = stream.Close() }()
			defer cancel()
			if !stream.Receive() || stream.Msg().GetHeartbeat() == nil {
				t.Fatalf("first came %v, %v", stream.Msg(), stream.Err())
			}
			few, many := 1000+len(name), 2000+len(name)*10
			writeSteps(t, s, few, 2)
			writeSteps(t, s, many, 3)
			for stream.Receive() && stream.Msg().GetBatch() == nil {
			}
			got := stream.Msg().GetBatch().GetTraces()
			if len(got) != 1 || got[0].GetTraceId() != traceID(many) || got[0].GetSpanCount() != 4 {
				t.Errorf("got %v, %v", got, stream.Err())
			}
		})
	}
}

func TestTailsSeeTheirProjectAlone(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := s.tails.TailSpans(inProject(ctx, "shop"), &pb.TailSpansRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	defer cancel()
	stream.Receive()
	write(t, s, newSpan(1, "theirs"))
	if _, err := s.ingest.WriteSpans(inProject(t.Context(), "shop"), &pb.WriteSpansRequest{Spans: []*pb.Span{newSpan(2, "ours")}}); err != nil {
		t.Fatal(err)
	}
	for stream.Receive() && stream.Msg().GetBatch() == nil {
	}
	if got := spanNames(stream.Msg().GetBatch().GetSpans()); len(got) != 1 || got[0] != "ours" {
		t.Errorf("got %v, %v", got, stream.Err())
	}
}

func TestTailSinceALostCursorIsRefused(t *testing.T) {
	s := newServer(t)
	for _, since := range []string{"nonsense", "999"} {
		spans, err := s.tails.TailSpans(t.Context(), &pb.TailSpansRequest{Since: since})
		traces, err2 := s.tails.TailTraces(t.Context(), &pb.TailTracesRequest{Since: since})
		for call, err := range map[string]error{"TailSpans": endOf(t, spans, err), "TailTraces": endOf(t, traces, err2)} {
			if reason, _ := reasonOf(err); connect.CodeOf(err) != connect.CodeOutOfRange || reason != fault.ReasonCursorExpired {
				t.Errorf("%s since %q: %v with reason %q", call, since, err, reason)
			}
		}
	}
	for name, req := range map[string]*pb.TailSpansRequest{
		"end before start": {StartTime: timestamppb.New(now), EndTime: timestamppb.New(now.Add(-1))},
		"trace id":         {TraceId: "xyz"},
		"long cursor":      {Since: strings.Repeat("1", 4097)},
	} {
		stream, err := s.tails.TailSpans(t.Context(), req)
		if err := endOf(t, stream, err); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTailsEndWhenTheServerStops(t *testing.T) {
	draining := make(chan struct{})
	s := newServer(t, func(c *service.Config) { c.Draining = draining })
	var open []*spanTail
	for _, p := range s.streaming() {
		open = append(open, tailSpans(t, p, &pb.TailSpansRequest{}))
	}
	close(draining)
	for _, r := range open {
		for r.stream.Receive() {
		}
		if connect.CodeOf(r.stream.Err()) != connect.CodeUnavailable {
			t.Errorf("got %v, want unavailable", r.stream.Err())
		}
	}
}

// withHeartbeat makes the tails of a server beat so often.
func withHeartbeat(t *testing.T, every time.Duration) func(*service.Config) {
	return func(c *service.Config) {
		hub := tail.New(tail.Config{Store: c.Store.(*sqlite.Store), Heartbeat: every})
		var running sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		running.Go(func() { hub.Run(ctx) })
		t.Cleanup(func() {
			stop()
			running.Wait()
		})
		c.Tail = hub
	}
}

func TestQuietTailOutlivesTheStallTimeout(t *testing.T) {
	s := newServer(t, withHeartbeat(t, 300*time.Millisecond), func(c *service.Config) { c.StallTimeout = 100 * time.Millisecond })
	for name, client := range map[string]*http.Client{"HTTP/1.1": s.h1, "HTTP/2": s.h2} {
		r := tailSpans(t, protocol{client, s.url, connect.WithProtoJSON()}, &pb.TailSpansRequest{})
		for range 3 {
			if m := r.next(); m.GetHeartbeat() == nil {
				t.Errorf("%s: got %v, want a heartbeat", name, m)
			}
		}
	}
}

// scriptedTails says what a test wants it to.
type scriptedTails struct {
	spans []tail.Event[*model.Span]
	end   error
}

func (s scriptedTails) Spans(context.Context, string, repo.Cursor, repo.SpanQuery, *query.Query, bool) iter.Seq2[tail.Event[*model.Span], error] {
	return func(yield func(tail.Event[*model.Span], error) bool) {
		for _, e := range s.spans {
			if !yield(e, nil) {
				return
			}
		}
		yield(tail.Event[*model.Span]{}, s.end)
	}
}

func (s scriptedTails) Traces(context.Context, string, repo.Cursor, repo.TraceQuery, *query.Query) iter.Seq2[tail.Event[*model.Trace], error] {
	return func(yield func(tail.Event[*model.Trace], error) bool) { yield(tail.Event[*model.Trace]{}, s.end) }
}

func TestEventsAreSentAsTheyAre(t *testing.T) {
	var large []*model.Span
	for i := range 600 {
		large = append(large, &model.Span{SpanID: model.SpanID{7: byte(i)}, Name: strings.Repeat("x", 10_000)})
	}
	s := newServer(t, func(c *service.Config) {
		c.Tail = scriptedTails{
			spans: []tail.Event[*model.Span]{
				{Heartbeat: true, Cursor: "1"},
				{Items: large, Cursor: "2"},
				{Items: large[:1]},
				{Dropped: &tail.Dropped{Spans: 12, Writes: 3}, Cursor: "3"},
			},
			end: tail.ErrStopped,
		}
	})
	r := tailSpans(t, s.protocols()["gRPC"], &pb.TailSpansRequest{})
	if r.cursor != "1" {
		t.Errorf("the heartbeat has the cursor %q", r.cursor)
	}
	for n, messages := 0, 1; n < len(large); messages++ {
		m := r.next()
		if messages > 8 {
			t.Errorf("message %d of 6 MB has %d spans", messages, len(m.GetBatch().GetSpans()))
		}
		n += len(m.GetBatch().GetSpans())
		if size := proto.Size(m); size > 2<<20 || len(m.GetBatch().GetSpans()) == 0 {
			t.Errorf("a message of %d bytes with %d spans", size, len(m.GetBatch().GetSpans()))
		}
		if last := n == len(large); (m.GetCursor() == "2") != last {
			t.Errorf("after %d of %d spans, the cursor is %q", n, len(large), m.GetCursor())
		}
	}
	if m := r.next(); len(m.GetBatch().GetSpans()) != 1 || m.GetCursor() != "" {
		t.Errorf("an event without a cursor became %v", m)
	}
	if m := r.next(); m.GetDropped().GetSpans() != 12 || m.GetDropped().GetWrites() != 3 || m.GetCursor() != "3" {
		t.Errorf("got %v, want 12 spans in 3 writes dropped", m)
	}
	if r.stream.Receive() || connect.CodeOf(r.stream.Err()) != connect.CodeUnavailable {
		t.Errorf("the end of the hub is told as %v", r.stream.Err())
	}
}
