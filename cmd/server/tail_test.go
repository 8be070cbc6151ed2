package main

import (
	"testing"

	"connectrpc.com/connect"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/pgtest"
)

func TestTailSeesWhatAnotherServerStored(t *testing.T) {
	database := "--store=" + pgtest.Database(t)
	one, other := newServer(t, database), newServer(t, database)
	start(t, one)
	start(t, other)
	c := client(t, true)
	tails := agenttracev1connect.NewTailServiceClient(c, url(one, 0), connect.WithGRPC())
	tail, err := tails.TailTraces(t.Context(), &agenttracev1.TailTracesRequest{Query: `{ } | count() > 1`})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tail.Close() }()
	if !tail.Receive() || tail.Msg().GetHeartbeat() == nil {
		t.Fatalf("first came %v, %v", tail.Msg(), tail.Err())
	}
	cursor := tail.Msg().GetCursor()
	trace := newTrace(1)
	mustPost(t, c, url(other, 0), trace)
	for tail.Receive() && tail.Msg().GetBatch() == nil {
	}
	if got := tail.Msg().GetBatch().GetTraces(); len(got) != 1 || got[0].GetTraceId() != trace.ID.String() || got[0].GetSpanCount() != int64(len(trace.Spans)) {
		t.Errorf("got %v, %v", got, tail.Err())
	}

	// The cursor of one server is good on the other, and for the other call.
	spans, err := agenttracev1connect.NewTailServiceClient(c, url(other, 0)).TailSpans(t.Context(), &agenttracev1.TailSpansRequest{Since: cursor})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = spans.Close() }()
	for spans.Receive() && spans.Msg().GetBatch() == nil {
	}
	if got := len(spans.Msg().GetBatch().GetSpans()); got != len(trace.Spans) {
		t.Errorf("since the cursor: %d spans, want %d, %v", got, len(trace.Spans), spans.Err())
	}
	drain(t, one)
	drain(t, other)
}
