package main

import (
	"slices"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/sample"
)

func TestDemoMakesADayOfTraces(t *testing.T) {
	s := newServer(t, "--demo")
	start(t, s)
	reader := agenttracev1connect.NewTraceServiceClient(client(t, false), url(s, 0))
	list := func() []*agenttracev1.Trace {
		t.Helper()
		res, err := reader.ListTraces(t.Context(), &agenttracev1.ListTracesRequest{PageSize: 1000})
		if err != nil {
			t.Fatal(err)
		}
		return res.GetTraces()
	}
	var traces []*agenttracev1.Trace
	await(t, "most of a day's history is written", func() bool {
		if traces = list(); len(traces) < demoTraces*9/10 {
			return false
		}
		oldest, newest := traces[len(traces)-1].GetStartTime().AsTime(), traces[0].GetStartTime().AsTime()
		return newest.Sub(oldest) >= demoHistory*9/10
	})
	if !slices.ContainsFunc(traces, (*agenttracev1.Trace).GetFailed) || !slices.ContainsFunc(traces, func(tr *agenttracev1.Trace) bool { return !tr.GetFailed() }) {
		t.Error("want some traces that failed and some that did not")
	}
}

func TestDemoEndsInTheMiddleOfItsHistory(t *testing.T) {
	s := newServer(t, "--demo", "--shutdown-timeout=10s")
	start(t, s)
	begun := time.Now()
	drain(t, s)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the drain took %v", took)
	}
}

func TestDemoKeepsOneHistoryOverRestarts(t *testing.T) {
	trace := newTrace(3)
	s := newServer(t)
	start(t, s)
	mustPost(t, client(t, false), url(s, 0), trace)
	drain(t, s)

	store, err := openStore(t.Context(), s.Config, 1, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	// There is no pipeline: writing anything would fail the test loudly.
	d := newDemo(store, nil, s.Log, time.Now)
	if err := d.writeHistory(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLiveSpansAreSentAsTheyEnd(t *testing.T) {
	trace := newTrace(5)
	d := &demo{live: []sample.Trace{trace}}
	var sent []sample.Span
	step := time.Duration(trace.End-trace.Start)/10 + 1
	for now := time.Unix(0, trace.Start); len(d.live) > 0; now = now.Add(step) {
		for _, part := range d.ended(now) {
			if part.ID != trace.ID || len(part.Spans) == 0 {
				t.Fatalf("sent %d spans of trace %s", len(part.Spans), part.ID)
			}
			for _, span := range part.Spans {
				if span.End > now.UnixNano() || span.End <= now.Add(-step).UnixNano() {
					t.Errorf("span %q that ended at %d is sent at %d", span.Name, span.End, now.UnixNano())
				}
			}
			sent = append(sent, part.Spans...)
		}
	}
	if len(sent) != len(trace.Spans) {
		t.Errorf("%d spans sent, want %d", len(sent), len(trace.Spans))
	}
}
