package service_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// writeTraces stores n traces of one span each: trace i started i minutes ago,
// lasted i+1 seconds, and belongs to user i modulo 3.
func writeTraces(t *testing.T, s *server, n int) {
	t.Helper()
	req := &pb.WriteSpansRequest{}
	for i := range n {
		start := now.Add(-time.Duration(i) * time.Minute)
		status := pb.StatusCode_STATUS_CODE_OK
		if i%2 == 1 {
			status = pb.StatusCode_STATUS_CODE_ERROR
		}
		req.Spans = append(req.Spans, &pb.Span{
			TraceId: traceID(i), SpanId: fmt.Sprintf("%016x", i+1), Name: fmt.Sprint("run ", i),
			Type:      pb.SpanType_SPAN_TYPE_AGENT,
			StartTime: timestamppb.New(start), EndTime: timestamppb.New(start.Add(time.Duration(i+1) * time.Second)),
			Identity: &pb.Identity{AgentId: "support", UserId: fmt.Sprint("user-", i%3)},
			Service:  "shop", Environment: "prod", Status: &pb.SpanStatus{Code: status},
			Input: &pb.Content{Value: "hello"},
		})
	}
	res, err := s.ingest.WriteSpans(t.Context(), req)
	if err != nil || res.GetAcceptedCount() != int64(n) {
		t.Fatalf("WriteSpans: %v, %v", res, err)
	}
}

func traceID(i int) string { return fmt.Sprintf("%032x", i+1) }

func traceNames(traces []*pb.Trace) []string {
	var names []string
	for _, trace := range traces {
		names = append(names, trace.GetName())
	}
	return names
}

func runs(numbers ...int) []string {
	var names []string
	for _, n := range numbers {
		names = append(names, fmt.Sprint("run ", n))
	}
	return names
}

func TestListTracesSelects(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 6)
	minutes := func(n int) *timestamppb.Timestamp { return timestamppb.New(now.Add(-time.Duration(n) * time.Minute)) }
	seconds := func(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Second) }
	cases := []struct {
		name string
		req  *pb.ListTracesRequest
		want []string
	}{
		{"all, newest first", &pb.ListTracesRequest{}, runs(0, 1, 2, 3, 4, 5)},
		{"longest first", &pb.ListTracesRequest{OrderBy: pb.TraceOrder_TRACE_ORDER_DURATION}, runs(5, 4, 3, 2, 1, 0)},
		{"user", &pb.ListTracesRequest{UserId: "user-1"}, runs(1, 4)},
		{"agent and user", &pb.ListTracesRequest{AgentId: "support", UserId: "user-2"}, runs(2, 5)},
		{"unknown agent", &pb.ListTracesRequest{AgentId: "nobody"}, nil},
		{"name", &pb.ListTracesRequest{Name: "run 3"}, runs(3)},
		{"service and environment", &pb.ListTracesRequest{Service: "shop", Environment: "prod", Name: "run 0"}, runs(0)},
		{"status", &pb.ListTracesRequest{Status: pb.StatusCode_STATUS_CODE_OK}, runs(0, 2, 4)},
		{"failed", &pb.ListTracesRequest{Failed: new(true)}, runs(1, 3, 5)},
		{"not failed", &pb.ListTracesRequest{Failed: new(false)}, runs(0, 2, 4)},
		{"from", &pb.ListTracesRequest{StartTime: minutes(2)}, runs(0, 1, 2)},
		{"until, exclusive", &pb.ListTracesRequest{EndTime: minutes(2)}, runs(3, 4, 5)},
		{"from and until", &pb.ListTracesRequest{StartTime: minutes(3), EndTime: minutes(1)}, runs(2, 3)},
		{"before 1970", &pb.ListTracesRequest{EndTime: &timestamppb.Timestamp{Seconds: -1}}, nil},
		{"after 1960", &pb.ListTracesRequest{StartTime: &timestamppb.Timestamp{Seconds: -300_000_000}, Name: "run 1"}, runs(1)},
		{"after 9000", &pb.ListTracesRequest{StartTime: &timestamppb.Timestamp{Seconds: 221_845_392_000}}, nil},
		{"before 9000", &pb.ListTracesRequest{EndTime: &timestamppb.Timestamp{Seconds: 221_845_392_000}, Name: "run 1"}, runs(1)},
		{"at least", &pb.ListTracesRequest{MinDuration: seconds(5)}, runs(4, 5)},
		{"at most", &pb.ListTracesRequest{MaxDuration: seconds(2)}, runs(0, 1)},
	}
	for _, c := range cases {
		res, err := s.traces.ListTraces(t.Context(), c.req)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := traceNames(res.GetTraces()); !slices.Equal(got, c.want) || res.GetNextPageToken() != "" {
			t.Errorf("%s: got %v (more: %v), want %v", c.name, got, res.GetNextPageToken() != "", c.want)
		}
	}
}

