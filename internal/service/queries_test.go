package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// protocols are the ways in which a client may ask.
func (s *server) protocols() map[string]protocol {
	return map[string]protocol{
		"gRPC":           {s.h2, s.url, connect.WithGRPC()},
		"gRPC-Web":       {s.h1, s.url, connect.WithGRPCWeb()},
		"Connect":        {s.h1, s.url, connect.WithProtoJSON()},
		"Connect, GET":   {s.h1, s.url, connect.WithHTTPGet()},
		"Connect, HTTP2": {s.h2, s.url, connect.WithAcceptCompression("gzip", nil, nil)},
	}
}

type protocol struct {
	client *http.Client
	url    string
	option connect.ClientOption
}

func (p protocol) traces() agenttracev1connect.TraceServiceClient {
	return agenttracev1connect.NewTraceServiceClient(p.client, p.url, p.option)
}

func (p protocol) query() agenttracev1connect.QueryServiceClient {
	return agenttracev1connect.NewQueryServiceClient(p.client, p.url, p.option)
}

func (p protocol) tails() agenttracev1connect.TailServiceClient {
	return agenttracev1connect.NewTailServiceClient(p.client, p.url, p.option)
}

// writeSteps stores a trace of a run with n calls of a tool below it, the i-th of
// which lasted i milliseconds.
func writeSteps(t *testing.T, s *server, trace, n int) {
	t.Helper()
	start := now.Add(-time.Minute)
	req := &pb.WriteSpansRequest{Spans: []*pb.Span{{
		TraceId: traceID(trace), SpanId: "00000000000000ff", Name: "main", Type: pb.SpanType_SPAN_TYPE_AGENT,
		StartTime: timestamppb.New(start), EndTime: timestamppb.New(now),
	}}}
	for i := range n {
		at := start.Add(time.Duration(i+1) * time.Millisecond)
		req.Spans = append(req.Spans, &pb.Span{
			TraceId: traceID(trace), SpanId: fmt.Sprintf("%016x", 0x1000+i), ParentSpanId: "00000000000000ff",
			Name: fmt.Sprint("call ", i), Type: pb.SpanType_SPAN_TYPE_TOOL, ToolUse: &pb.ToolUse{Name: "search", Arguments: `{"q":"weather"}`},
			StartTime: timestamppb.New(at), EndTime: timestamppb.New(at.Add(time.Duration(i) * time.Millisecond)),
		})
	}
	if res, err := s.ingest.WriteSpans(t.Context(), req); err != nil || len(res.GetRejected()) > 0 {
		t.Fatalf("WriteSpans: %v, %v", res, err)
	}
}

func TestQueryAndFieldsMustBothHold(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 6)
	writeSteps(t, s, 100, 3)
	cases := []struct {
		req  *pb.ListTracesRequest
		want []string
	}{
		{&pb.ListTracesRequest{Query: `{ failed }`}, runs(1, 3, 5)},
		{&pb.ListTracesRequest{Query: `{ failed }`, UserId: "user-1"}, runs(1)},
		{&pb.ListTracesRequest{Query: `{ name = "run 2" || name = "run 3" }`, Failed: new(false)}, runs(2)},
		{&pb.ListTracesRequest{Query: `{ content:input : "HELL" && duration > 4s }`}, runs(4, 5)},
		{&pb.ListTracesRequest{Query: `{ duration <= 2s && user:id != nil }`, OrderBy: pb.TraceOrder_TRACE_ORDER_DURATION}, runs(1, 0)},
		{&pb.ListTracesRequest{Query: `{ type = agent } > { tool:arguments =~ ".*weather.*" }`}, []string{"main"}},
		{&pb.ListTracesRequest{Query: `{ type = tool } | count() > 2`}, []string{"main"}},
		{&pb.ListTracesRequest{Query: `{ type = tool } | count() > 3`}, nil},
		{&pb.ListTracesRequest{Query: `{ .no.such.attribute = 1 }`}, nil},
	}
	for name, p := range s.protocols() {
		traces := p.traces()
		for _, c := range cases {
			res, err := traces.ListTraces(t.Context(), c.req)
			if err != nil {
				t.Errorf("%s: %s: %v", name, c.req.GetQuery(), err)
				continue
			}
			if got := traceNames(res.GetTraces()); !slices.Equal(got, c.want) || res.GetNextPageToken() != "" {
				t.Errorf("%s: %v: got %v (more: %v), want %v", name, c.req, got, res.GetNextPageToken() != "", c.want)
			}
			stream, err := traces.StreamTraces(t.Context(), &pb.StreamTracesRequest{
				Query: c.req.GetQuery(), OrderBy: c.req.GetOrderBy(), UserId: c.req.GetUserId(), Failed: c.req.Failed,
			})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			var last *pb.Progress
			for stream.Receive() {
				got = append(got, traceNames(stream.Msg().GetTraces())...)
				last = stream.Msg().GetProgress()
			}
			if stream.Err() != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %s: streamed %v, %v; want %v", name, c.req.GetQuery(), got, stream.Err(), c.want)
			}
			if last.GetFound() != int64(len(c.want)) {
				t.Errorf("%s: %s: the last message has the progress %v, want %d found", name, c.req.GetQuery(), last, len(c.want))
			}
			_ = stream.Close()
		}
	}
}

