package service_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// chain returns n spans of one trace, each the parent of the next.
func chain(n, size int) []*pb.Span {
	var spans []*pb.Span
	for i := range n {
		start := timestamppb.New(now.Add(time.Duration(i) * time.Millisecond))
		span := &pb.Span{
			TraceId: traceID(0), SpanId: fmt.Sprintf("%016x", i+1), Name: fmt.Sprint("span ", i), StartTime: start, EndTime: start,
			Input: &pb.Content{Value: strings.Repeat(string(rune('a'+i%26)), size)},
		}
		if i > 0 {
			span.ParentSpanId = fmt.Sprintf("%016x", i)
		}
		spans = append(spans, span)
	}
	return spans
}

func write(t *testing.T, s *server, spans ...*pb.Span) {
	t.Helper()
	for batch := range slices.Chunk(spans, 1000) {
		res, err := s.ingest.WriteSpans(t.Context(), &pb.WriteSpansRequest{Spans: batch})
		if err != nil || int(res.GetAcceptedCount()) != len(batch) {
			t.Fatalf("WriteSpans: %v, %v", res, err)
		}
	}
}

func TestGetTraceReturnsATree(t *testing.T) {
	s := newServer(t)
	spans := chain(5, 10)
	orphan := proto.CloneOf(spans[4])
	orphan.SpanId, orphan.ParentSpanId, orphan.Name = "00000000000000ff", "00000000000000ee", "lost"
	for _, span := range slices.Backward(append(spans, orphan)) { // children first, as agents send them
		write(t, s, span)
	}
	res, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{TraceId: traceID(0)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, span := range res.GetSpans() {
		got = append(got, fmt.Sprintf("%s:%d/%d/%v", span.GetName(), span.GetDepth(), span.GetChildCount(), span.GetOrphan()))
	}
	want := []string{"span 0:0/1/false", "span 1:1/1/false", "span 2:2/1/false", "span 3:3/1/false", "span 4:4/0/false", "lost:0/0/true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if trace := res.GetTrace(); trace.GetSpanCount() != 6 || !trace.GetRootArrived() || trace.GetRootName() != "span 0" {
		t.Errorf("trace %v", trace)
	}
}

func TestUnknownIsNotFound(t *testing.T) {
	s := newServer(t)
	write(t, s, chain(1, 1)...)
	_, trace := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{TraceId: traceID(9)})
	_, project := s.traces.GetTrace(inProject(t.Context(), "other"), &pb.GetTraceRequest{TraceId: traceID(0)})
	_, span := s.traces.GetSpan(t.Context(), &pb.GetSpanRequest{TraceId: traceID(0), SpanId: "00000000000000ff"})
	stream, err := s.traces.StreamTrace(t.Context(), &pb.StreamTraceRequest{TraceId: traceID(9)})
	if err != nil {
		t.Fatal(err)
	}
	for stream.Receive() {
		t.Error("a message came")
	}
	for name, err := range map[string]error{"trace": trace, "project": project, "span": span, "stream": stream.Err()} {
		if connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_ = stream.Close()
}

func TestGetTraceNamesItsLimitAndTheWayAround(t *testing.T) {
	for name, change := range map[string]func(*service.Config){
		"max_spans": func(c *service.Config) { c.MaxTraceSpans = 9 },
		"max_bytes": func(c *service.Config) { c.MaxTraceBytes = 1000 },
	} {
		s := newServer(t, change)
		write(t, s, chain(10, 100)...)
		_, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{TraceId: traceID(0)})
		reason, metadata := reasonOf(err)
		if connect.CodeOf(err) != connect.CodeFailedPrecondition || reason != fault.ReasonTraceTooLarge ||
			metadata[name] == "" || !strings.Contains(err.Error(), "StreamTrace") {
			t.Errorf("%s: got %v, %s %v", name, err, reason, metadata)
		}
	}
}

// TestGetTraceIsBoundedByWhatItAnswers has a resource that is stored once and
// answered with each span.
func TestGetTraceIsBoundedByWhatItAnswers(t *testing.T) {
	s := newServer(t, func(c *service.Config) { c.MaxTraceBytes = 1 << 20 })
	var scope []byte
	for i := range byte(20) {
		scope = appendMessage(scope, 2, goodSpan(1, i+1).wire())
	}
	attribute := wireKeyValue(model.KeyValue{Key: "key", Value: model.StringValue(strings.Repeat("x", 100<<10))})
	resource := appendMessage(nil, 1, appendMessage(nil, 1, attribute))
	if got := s.grpc(t, frame(appendMessage(nil, 1, appendMessage(resource, 2, scope)))); got.code != 0 || got.rejected != 0 {
		t.Fatalf("got %v, %d rejected: %s", got.code, got.rejected, got.message)
	}
	_, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{TraceId: goodSpan(1, 1).message().GetTraceId()})
	if reason, metadata := reasonOf(err); reason != fault.ReasonTraceTooLarge || metadata["max_bytes"] == "" {
		t.Errorf("got %v", err)
	}
}