func TestSelectionThatCannotBeIsRefused(t *testing.T) {
	s := newServer(t)
	at := timestamppb.New(now)
	bad := map[string]*pb.ListTracesRequest{
		"end before start":     {StartTime: at, EndTime: timestamppb.New(now.Add(-1))},
		"end at start":         {StartTime: at, EndTime: at},
		"not a time":           {StartTime: &timestamppb.Timestamp{Nanos: -1}},
		"negative duration":    {MinDuration: durationpb.New(-1)},
		"shorter than minimum": {MinDuration: durationpb.New(2), MaxDuration: durationpb.New(1)},
		"negative page":        {PageSize: -1},
		"unknown order":        {OrderBy: 99},
		"long name":            {Name: strings.Repeat("x", 1025)},
		"long token":           {PageToken: strings.Repeat("x", 1025)},
	}
	for name, req := range bad {
		if _, err := s.traces.ListTraces(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, id := range []string{"", "1", strings.Repeat("g", 32), strings.Repeat("0", 32), strings.Repeat("1", 33)} {
		if _, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{TraceId: id}); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("trace id %q: got %v", id, err)
		}
	}
}

func TestPagesListEverythingOnce(t *testing.T) {
	const n = 23
	s := newServer(t)
	writeTraces(t, s, n)
	for _, size := range []int32{1, 5, 22, 23, 24, 1000, 5000} {
		for _, order := range []pb.TraceOrder{0, pb.TraceOrder_TRACE_ORDER_DURATION} {
			var got []string
			pages := 0
			for token := ""; token != "" || pages == 0; pages++ {
				res, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{PageSize: size, PageToken: token, OrderBy: order})
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, traceNames(res.GetTraces())...)
				token = res.GetNextPageToken()
			}
			slices.Sort(got)
			if len(got) != n || len(slices.Compact(got)) != n {
				t.Errorf("pages of %d: %d traces", size, len(got))
			}
			if want := (n + int(size) - 1) / int(size); pages != want {
				t.Errorf("pages of %d: %d pages, want %d", size, pages, want)
			}
		}
		var got []string
		for token, first := "", true; token != "" || first; first = false {
			res, err := s.traces.ListSpans(t.Context(), &pb.ListSpansRequest{PageSize: size, PageToken: token, View: pb.SpanView(size % 3)})
			if err != nil {
				t.Fatal(err)
			}
			for _, span := range res.GetSpans() {
				got = append(got, span.GetName())
			}
			token = res.GetNextPageToken()
		}
		if len(got) != n || got[0] != "run 0" || got[n-1] != "run 22" {
			t.Errorf("pages of %d spans: %v", size, got)
		}
	}
}

func TestPageSizeIsCoerced(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 1001)
	for asked, want := range map[int32]int{0: 20, 7: 7, 1000: 1000, 1 << 30: 1000} {
		res, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{PageSize: asked})
		if err != nil || len(res.GetTraces()) != want || res.GetNextPageToken() == "" {
			t.Errorf("page_size %d: %d traces, want %d, token %q, %v", asked, len(res.GetTraces()), want, res.GetNextPageToken(), err)
		}
	}
	all, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{PageSize: 1000, EndTime: timestamppb.New(now)})
	if err != nil || len(all.GetTraces()) != 1000 || all.GetNextPageToken() != "" {
		t.Errorf("exactly a thousand: %d traces, token %q, %v", len(all.GetTraces()), all.GetNextPageToken(), err)
	}
}

func TestPageTokenBelongsToItsRequest(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 3)
	first, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{PageSize: 1, AgentId: "support"})
	if err != nil {
		t.Fatal(err)
	}
	token := first.GetNextPageToken()
	ctx := t.Context()
	_, otherSelection := s.traces.ListTraces(ctx, &pb.ListTracesRequest{PageToken: token})
	_, otherCall := s.traces.ListSpans(ctx, &pb.ListSpansRequest{PageToken: token, AgentId: "support"})
	_, otherProject := s.traces.ListTraces(inProject(ctx, "other"), &pb.ListTracesRequest{PageToken: token, AgentId: "support"})
	_, garbled := s.traces.ListTraces(ctx, &pb.ListTracesRequest{PageToken: token[:len(token)-2] + "zz", AgentId: "support"})
	_, madeUp := s.traces.ListTraces(ctx, &pb.ListTracesRequest{PageToken: "2", AgentId: "support"})
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"another selection": {otherSelection, fault.ReasonPageTokenMismatch},
		"another call":      {otherCall, fault.ReasonPageTokenMismatch},
		"another project":   {otherProject, fault.ReasonPageTokenMismatch},
		"a garbled one":     {garbled, fault.ReasonPageTokenInvalid},
		"a made-up one":     {madeUp, fault.ReasonPageTokenInvalid},
	} {
		if reason, _ := reasonOf(c.err); connect.CodeOf(c.err) != connect.CodeInvalidArgument || reason != c.want {
			t.Errorf("%s: got %v with reason %q, want %s", name, c.err, reason, c.want)
		}
	}
	if _, err := s.traces.ListTraces(ctx, &pb.ListTracesRequest{PageToken: token, AgentId: "support", PageSize: 2}); err != nil {
		t.Errorf("the same request with another page size: %v", err)
	}
}

