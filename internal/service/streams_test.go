package service_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service"
)

// gatedReader gives the first page of each list at once, and the others when the
// gate is opened.
type gatedReader struct {
	service.Store
	gate    chan struct{}
	entered chan struct{} // gets a token when a call waits
	ended   chan struct{} // gets a token when a call was given up
}

func newGate() *gatedReader {
	return &gatedReader{gate: make(chan struct{}), entered: make(chan struct{}, 1000), ended: make(chan struct{}, 1000)}
}

func (r *gatedReader) wait(ctx context.Context, first bool) error {
	if first {
		return nil
	}
	r.entered <- struct{}{}
	select {
	case <-r.gate:
		return nil
	case <-ctx.Done():
		r.ended <- struct{}{}
		return ctx.Err()
	}
}

func (r *gatedReader) Traces(ctx context.Context, project string, q repo.TraceQuery) ([]*model.Trace, error) {
	if err := r.wait(ctx, q.After == nil); err != nil {
		return nil, err
	}
	return r.Store.Traces(ctx, project, q)
}

func (r *gatedReader) Spans(ctx context.Context, project string, q repo.SpanQuery) ([]*model.Span, error) {
	if err := r.wait(ctx, q.After == nil); err != nil {
		return nil, err
	}
	return r.Store.Spans(ctx, project, q)
}

// gatedTraces are more than a page, of whatever it is made.
const gatedTraces = 300

// newGatedServer returns a server with traces of one span, behind a gate.
func newGatedServer(t *testing.T, changes ...func(*service.Config)) (*server, *gatedReader) {
	t.Helper()
	gated := newGate()
	s := newServer(t, append(changes, func(c *service.Config) { gated.Store, c.Store = c.Store, gated })...)
	writeTraces(t, s, gatedTraces)
	return s, gated
}

// results are streams of names, whatever they stream.
func (s *server) results(t *testing.T, p protocol, query string) map[string]func(ctx context.Context) iter.Seq2[[]string, error] {
	traces := p.traces()
	return map[string]func(ctx context.Context) iter.Seq2[[]string, error]{
		"StreamTraces": func(ctx context.Context) iter.Seq2[[]string, error] {
			stream, err := traces.StreamTraces(ctx, &pb.StreamTracesRequest{Query: query})
			return messages(t, stream, err, func(m *pb.StreamTracesResponse) []string { return traceNames(m.GetTraces()) })
		},
		"StreamSpans": func(ctx context.Context) iter.Seq2[[]string, error] {
			stream, err := traces.StreamSpans(ctx, &pb.StreamSpansRequest{Query: query})
			return messages(t, stream, err, func(m *pb.StreamSpansResponse) []string { return spanNames(m.GetSpans()) })
		},
		"StreamSpans, complete": func(ctx context.Context) iter.Seq2[[]string, error] {
			stream, err := traces.StreamSpans(ctx, &pb.StreamSpansRequest{Query: query, View: pb.SpanView_SPAN_VIEW_FULL})
			return messages(t, stream, err, func(m *pb.StreamSpansResponse) []string { return spanNames(m.GetSpans()) })
		},
		"ExportTraces": func(ctx context.Context) iter.Seq2[[]string, error] {
			stream, err := traces.ExportTraces(ctx, &pb.ExportTracesRequest{Query: query})
			return messages(t, stream, err, func(m *pb.ExportTracesResponse) (names []string) {
				spans, err := otlp.DecodeSpans("", m.GetTracesData())
				if err != nil || len(spans) != int(m.GetSpanCount()) {
					t.Errorf("%d spans, said to be %d, %v", len(spans), m.GetSpanCount(), err)
				}
				for _, span := range spans {
					names = append(names, span.Name)
				}
				return names
			})
		},
	}
}

func spanNames(spans []*pb.Span) (names []string) {
	for _, span := range spans {
		names = append(names, span.GetName())
	}
	return names
}

// messages yields what f makes of each message of a stream, and at last why it
// ended, if not well. Leaving the loop closes the stream.
func messages[M any](t *testing.T, stream *connect.ServerStreamForClient[M], err error, f func(*M) []string) iter.Seq2[[]string, error] {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func([]string, error) bool) {
		defer func() { _ = stream.Close() }()
		for stream.Receive() {
			if !yield(f(stream.Msg()), nil) {
				return
			}
		}
		if err := stream.Err(); err != nil {
			yield(nil, err)
		}
	}
}