func TestTraceShowsWhatMatched(t *testing.T) {
	s := newServer(t)
	writeSteps(t, s, 1, 25)
	res, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{Query: `{ type = tool && duration >= 3ms } | select(tool:name, duration)`})
	if err != nil || len(res.GetTraces()) != 1 {
		t.Fatalf("got %v, %v", res, err)
	}
	trace := res.GetTraces()[0]
	if trace.GetMatchCount() != 22 || len(trace.GetMatches()) != 10 {
		t.Fatalf("%d matches, %d of them shown; want 22 and 10", trace.GetMatchCount(), len(trace.GetMatches()))
	}
	for i, m := range trace.GetMatches() {
		if m.GetName() != fmt.Sprint("call ", i+3) || m.GetType() != pb.SpanType_SPAN_TYPE_TOOL || m.GetDuration().AsDuration() != time.Duration(i+3)*time.Millisecond {
			t.Errorf("match %d is %v", i, m)
		}
		fields := map[string]string{}
		for _, f := range m.GetFields() {
			fields[f.GetKey()] = f.GetValue().GetStringValue()
		}
		if fields["tool:name"] != "search" || fields["duration"] != fmt.Sprint(i+3, "ms") || len(fields) != 2 {
			t.Errorf("match %d has the fields %v", i, m.GetFields())
		}
	}
	plain, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{})
	if err != nil || plain.GetTraces()[0].GetMatchCount() != 0 || plain.GetTraces()[0].GetMatches() != nil {
		t.Errorf("without a query: %v, %v", plain, err)
	}
}

func TestPagesOfAQueryListEverythingOnce(t *testing.T) {
	const n = 23
	s := newServer(t)
	writeTraces(t, s, n)
	for _, query := range []string{`{ type = agent }`, `{ content:input = "hello" }`} {
		for _, size := range []int32{1, 5, 22, 23, 24, 5000} {
			var traces, spans []string
			pages := 0
			for token := ""; token != "" || pages == 0; pages++ {
				res, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{PageSize: size, PageToken: token, Query: query})
				if err != nil {
					t.Fatal(err)
				}
				traces = append(traces, traceNames(res.GetTraces())...)
				token = res.GetNextPageToken()
			}
			if want := (n + int(size) - 1) / int(size); len(traces) != n || pages != want {
				t.Errorf("%s: pages of %d: %d traces on %d pages, want %d on %d", query, size, len(traces), pages, n, want)
			}
			for token, first := "", true; token != "" || first; first = false {
				res, err := s.traces.ListSpans(t.Context(), &pb.ListSpansRequest{PageSize: size, PageToken: token, Query: query, View: pb.SpanView(size % 3)})
				if err != nil {
					t.Fatal(err)
				}
				for _, span := range res.GetSpans() {
					spans = append(spans, span.GetName())
				}
				token = res.GetNextPageToken()
			}
			if !slices.Equal(spans, traces) {
				t.Errorf("%s: pages of %d spans: %v", query, size, spans)
			}
		}
	}
	first, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{PageSize: 1, Query: `{ type = agent }`})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{`{ type = tool }`, ""} {
		_, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{PageSize: 1, PageToken: first.GetNextPageToken(), Query: query})
		if reason, _ := reasonOf(err); reason != fault.ReasonPageTokenMismatch {
			t.Errorf("the token of another query, with %q: %v", query, err)
		}
	}
}