func TestStreamTracesSendsWhatListTracesWould(t *testing.T) {
	const n = 600
	s := newServer(t)
	writeTraces(t, s, n)
	for limit, want := range map[int64]int{0: n, 1: 1, 256: 256, 300: 300, 10_000: n} {
		stream, err := s.traces.StreamTraces(t.Context(), &pb.StreamTracesRequest{Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for stream.Receive() {
			batch := stream.Msg().GetTraces()
			if len(batch) == 0 || len(batch) > 256 {
				t.Errorf("a batch of %d traces", len(batch))
			}
			got = append(got, traceNames(batch)...)
		}
		if err := stream.Err(); err != nil || len(got) != want || got[0] != "run 0" || got[want-1] != fmt.Sprint("run ", want-1) {
			t.Errorf("limit %d: %d traces, want %d, %v", limit, len(got), want, err)
		}
		_ = stream.Close()
	}
}

func TestListSpansSelectsByTheSpansOwnFields(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 4)
	start := timestamppb.New(now.Add(-time.Hour))
	res, err := s.ingest.WriteSpans(t.Context(), &pb.WriteSpansRequest{Spans: []*pb.Span{
		{TraceId: traceID(0), SpanId: "00000000000000aa", ParentSpanId: "0000000000000001", Name: "ask", Type: pb.SpanType_SPAN_TYPE_LLM,
			StartTime: start, EndTime: start, ModelCall: &pb.ModelCall{Model: "gpt-4o", Usage: &pb.Usage{InputTokens: 5}}},
		{TraceId: traceID(0), SpanId: "00000000000000bb", ParentSpanId: "0000000000000001", Name: "look", Type: pb.SpanType_SPAN_TYPE_TOOL,
			StartTime: start, EndTime: start, ToolUse: &pb.ToolUse{Name: "search", Arguments: `{"q":1}`, Result: "nothing"}},
	}})
	if err != nil || len(res.GetRejected()) > 0 {
		t.Fatalf("WriteSpans: %v, %v", res, err)
	}
	cases := []struct {
		name string
		req  *pb.ListSpansRequest
		want string
	}{
		{"newest first", &pb.ListSpansRequest{TraceId: traceID(0)}, "run 0,look,ask"},
		{"oldest first", &pb.ListSpansRequest{TraceId: strings.ToUpper(traceID(0)), OrderBy: pb.SpanOrder_SPAN_ORDER_OLDEST_FIRST}, "ask,look,run 0"},
		{"types", &pb.ListSpansRequest{Types: []pb.SpanType{pb.SpanType_SPAN_TYPE_LLM, pb.SpanType_SPAN_TYPE_TOOL}}, "look,ask"},
		{"model", &pb.ListSpansRequest{Model: "gpt-4o"}, "ask"},
		{"tool", &pb.ListSpansRequest{ToolName: "search"}, "look"},
		{"failed", &pb.ListSpansRequest{Failed: new(true)}, "run 1,run 3"},
		{"user", &pb.ListSpansRequest{UserId: "user-0"}, "run 0,run 3"},
		{"name and duration", &pb.ListSpansRequest{Name: "run 2", MinDuration: durationpb.New(time.Second)}, "run 2"},
	}
	for _, c := range cases {
		for _, view := range []pb.SpanView{pb.SpanView_SPAN_VIEW_BASIC, pb.SpanView_SPAN_VIEW_FULL} {
			c.req.View = view
			res, err := s.traces.ListSpans(t.Context(), c.req)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			var names []string
			for _, span := range res.GetSpans() {
				names = append(names, span.GetName())
				if full := view == pb.SpanView_SPAN_VIEW_FULL; (len(span.GetAttributes()) > 0) != full || (span.GetResource() != nil) != full {
					t.Errorf("%s: %v has %v", c.name, view, span)
				}
			}
			if got := strings.Join(names, ","); got != c.want {
				t.Errorf("%s: got %s, want %s", c.name, got, c.want)
			}
		}
	}
}
