package e2e_test

import (
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/sample"
)

// told is some agent runs, and what the language says of them.
type told struct {
	bodies [][]byte
	traces map[string][]*model.Span
}

// tell makes agent runs that started within the last hour.
func tell(t *testing.T, traces int) told {
	t.Helper()
	generator := sample.New(sample.Options{Seed: 7})
	begin := time.Now().Add(-time.Hour)
	var made []sample.Trace
	for n := range traces {
		made = append(made, generator.Trace(begin.Add(time.Duration(n)*time.Second)))
	}
	all := told{bodies: sample.Batches(made, 100), traces: map[string][]*model.Span{}}
	for _, body := range all.bodies {
		spans, err := otlp.DecodeSpans("default", body)
		if err != nil {
			t.Fatal(err)
		}
		for _, span := range spans {
			id := span.TraceID.String()
			all.traces[id] = append(all.traces[id], span)
		}
	}
	return all
}

// send exports everything to a server.
func (all told) send(t *testing.T, s *server) {
	t.Helper()
	client := newClient(t)
	for _, body := range all.bodies {
		mustStore(t, exportGRPC(t.Context(), client, s.url(), "default", body))
	}
}

// selected returns the ids of the spans that a query selects, sorted, and the
// traces that they are of.
func (all told) selected(t *testing.T, text string) (spans, traces []string) {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for id, trace := range all.traces {
		found := match.Select(q, match.NewTrace(trace))
		for _, one := range found {
			spans = append(spans, one.Span.SpanID.String())
		}
		if len(found) > 0 {
			traces = append(traces, id)
		}
	}
	slices.Sort(spans)
	slices.Sort(traces)
	return spans, traces
}

// questions have something to find among made-up runs: columns, structure,
// order, loops, content, attributes.
var questions = []string{
	`{ type = tool && failed }`,
	`{ type = agent } >> { type = tool && failed }`,
	`{ type = tool } then { type = llm && usage:output > 10 }`,
	`{ type = llm } | count() > 4`,
	`{ type = tool } | by(tool:name) | count() > 1`,
	`{ content:input : "refund" }`,
	`{ resource.service.name != nil && instrumentation:name =~ ".*agno" && type = agent } | select(agent:name, content:output)`,
	`{ event.exception.type != nil }`,
	`{ status = error } !< { status = error }`,
}

func TestQueriesAnswerTheSameInEveryProtocolOnBothStores(t *testing.T) {
	all := tell(t, 150)
	type answer struct{ spans, traces []string }
	want := map[string]answer{}
	for _, text := range questions {
		spans, traces := all.selected(t, text)
		if len(spans) == 0 {
			t.Errorf("%s finds nothing: the runs do not test it", text)
		}
		want[text] = answer{spans, traces}
	}
	eachStore(t, func(t *testing.T, store string) {
		s := startServer(t, "--store="+store)
		all.send(t, s)
		for name, option := range map[string]connect.ClientOption{
			"connect": connect.WithProtoJSON(), "grpc": connect.WithGRPC(), "grpc-web": connect.WithGRPCWeb(),
		} {
			client := agenttracev1connect.NewTraceServiceClient(newClient(t), s.url(), option)
			for text, want := range want {
				same(t, name+": spans of "+text, want.spans, streamedSpans(t, client, text))
				same(t, name+": traces of "+text, want.traces, listedTraces(t, client, text))
			}
			countsAgree(t, s, all, option)
		}
		s.stop()
	})
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	slices.Sort(got)
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differ (-want +got):\n%s", what, diff)
	}
}