func TestStreamTraceSendsABoundedBatchAtATime(t *testing.T) {
	const n, size = 700, 5000
	s := newServer(t)
	spans := chain(n, size)
	write(t, s, spans...)
	big := proto.CloneOf(spans[n-1])
	big.SpanId, big.Input.Value, big.StartTime = "0000000000ffffff", strings.Repeat("x", 3<<20), timestamppb.New(now.Add(time.Hour))
	write(t, s, big)

	stream, err := s.traces.StreamTrace(t.Context(), &pb.StreamTraceRequest{TraceId: traceID(0)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	seen := make(map[string]bool)
	for first := true; stream.Receive(); first = false {
		msg := stream.Msg()
		if (msg.GetTrace() != nil) != first || (len(msg.GetSpans()) == 0) != first {
			t.Errorf("first: %v, but the message has a trace: %v, and %d spans", first, msg.GetTrace() != nil, len(msg.GetSpans()))
		}
		if len(msg.GetSpans()) > 256 || (len(msg.GetSpans()) > 1 && proto.Size(msg) > 3<<20) {
			t.Errorf("a message of %d spans and %d bytes", len(msg.GetSpans()), proto.Size(msg))
		}
		if !slices.IsSortedFunc(msg.GetSpans(), func(a, b *pb.Span) int { return a.GetStartTime().AsTime().Compare(b.GetStartTime().AsTime()) }) {
			t.Error("a batch is not in order of start")
		}
		for _, span := range msg.GetSpans() {
			seen[span.GetSpanId()] = true
		}
	}
	if err := stream.Err(); err != nil || len(seen) != n+1 {
		t.Errorf("%d spans, want %d, %v", len(seen), n+1, err)
	}
}

func TestGetSpanReturnsTheEarliestOfAnID(t *testing.T) {
	s := newServer(t)
	spans := chain(3, 10)
	again := proto.CloneOf(spans[1])
	again.StartTime, again.Name = timestamppb.New(now.Add(-time.Minute)), "earlier"
	write(t, s, append(spans, again)...)
	res, err := s.traces.GetSpan(t.Context(), &pb.GetSpanRequest{TraceId: traceID(0), SpanId: strings.ToUpper(spans[1].GetSpanId())})
	if err != nil {
		t.Fatal(err)
	}
	if span := res.GetSpan(); span.GetName() != "earlier" || span.GetInput().GetValue() == "" {
		t.Errorf("got %v", span)
	}
}

func TestFullPageIsCutWhereItIsTooLarge(t *testing.T) {
	const n, size = 40, 10_000
	s := newServer(t, func(c *service.Config) { c.MaxTraceBytes = 50_000 })
	for _, span := range chain(n, size) { // a segment for each
		write(t, s, span)
	}
	for _, order := range []pb.SpanOrder{pb.SpanOrder_SPAN_ORDER_NEWEST_FIRST, pb.SpanOrder_SPAN_ORDER_OLDEST_FIRST} {
		var got []string
		pages := 0
		for token := ""; token != "" || pages == 0; pages++ {
			res, err := s.traces.ListSpans(t.Context(), &pb.ListSpansRequest{
				PageSize: n, PageToken: token, View: pb.SpanView_SPAN_VIEW_FULL, OrderBy: order,
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(res.GetSpans()) == 0 || proto.Size(res) > 100_000 {
				t.Fatalf("a page of %d spans and %d bytes", len(res.GetSpans()), proto.Size(res))
			}
			for _, span := range res.GetSpans() {
				if len(span.GetInput().GetValue()) != size {
					t.Fatalf("%s is not complete", span.GetName())
				}
				got = append(got, span.GetName())
			}
			token = res.GetNextPageToken()
		}
		slices.Sort(got)
		if len(got) != n || len(slices.Compact(got)) != n {
			t.Errorf("%v: %d spans on %d pages, want each of %d once", order, len(got), pages, n)
		}
	}
}

func TestExportedTracesCanBeImported(t *testing.T) {
	s := newServer(t)
	write(t, s, chain(700, 5000)...)
	writeTraces(t, s, 30) // the first is part of the chain's trace
	stream, err := s.traces.ExportTraces(t.Context(), &pb.ExportTracesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	total := 0
	for stream.Receive() {
		msg := stream.Msg()
		spans, err := otlp.DecodeSpans("p", msg.GetTracesData())
		if err != nil || len(spans) == 0 || len(spans) != int(msg.GetSpanCount()) {
			t.Fatalf("a message with %d spans says %d: %v", len(spans), msg.GetSpanCount(), err)
		}
		if len(msg.GetTracesData()) > 1<<20+1<<16 {
			t.Errorf("a message of %d bytes", len(msg.GetTracesData()))
		}
		total += len(spans)
		if got := s.grpc(t, frame(msg.GetTracesData()), "agenttrace-project", "copy"); got.code != 0 || got.rejected != 0 {
			t.Fatalf("import: %v %s", got.code, got.message)
		}
	}
	if err := stream.Err(); err != nil || total != 729 { // one is in both
		t.Fatalf("%d spans, %v", total, err)
	}
	want, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.traces.ListTraces(inProject(t.Context(), "copy"), &pb.ListTracesRequest{PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || len(want.GetTraces()) != 30 {
		t.Errorf("%d traces; the copy differs:\n%s", len(want.GetTraces()), diff)
	}
}
