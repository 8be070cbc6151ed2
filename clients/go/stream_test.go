package agenttrace_test

import (
	"context"
	"iter"
	"slices"
	"testing"

	"connectrpc.com/connect"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// endless sends messages until its caller is gone.
type endless struct {
	agenttracev1connect.UnimplementedTraceServiceHandler
	agenttracev1connect.UnimplementedRunServiceHandler
	agenttracev1connect.UnimplementedSessionServiceHandler
	agenttracev1connect.UnimplementedUsageServiceHandler
	agenttracev1connect.UnimplementedTailServiceHandler
	gone chan error
}

// pour sends one message, and then nothing more until the caller is gone: only
// what ends the call tells the server.
func pour[T any](ctx context.Context, e *endless, s *connect.ServerStream[T], m *T) error {
	if err := s.Send(m); err != nil {
		return err
	}
	<-ctx.Done()
	e.gone <- ctx.Err()
	return ctx.Err()
}

func (e *endless) StreamTrace(ctx context.Context, _ *agenttrace.StreamTraceRequest, s *connect.ServerStream[agenttrace.StreamTraceResponse]) error {
	return pour(ctx, e, s, &agenttrace.StreamTraceResponse{Trace: &agenttrace.Trace{}})
}

func (e *endless) StreamTraces(ctx context.Context, _ *agenttrace.StreamTracesRequest, s *connect.ServerStream[agenttrace.StreamTracesResponse]) error {
	return pour(ctx, e, s, &agenttrace.StreamTracesResponse{Traces: []*agenttrace.Trace{{}, {}}})
}

func (e *endless) StreamSpans(ctx context.Context, _ *agenttrace.StreamSpansRequest, s *connect.ServerStream[agenttrace.StreamSpansResponse]) error {
	return pour(ctx, e, s, &agenttrace.StreamSpansResponse{Spans: []*agenttrace.Span{{}, {}}})
}

func (e *endless) ExportTraces(ctx context.Context, _ *agenttrace.ExportTracesRequest, s *connect.ServerStream[agenttrace.ExportTracesResponse]) error {
	return pour(ctx, e, s, &agenttrace.ExportTracesResponse{SpanCount: 1})
}

func (e *endless) StreamRuns(ctx context.Context, _ *agenttrace.StreamRunsRequest, s *connect.ServerStream[agenttrace.StreamRunsResponse]) error {
	return pour(ctx, e, s, &agenttrace.StreamRunsResponse{Runs: []*agenttrace.Run{{}, {}}})
}

func (e *endless) StreamSession(ctx context.Context, _ *agenttrace.StreamSessionRequest, s *connect.ServerStream[agenttrace.StreamSessionResponse]) error {
	return pour(ctx, e, s, &agenttrace.StreamSessionResponse{Session: &agenttrace.Session{}})
}

func (e *endless) Reprice(ctx context.Context, _ *agenttrace.RepriceRequest, s *connect.ServerStream[agenttrace.RepriceResponse]) error {
	return pour(ctx, e, s, &agenttrace.RepriceResponse{Traces: 1})
}

func (e *endless) TailSpans(ctx context.Context, _ *agenttrace.TailSpansRequest, s *connect.ServerStream[agenttrace.TailSpansResponse]) error {
	return pour(ctx, e, s, &agenttrace.TailSpansResponse{Event: &agenttrace.TailSpansResponse_Heartbeat{Heartbeat: &agenttrace.Heartbeat{}}})
}

func (e *endless) TailTraces(ctx context.Context, _ *agenttrace.TailTracesRequest, s *connect.ServerStream[agenttrace.TailTracesResponse]) error {
	return pour(ctx, e, s, &agenttrace.TailTracesResponse{Event: &agenttrace.TailTracesResponse_Heartbeat{Heartbeat: &agenttrace.Heartbeat{}}})
}

// first takes one thing of a sequence, and breaks off.
func first[T any](t *testing.T, items iter.Seq2[T, error]) {
	t.Helper()
	for _, err := range items {
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	}
	t.Error("nothing came")
}

// streams begin each stream that the client has.
var streams = map[string]func(t *testing.T, ctx context.Context, c *agenttrace.Client){
	"StreamTrace":   func(t *testing.T, ctx context.Context, c *agenttrace.Client) { first(t, c.StreamTrace(ctx, nil)) },
	"StreamTraces":  func(t *testing.T, ctx context.Context, c *agenttrace.Client) { first(t, c.StreamTraces(ctx, nil)) },
	"StreamSpans":   func(t *testing.T, ctx context.Context, c *agenttrace.Client) { first(t, c.StreamSpans(ctx, nil)) },
	"ExportTraces":  func(t *testing.T, ctx context.Context, c *agenttrace.Client) { first(t, c.ExportTraces(ctx, nil)) },
	"StreamRuns":    func(t *testing.T, ctx context.Context, c *agenttrace.Client) { first(t, c.StreamRuns(ctx, nil)) },
	"StreamSession": func(t *testing.T, ctx context.Context, c *agenttrace.Client) { first(t, c.StreamSession(ctx, nil)) },
	"Reprice":       func(t *testing.T, ctx context.Context, c *agenttrace.Client) { first(t, c.Reprice(ctx, nil)) },
	"TailSpans":     func(t *testing.T, ctx context.Context, c *agenttrace.Client) { first(t, c.TailSpans(ctx, nil)) },
	"TailTraces":    func(t *testing.T, ctx context.Context, c *agenttrace.Client) { first(t, c.TailTraces(ctx, nil)) },
}

func TestBreakingALoopOffEndsTheServersWork(t *testing.T) {
	for service := range everyService {
		for i := range service.Methods().Len() {
			call := service.Methods().Get(i)
			if call.IsStreamingServer() && streams[string(call.Name())] == nil {
				t.Errorf("%s is not tested", call.Name())
			}
		}
	}
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		e := &endless{gone: make(chan error, 1)}
		client := newClient(t, serve(t, services{traces: e, runs: e, sessions: e, usage: e, tails: e}.handler()), protocol)
		for name, begin := range streams {
			t.Run(name, func(t *testing.T) {
				begin(t, t.Context(), client)
				if err := <-e.gone; err == nil {
					t.Error("the handler's context did not end")
				}
			})
		}
	})
}

