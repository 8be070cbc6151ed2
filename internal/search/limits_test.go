package search

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query/series"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func TestWhatIsTooBroadSaysWhichLimitItExceeds(t *testing.T) {
	const structural, content = `{ name = "run" } > { name = "ask" }`, `{ .turn >= 0 }`
	tests := []struct {
		name   string
		limits Limits
		query  string
		flag   string
		most   int64
	}{
		{"traces", Limits{MaxTraces: 30}, structural, FlagMaxTraces, 30},
		{"traces with content", Limits{MaxTraces: 30}, content, FlagMaxTraces, 30},
		{"bytes", Limits{MaxBytes: 20_000}, content, FlagMaxBytes, 20_000},
		{"spans of a trace", Limits{MaxTraceSpans: 2}, structural, FlagMaxTraceSpans, 2},
		{"spans of a trace with content", Limits{MaxTraceSpans: 2}, content, FlagMaxTraceSpans, 2},
		{"bytes of a trace", Limits{MaxTraceBytes: 100}, content, FlagMaxTraceBytes, 100},
		{"time", Limits{MaxRange: time.Minute}, structural, FlagMaxRange, int64(time.Minute)},
	}
	m := newMemory(t, 2, runs(100)...)
	for _, test := range tests {
		e := &Engine{Store: m, Limits: test.limits}
		metrics := func(ctx context.Context) error {
			grid := series.Grid{Start: began, End: began + 100*second, Step: second}
			_, err := e.Metrics(ctx, project, parse(t, test.query+" | rate()"), grid, 0)
			return err
		}
		_, traces := collect(e.Traces(t.Context(), project, parse(t, test.query), repo.TraceQuery{}, nil))
		_, spans := collect(e.Spans(t.Context(), project, parse(t, test.query), repo.SpanQuery{}, nil))
		for of, err := range map[string]error{"traces": traces, "spans": spans, "metrics": metrics(t.Context())} {
			broad, ok := errors.AsType[*TooBroad](err)
			if !ok || broad.Limit != test.flag || broad.Most != test.most || broad.Advice == "" {
				t.Errorf("%s: %s: got %v", test.name, of, err)
			}
		}
	}
}

func TestALimitIsReachedBehindWhatWasFoundBefore(t *testing.T) {
	m := newMemory(t, 2, runs(100)...)
	e := &Engine{Store: m, Limits: Limits{MaxTraces: 30}}
	found, err := collect(e.Traces(t.Context(), project, parse(t, `{ .turn >= 0 }`), repo.TraceQuery{}, nil))
	if _, ok := errors.AsType[*TooBroad](err); !ok || len(found) != 30 {
		t.Errorf("found %d traces and %v", len(found), err)
	}
	found, err = collect(e.Traces(t.Context(), project, parse(t, `{ .turn >= 0 }`), repo.TraceQuery{Limit: 30}, nil))
	if err != nil || len(found) != 30 {
		t.Errorf("with a limit of 30: found %d traces and %v", len(found), err)
	}
}

func TestWhatIsTooBroadSaysWhatIsAllowed(t *testing.T) {
	id := model.TraceID{15: 1}
	for _, test := range []struct {
		err  *TooBroad
		want string
	}{
		{&TooBroad{Limit: FlagMaxRange, Most: int64(2 * time.Hour), Advice: "x"}, "--max-query-range allows (2h0m0s): x"},
		{Limits{MaxTraces: 30}.tooManyTraces(), "--max-query-traces allows (30): "},
		{traceTooLarge(id, FlagMaxTraceSpans, 10), "such as trace:spanCount <= 10"},
		{traceTooLarge(id, FlagMaxTraceBytes, 10), `such as trace:id != "00000000000000000000000000000001"`},
	} {
		if !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("got %q, want it to contain %q", test.err, test.want)
		}
	}
}