func TestResultsComeBeforeTheSearchEnds(t *testing.T) {
	s, gated := newGatedServer(t)
	queries := map[string]string{"Connect, GET": `{ content:input = "hello" }`} // one of them looks into content
	for protocolName, p := range s.protocols() {
		query := cmp.Or(queries[protocolName], `{ type = agent }`)
		for name, results := range s.results(t, p, query) {
			gated.gate = make(chan struct{})
			var got []string
			open := false
			for names, err := range results(t.Context()) {
				if err != nil {
					t.Fatalf("%s, %s, %s: %v", protocolName, name, query, err)
				}
				got = append(got, names...)
				// All of the first page comes while the second is waited for.
				if len(got) >= 64 && !open {
					close(gated.gate)
					open = true
				}
			}
			if len(got) != gatedTraces || got[0] != "run 0" || !slices.Contains(got, fmt.Sprint("run ", gatedTraces-1)) {
				t.Errorf("%s, %s, %s: %d results", protocolName, name, query, len(got))
			}
		}
	}
}

func TestBreakingOffASearchStopsTheWorkBehindIt(t *testing.T) {
	s, gated := newGatedServer(t)
	for protocolName, p := range s.protocols() {
		for name, results := range s.results(t, p, `{ type = agent }`) {
			ctx, cancel := context.WithCancel(t.Context())
			for _, err := range results(ctx) {
				if err != nil {
					t.Errorf("%s, %s: %v", protocolName, name, err)
				}
				<-gated.entered
				break
			}
			cancel()
			<-gated.ended
		}
	}
}

func TestStreamThatSearchesHasADeadline(t *testing.T) {
	s, gated := newGatedServer(t, func(c *service.Config) { c.QueryTimeout = 100 * time.Millisecond })
	grpc := s.protocols()["gRPC"]
	plain := map[string]pulled{}
	for name, results := range s.results(t, grpc, "") {
		plain[name] = pull(t, name, results(t.Context()))
	}
	for name, results := range s.results(t, grpc, `{ type = agent }`) {
		var end error
		for _, err := range results(t.Context()) {
			end = err
		}
		if connect.CodeOf(end) != connect.CodeDeadlineExceeded || !strings.Contains(end.Error(), "--query-timeout") {
			t.Errorf("%s: ended with %v", name, end)
		}
	}
	// The streams without a query have been waiting for longer than that.
	close(gated.gate)
	for name, stream := range plain {
		if n, err := stream.rest(); err != nil || n == 0 {
			t.Errorf("%s without a query: %d more messages, %v", name, n, err)
		}
	}
}

// pulled is a stream of which the first message was taken.
type pulled struct {
	next func() ([]string, error, bool)
}

func pull(t *testing.T, name string, results iter.Seq2[[]string, error]) pulled {
	t.Helper()
	next, stop := iter.Pull2(results)
	t.Cleanup(stop)
	if _, err, ok := next(); err != nil || !ok {
		t.Fatalf("%s: %v", name, err)
	}
	return pulled{next}
}

// rest returns how many messages were left, and what the stream ended with.
func (p pulled) rest() (n int, end error) {
	for _, err, ok := p.next(); ok; _, err, ok = p.next() {
		n, end = n+1, err
	}
	return n, end
}

func TestSearchEndsWhenTheServerStops(t *testing.T) {
	draining := make(chan struct{})
	s, _ := newGatedServer(t, func(c *service.Config) { c.Draining = draining })
	streams := map[string]pulled{}
	for name, results := range s.results(t, s.protocols()["gRPC"], `{ type = agent }`) {
		streams[name] = pull(t, name, results(t.Context()))
	}
	close(draining)
	for name, stream := range streams {
		if _, err := stream.rest(); connect.CodeOf(err) != connect.CodeUnavailable {
			t.Errorf("%s: got %v, want unavailable", name, err)
		}
	}
}