// searching sends two traces, progress, one trace and progress.
type searching struct {
	failing
	breakAfter int // messages
}

func (s *searching) StreamTraces(_ context.Context, _ *agenttrace.StreamTracesRequest, stream *connect.ServerStream[agenttrace.StreamTracesResponse]) error {
	failed := s.next()
	for i, m := range []*agenttrace.StreamTracesResponse{
		{Traces: []*agenttrace.Trace{{Name: "a"}, {Name: "b"}}},
		{Progress: &agenttrace.Progress{Traces: 10}},
		{Traces: []*agenttrace.Trace{{Name: "c"}}},
		{Progress: &agenttrace.Progress{Traces: 20}},
	} {
		if failed != nil && i == s.breakAfter {
			return failed
		}
		if err := stream.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// search returns what a search yields, in its order.
func search(t *testing.T, s *searching, protocol agenttrace.Option) (got []string, end error) {
	t.Helper()
	client := newClient(t, serve(t, services{traces: s}.handler()), protocol)
	progress := agenttrace.OnProgress(func(p *agenttrace.Progress) {
		got = append(got, map[int64]string{10: "half", 20: "all"}[p.GetTraces()])
	})
	for trace, err := range client.StreamTraces(t.Context(), nil, progress) {
		if err != nil {
			return got, err
		}
		got = append(got, trace.GetName())
	}
	return got, nil
}

func TestProgressComesBetweenWhatIsFound(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		got, err := search(t, new(searching), protocol)
		if want := []string{"a", "b", "half", "c", "all"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q and %v, want %q", got, err, want)
		}
	})
}

func TestAStreamIsBegunAgainOnlyBeforeItHasDelivered(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		s := &searching{failing: failing{errs: []error{away, away}}}
		got, err := search(t, s, protocol)
		if err != nil || len(got) != 5 || len(s.attempts.seen()) != 3 {
			t.Errorf("got %q and %v after %d attempts", got, err, len(s.attempts.seen()))
		}
		s = &searching{failing: failing{errs: []error{away, away}}, breakAfter: 1}
		got, err = search(t, s, protocol)
		if !agenttrace.IsUnavailable(err) || len(got) != 2 || len(s.attempts.seen()) != 1 {
			t.Errorf("got %q and %v after %d attempts", got, err, len(s.attempts.seen()))
		}
	})
}