func TestATimeRangeIsMeasuredUntilNow(t *testing.T) {
	m := newMemory(t, 2, runs(10)...)
	e := &Engine{Store: m, Limits: Limits{MaxRange: time.Hour}, Now: func() time.Time { return time.Unix(0, began+3600*second) }}
	for _, test := range []struct {
		within model.TimeRange
		broad  bool
	}{
		{model.TimeRange{Start: began}, false},
		{model.TimeRange{Start: began - 1}, true},
		{model.TimeRange{Start: began - 1, End: began + 3600*second - 1}, false},
		{model.TimeRange{End: began + second}, true},
		{model.TimeRange{}, true},
	} {
		_, err := collect(e.Traces(t.Context(), project, parse(t, `{}`), repo.TraceQuery{Start: test.within}, nil))
		if _, broad := errors.AsType[*TooBroad](err); broad != test.broad {
			t.Errorf("%+v: got %v", test.within, err)
		}
	}
	// One trace is never a broad search.
	if n := len(must(t, e.Spans(t.Context(), project, parse(t, `{}`), repo.SpanQuery{TraceID: traceID(1)}, nil))); n != 3 {
		t.Errorf("got %d spans of one trace", n)
	}
}

func TestATraceThatIsTooLargeCanBeLeftOut(t *testing.T) {
	spans := runs(20)
	for n := range 50 {
		large := *spans[31]
		large.SpanID = spanID(100 + n)
		spans = append(spans, &large)
	}
	m := newMemory(t, 10, spans...)
	e := &Engine{Store: m, Limits: Limits{MaxTraceSpans: 20}}
	for _, text := range []string{`{ .turn >= 0 && name = "ask" }`, `{ name = "run" } > { name = "ask" }`} {
		_, traces := collect(e.Traces(t.Context(), project, parse(t, text), repo.TraceQuery{}, nil))
		_, spans := collect(e.Spans(t.Context(), project, parse(t, text), repo.SpanQuery{}, nil))
		for _, err := range []error{traces, spans} {
			broad, ok := errors.AsType[*TooBroad](err)
			if !ok || !strings.Contains(broad.Advice, traceID(10).String()) {
				t.Errorf("%s: the trace is not named: %v", text, err)
			}
		}
	}
	if m.widest != 21 {
		t.Errorf("%d spans of one trace were read, want one more than may be", m.widest)
	}
	const small = `{ .turn >= 0 && name = "ask" && trace:spanCount < 10 }`
	if found := must(t, e.Traces(t.Context(), project, parse(t, small), repo.TraceQuery{}, nil)); len(found) != 19 {
		t.Errorf("found %d traces without the large one", len(found))
	}
	if found := must(t, e.Spans(t.Context(), project, parse(t, small), repo.SpanQuery{}, nil)); len(found) != 19 {
		t.Errorf("found %d spans without those of the large trace", len(found))
	}
}

// A worker that asked for a connection while it holds one could wait for ever:
// all others may do the same.
func TestALargeTraceIsLookedUpWhenNothingIsBeingRead(t *testing.T) {
	m := newMemory(t, 2, runs(20)...)
	m.before = func(method string) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if method == "Trace" && m.contents > 0 {
			return errors.New("content is being read")
		}
		return nil
	}
	e := &Engine{Store: m, Limits: Limits{MaxTraceSpans: 2, Workers: 1}}
	q := parse(t, `{ .turn >= 0 && trace:spanCount < 3 }`)
	if found := must(t, e.Spans(t.Context(), project, q, repo.SpanQuery{}, nil)); len(found) > 0 || m.count("Trace") != 20 {
		t.Errorf("found %d spans and looked up %d traces, want none and 20", len(found), m.count("Trace"))
	}
}

func TestContentThatCannotHoldWhatIsWantedIsNotDecoded(t *testing.T) {
	m := newMemory(t, 2, runs(20)...)
	for id := range m.segments {
		if id != traceID(10) && id != traceID(0) {
			m.segments[id] = nil
			m.addSegment(id, 1, otlp.EncodeSpans([]*model.Span{{Name: "without ids"}}))
		}
	}
	e := &Engine{Store: m}
	q := parse(t, `{ content:input : "PARCEL" }`)
	if found := must(t, e.Traces(t.Context(), project, q, repo.TraceQuery{}, nil)); len(found) != 2 {
		t.Errorf("found %d traces", len(found))
	}
	// Damage shows where content is decoded, and is not the fault of the query.
	_, err := collect(e.Traces(t.Context(), project, parse(t, `{ content:input != "x" }`), repo.TraceQuery{}, nil))
	if err == nil {
		t.Error("damaged content was decoded")
	}
}