func TestStreamSpansSendsWhatListSpansWould(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 300)
	write(t, s, chain(10, 700_000)...) // more than a message may have; the first is there already
	for _, query := range []string{"", `{ name =~ "(run|span) .*" }`} {
		for _, view := range []pb.SpanView{pb.SpanView_SPAN_VIEW_BASIC, pb.SpanView_SPAN_VIEW_FULL} {
			for limit, want := range map[int64]int{0: 309, 1: 1, 300: 300, 10_000: 309} {
				list, err := s.traces.ListSpans(t.Context(), &pb.ListSpansRequest{Query: query, View: view, PageSize: 1000})
				if err != nil || len(list.GetSpans()) != 309 {
					t.Fatalf("ListSpans: %d spans, %v", len(list.GetSpans()), err)
				}
				stream, err := s.traces.StreamSpans(t.Context(), &pb.StreamSpansRequest{Query: query, View: view, Limit: limit})
				if err != nil {
					t.Fatal(err)
				}
				var got []*pb.Span
				for stream.Receive() {
					m := stream.Msg()
					if n := len(m.GetSpans()); (n == 0) != (m.GetProgress() != nil) || n > 256 {
						t.Errorf("a message of %d spans with progress %v", n, m.GetProgress())
					}
					if size := proto.Size(m); size > 2<<20 && len(m.GetSpans()) > 1 {
						t.Errorf("a message of %d bytes", size)
					}
					got = append(got, m.GetSpans()...)
				}
				if stream.Err() != nil || !slices.EqualFunc(got, list.GetSpans()[:want], func(a, b *pb.Span) bool { return proto.Equal(a, b) }) {
					t.Errorf("%q, %v, limit %d: %d spans, want %d as listed; %v", query, view, limit, len(got), want, stream.Err())
				}
				_ = stream.Close()
			}
		}
	}
}

func TestExportOfAQueryIsWhatWasReceived(t *testing.T) {
	s := newServer(t)
	writeSteps(t, s, 1, 5)
	writeSteps(t, s, 2, 2)
	all := func(req *pb.ExportTracesRequest) (data []byte) {
		stream, err := s.traces.ExportTraces(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stream.Close() }()
		for stream.Receive() {
			data = append(data, stream.Msg().GetTracesData()...)
		}
		if stream.Err() != nil {
			t.Error(stream.Err())
		}
		return data
	}
	whole := all(&pb.ExportTracesRequest{})
	small, large := all(&pb.ExportTracesRequest{Query: `{} | count() < 4`}), all(&pb.ExportTracesRequest{Query: `{} | count() > 4`})
	if len(small) == 0 || len(large) <= len(small) || !bytes.Contains(whole, small) || !bytes.Contains(whole, large) || len(small)+len(large) != len(whole) {
		t.Errorf("%d and %d bytes of %d", len(small), len(large), len(whole))
	}
}

// brokenSegments panics when content is read.
type brokenSegments struct{ service.Store }

func (brokenSegments) Segments(context.Context, string, ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	panic("out of cheese")
}

func TestPanicBesideTheSearchIsCaughtToo(t *testing.T) {
	s := newServer(t, func(c *service.Config) { c.Store = brokenSegments{c.Store} })
	writeTraces(t, s, 3)
	stream, err := s.traces.StreamSpans(t.Context(), &pb.StreamSpansRequest{Query: `{ type = agent }`, View: pb.SpanView_SPAN_VIEW_FULL})
	if err := endOf(t, stream, err); connect.CodeOf(err) != connect.CodeInternal {
		t.Errorf("got %v", err)
	}
	if got := s.log.attr("panic"); len(got) != 1 {
		t.Errorf("logged panics: %q", got)
	}
}

// segmentCounter counts how often each segment was read.
type segmentCounter struct {
	service.Store
	read map[repo.Place]int
}

func (c *segmentCounter) Segments(ctx context.Context, project string, refs ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		for segment, err := range c.Store.Segments(ctx, project, refs...) {
			c.read[segment.Place]++
			if !yield(segment, err) {
				return
			}
		}
	}
}

func TestStreamOfCompleteSpansReadsASegmentOnce(t *testing.T) {
	counter := &segmentCounter{read: map[repo.Place]int{}}
	s := newServer(t, func(c *service.Config) { counter.Store, c.Store = c.Store, counter })
	const spans = 1000 // of which a page has few
	write(t, s, chain(spans, 100)...)
	stream, err := s.traces.StreamSpans(t.Context(), &pb.StreamSpansRequest{View: pb.SpanView_SPAN_VIEW_FULL})
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for stream.Receive() {
		for _, span := range stream.Msg().GetSpans() {
			if got++; len(span.GetInput().GetValue()) != 100 {
				t.Fatalf("%s has no content", span.GetName())
			}
		}
	}
	if stream.Err() != nil || got != spans {
		t.Errorf("got %d spans, want %d; %v", got, spans, stream.Err())
	}
	for place, times := range counter.read {
		if times != 1 {
			t.Errorf("segment %v was read %d times", place, times)
		}
	}
	if len(counter.read) == 0 {
		t.Error("no segment was read")
	}
}