func TestSpansHaveWhatAQueryNames(t *testing.T) {
	s := newServer(t)
	writeSteps(t, s, 1, 2)
	for _, view := range []pb.SpanView{pb.SpanView_SPAN_VIEW_BASIC, pb.SpanView_SPAN_VIEW_FULL} {
		res, err := s.traces.ListSpans(t.Context(), &pb.ListSpansRequest{
			Query: `{ type = tool } | select(tool:arguments, failed)`, View: view, OrderBy: pb.SpanOrder_SPAN_ORDER_OLDEST_FIRST,
		})
		if err != nil || len(res.GetSpans()) != 2 || res.GetSpans()[0].GetName() != "call 0" {
			t.Fatalf("got %v, %v", res, err)
		}
		attributes := map[string]*pb.Value{}
		for _, a := range res.GetSpans()[0].GetAttributes() {
			attributes[a.GetKey()] = a.GetValue()
		}
		full := view == pb.SpanView_SPAN_VIEW_FULL
		if _, all := attributes["openinference.span.kind"]; all != full {
			t.Errorf("%v: attributes %v", view, attributes)
		}
		if named := attributes["tool:arguments"].GetStringValue() == `{"q":"weather"}` && attributes["failed"] != nil; named == full {
			t.Errorf("%v: attributes %v", view, attributes)
		}
	}
}