func streamedSpans(t *testing.T, client agenttracev1connect.TraceServiceClient, text string) (ids []string) {
	t.Helper()
	stream, err := client.StreamSpans(t.Context(), &agenttracev1.StreamSpansRequest{Query: text})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for stream.Receive() {
		for _, span := range stream.Msg().GetSpans() {
			ids = append(ids, span.GetSpanId())
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// listedTraces reads page by page.
func listedTraces(t *testing.T, client agenttracev1connect.TraceServiceClient, text string) (ids []string) {
	t.Helper()
	req := &agenttracev1.ListTracesRequest{Query: text, PageSize: 7}
	for {
		page, err := client.ListTraces(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range page.GetTraces() {
			ids = append(ids, trace.GetTraceId())
			if len(trace.GetMatches()) == 0 || trace.GetMatchCount() < int64(len(trace.GetMatches())) {
				t.Errorf("%s: trace %s shows %d of %d matches", text, trace.GetTraceId(), len(trace.GetMatches()), trace.GetMatchCount())
			}
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			return ids
		}
	}
}

// countsAgree holds metrics that the store computes, and such as it cannot, to
// what the searches find.
func countsAgree(t *testing.T, s *server, all told, option connect.ClientOption) {
	t.Helper()
	client := agenttracev1connect.NewQueryServiceClient(newClient(t), s.url(), option)
	end := time.Now().Add(time.Hour)
	for _, text := range questions {
		spans, _ := all.selected(t, text)
		metrics, err := client.QueryMetrics(t.Context(), &agenttracev1.QueryMetricsRequest{
			Query:     text + " | count_over_time() by (type)",
			StartTime: timestamppb.New(end.Add(-4 * time.Hour)), EndTime: timestamppb.New(end), Step: durationpb.New(10 * time.Minute),
		})
		if err != nil {
			t.Errorf("metrics of %s: %v", text, err)
			continue
		}
		total := 0.0
		for _, series := range metrics.GetSeries() {
			if len(series.GetExemplars()) == 0 {
				t.Errorf("metrics of %s: no exemplars", text)
			}
			for _, point := range series.GetPoints() {
				total += point.GetValue()
			}
		}
		if int(total) != len(spans) {
			t.Errorf("metrics of %s count %v spans, the search finds %d", text, total, len(spans))
		}
	}
}

// TestATailGoesOnAtAnotherServer follows two servers on one database. The tail
// is broken off after every message and goes on at the other server.
func TestATailGoesOnAtAnotherServer(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		servers := []*server{startServer(t, "--store="+store), startServer(t, "--store="+store)}
		var tails []agenttracev1connect.TailServiceClient
		for i, s := range servers {
			option := []connect.ClientOption{connect.WithGRPC(), connect.WithGRPCWeb()}[i]
			tails = append(tails, agenttracev1connect.NewTailServiceClient(newClient(t), s.url(), option))
		}
		const text = `{ type = tool || content:output : "the" }`
		first := message(t, tails[0], "", text) // says where now is

		all := tell(t, 30)
		client := newClient(t)
		for i, body := range all.bodies {
			mustStore(t, exportGRPC(t.Context(), client, servers[i%2].url(), "default", body))
		}
		want, _ := all.selected(t, text)
		var got []string
		for at, n := first.cursor, 1; len(got) < len(want); n++ {
			m := message(t, tails[n%2], at, text)
			if got, at = append(got, m.spans...), m.cursor; m.dropped {
				t.Fatal("a tail that was never slow has dropped something")
			}
		}
		same(t, "tailed spans", want, got)
	})
}

// tailed is what came up to a cursor.
type tailed struct {
	spans   []string
	cursor  string
	dropped bool
}

// message opens a tail, reads until something came that can be gone on from, and
// breaks it off.
func message(t *testing.T, client agenttracev1connect.TailServiceClient, since, text string) (m tailed) {
	t.Helper()
	stream, err := client.TailSpans(t.Context(), &agenttracev1.TailSpansRequest{Since: since, Query: text})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for stream.Receive() {
		res := stream.Msg()
		for _, span := range res.GetBatch().GetSpans() {
			m.spans = append(m.spans, span.GetSpanId())
		}
		m.dropped = m.dropped || res.GetDropped() != nil
		if m.cursor = res.GetCursor(); m.cursor != "" && (since == "" || res.GetHeartbeat() == nil) {
			return m
		}
	}
	t.Fatalf("the tail ended: %v", stream.Err())
	return m
}