func TestPageIsShorterWhereWhatTheQueryNamesIsLarge(t *testing.T) {
	s := newServer(t, func(c *service.Config) { c.MaxTraceBytes = 64 << 10 })
	var spans []*pb.Span
	for i := range 20 {
		span := newSpan(i, fmt.Sprint("span ", i))
		span.Input = &pb.Content{Value: strings.Repeat("x", 20_000)}
		spans = append(spans, span)
	}
	write(t, s, spans...)
	const query = `{ name != "" } | select(content:input)`
	traces, found, pages := 0, 0, 0
	for token, first := "", true; token != "" || first; first = false {
		res, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{Query: query, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		if size := proto.Size(res); size > 100_000 {
			t.Errorf("a page of %d bytes", size)
		}
		traces += len(res.GetTraces())
		token = res.GetNextPageToken()
		pages++
	}
	for token, first := "", true; token != "" || first; first = false {
		res, err := s.traces.ListSpans(t.Context(), &pb.ListSpansRequest{Query: query, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		if size := proto.Size(res); size > 100_000 {
			t.Errorf("a page of %d bytes", size)
		}
		found += len(res.GetSpans())
		token = res.GetNextPageToken()
	}
	if traces != 20 || found != 20 || pages < 4 {
		t.Errorf("%d traces on %d pages and %d spans, want 20 each", traces, pages, found)
	}
}

// asked are all calls that take a query that selects spans.
func (s *server) asked(t *testing.T, query string) map[string]error {
	ctx := t.Context()
	errs := map[string]error{}
	_, errs["ListTraces"] = s.traces.ListTraces(ctx, &pb.ListTracesRequest{Query: query})
	_, errs["ListSpans"] = s.traces.ListSpans(ctx, &pb.ListSpansRequest{Query: query})
	streamTraces, err := s.traces.StreamTraces(ctx, &pb.StreamTracesRequest{Query: query})
	errs["StreamTraces"] = endOf(t, streamTraces, err)
	streamSpans, err := s.traces.StreamSpans(ctx, &pb.StreamSpansRequest{Query: query})
	errs["StreamSpans"] = endOf(t, streamSpans, err)
	export, err := s.traces.ExportTraces(ctx, &pb.ExportTracesRequest{Query: query})
	errs["ExportTraces"] = endOf(t, export, err)
	return errs
}

// endOf returns what a stream ends with.
func endOf[T any](t *testing.T, stream *connect.ServerStreamForClient[T], err error) error {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	for stream.Receive() {
	}
	return stream.Err()
}

func TestBadQueryIsExplained(t *testing.T) {
	s := newServer(t)
	tailSpans, err := s.tails.TailSpans(t.Context(), &pb.TailSpansRequest{Query: "{\n  toll:name = 1 }"})
	tailed := endOf(t, tailSpans, err)
	tailTraces, err := s.tails.TailTraces(t.Context(), &pb.TailTracesRequest{Query: "{\n  toll:name = 1 }"})
	tailedTraces := endOf(t, tailTraces, err)
	_, metrics := s.query.QueryMetrics(t.Context(), &pb.QueryMetricsRequest{Query: "{\n  toll:name = 1 } | rate()"})
	errs := s.asked(t, "{\n  toll:name = 1 }")
	errs["TailSpans"], errs["TailTraces"], errs["QueryMetrics"] = tailed, tailedTraces, metrics
	for call, err := range errs {
		reason, metadata := reasonOf(err)
		if connect.CodeOf(err) != connect.CodeInvalidArgument || reason != fault.ReasonQueryInvalid {
			t.Errorf("%s: %v with reason %q", call, err, reason)
			continue
		}
		if metadata["line"] != "2" || metadata["column"] != "3" || metadata["offset"] != "4" || metadata["suggestion"] != "tool:name" {
			t.Errorf("%s: %v", call, metadata)
		}
		if field := violatedField(err); field != "query" {
			t.Errorf("%s: the field at fault is %q", call, field)
		}
	}
	_, err = s.query.ListAttributeValues(t.Context(), &pb.ListAttributeValuesRequest{Expression: "usage:totl"})
	if reason, metadata := reasonOf(err); reason != fault.ReasonQueryInvalid || metadata["suggestion"] != "usage:total" || violatedField(err) != "expression" {
		t.Errorf("a misspelt expression: %v, %v", err, metadata)
	}
}

// violatedField returns the field that a BadRequest names.
func violatedField(err error) string {
	if e, ok := err.(*connect.Error); ok {
		for _, d := range e.Details() {
			if value, err := d.Value(); err == nil {
				if bad, ok := value.(*errdetails.BadRequest); ok && len(bad.GetFieldViolations()) == 1 {
					return bad.GetFieldViolations()[0].GetField()
				}
			}
		}
	}
	return ""
}

func TestQueryInTheWrongCallIsRefused(t *testing.T) {
	s := newServer(t)
	errs := s.asked(t, `{ type = llm } | rate()`)
	_, errs["QueryMetrics with a search"] = s.query.QueryMetrics(t.Context(), &pb.QueryMetricsRequest{Query: "{ type = llm }\n| count() > 1"})
	for _, query := range []string{`{} >> {}`, `{ trace:duration > 1s }`, `{ childCount > 1 }`, `{} | count() > 1`, `{} | rate()`} {
		stream, err := s.tails.TailSpans(t.Context(), &pb.TailSpansRequest{Query: query})
		errs["TailSpans with "+query] = endOf(t, stream, err)
	}
	stream, err := s.tails.TailTraces(t.Context(), &pb.TailTracesRequest{Query: `{} | rate()`})
	errs["TailTraces"] = endOf(t, stream, err)
	for call, err := range errs {
		if reason, _ := reasonOf(err); connect.CodeOf(err) != connect.CodeInvalidArgument || reason != fault.ReasonQueryInvalid || violatedField(err) != "query" {
			t.Errorf("%s: %v with reason %q", call, err, reason)
		}
	}
	if _, metadata := reasonOf(errs["QueryMetrics with a search"]); metadata["line"] != "2" || metadata["column"] != "14" {
		t.Errorf("a search where a metrics query is wanted: %v, want the place where it ends", metadata)
	}
}

func TestQueryTooLongIsRefused(t *testing.T) {
	s := newServer(t)
	for call, err := range s.asked(t, "{"+strings.Repeat(" ", 16_384)+"}") {
		if connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestBroadQueryIsRefusedWithAdvice(t *testing.T) {
	s := newServer(t, func(c *service.Config) {
		c.QueryLimits = search.Limits{MaxRange: 30 * 24 * time.Hour, MaxTraces: 2, MaxSeries: 2, MaxPoints: 40}
	})
	writeTraces(t, s, 6)
	lately := timestamppb.New(now.Add(-24 * time.Hour))
	const query = `{ content:input = "hello" }`
	_, longAgo := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{Query: query})
	_, traces := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{Query: query, StartTime: lately})
	_, spans := s.traces.ListSpans(t.Context(), &pb.ListSpansRequest{Query: query, StartTime: lately})
	_, series := s.query.QueryMetrics(t.Context(), &pb.QueryMetricsRequest{Query: `{} | rate() by (user:id)`, Step: durationpb.New(10 * time.Minute)})
	_, points := s.query.QueryMetrics(t.Context(), &pb.QueryMetricsRequest{Query: `{} | rate()`, Step: durationpb.New(time.Minute)})
	for name, c := range map[string]struct {
		err   error
		limit string
		most  string
	}{
		"range":  {longAgo, "max-query-range", fmt.Sprint(int64(30 * 24 * time.Hour))},
		"traces": {traces, "max-query-traces", "2"}, "traces of spans": {spans, "max-query-traces", "2"},
		"series": {series, "max-query-series", "2"}, "points": {points, "max-query-points", "40"},
	} {
		reason, metadata := reasonOf(c.err)
		if connect.CodeOf(c.err) != connect.CodeFailedPrecondition || reason != fault.ReasonQueryTooBroad || metadata["limit"] != c.limit || metadata["most"] != c.most {
			t.Errorf("%s: %v with %v", name, c.err, metadata)
		}
	}
	stream, err := s.traces.StreamTraces(t.Context(), &pb.StreamTracesRequest{Query: query, StartTime: lately})
	if err := endOf(t, stream, err); err != nil {
		t.Errorf("a stream has no limit on traces: %v", err)
	}
}
