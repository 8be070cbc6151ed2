package search

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func idsOf(found []TraceMatch) (ids []model.TraceID) {
	for _, m := range found {
		ids = append(ids, m.Trace.TraceID)
	}
	return ids
}

func TestTracesAreFoundInTheOrderOfTheList(t *testing.T) {
	m := newMemory(t, 2, runs(200)...)
	for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
		for _, text := range []string{
			`{ name = "run" } >> { tool:name = "track" && failed }`,
			`{ content:input : "PARCEL" }`,
			`{ .turn % 5 = 0 } | select(.turn)`,
		} {
			q := parse(t, text)
			var want []model.TraceID
			for _, trace := range m.tracesOf(repo.TraceQuery{Order: order}) {
				if len(match.Select(q, match.NewTrace(m.whole[trace.TraceID]))) > 0 {
					want = append(want, trace.TraceID)
				}
			}
			found := must(t, (&Engine{Store: m}).Traces(t.Context(), project, q, repo.TraceQuery{Order: order}, nil))
			if got := idsOf(found); len(want) == 0 || !slices.Equal(want, got) {
				t.Errorf("%s in order %d: got %d traces, want %d", text, order, len(got), len(want))
			}
		}
	}
}

func TestPlainFieldsOfTheRequestHoldToo(t *testing.T) {
	m := newMemory(t, 2, runs(60)...)
	e := &Engine{Store: m}
	tq := repo.TraceQuery{
		Identity: model.Identity{SessionID: "session-1"},
		Start:    model.TimeRange{Start: began + 10*second, End: began + 50*second},
	}
	q := parse(t, `{ name = "track" && failed }`)
	for _, found := range must(t, e.Traces(t.Context(), project, q, tq, nil)) {
		n := int((found.Trace.StartNano - began) / second)
		if n%4 != 1 || n%3 != 0 || n < 10 || n >= 50 {
			t.Errorf("trace %d is found", n)
		}
	}
	if n := len(must(t, e.Traces(t.Context(), project, q, tq, nil))); n != 3 { // 21, 33 and 45
		t.Errorf("got %d traces", n)
	}
}

func TestResultsDoNotHoldContent(t *testing.T) {
	m := newMemory(t, 2, runs(20)...)
	q := parse(t, `{ content:input : "parcel" } | select(content:input)`)
	found := must(t, (&Engine{Store: m}).Traces(t.Context(), project, q, repo.TraceQuery{}, nil))
	if len(found) != 2 {
		t.Fatalf("got %d traces", len(found))
	}
	for _, one := range found {
		selected := one.Spans[0]
		if selected.Span.Body != nil {
			t.Error("a result has a body")
		}
		if len(selected.Fields) != 1 || selected.Fields[0].Value.Text != "Where is my parcel?" {
			t.Errorf("got fields %v", selected.Fields)
		}
	}
}

func TestAPageIsNotFollowedByAnotherWhenItMayBeEnough(t *testing.T) {
	m := newMemory(t, 2, runs(500)...)
	e := &Engine{Store: m}
	found := must(t, e.Traces(t.Context(), project, parse(t, `{ name = "run" }`), repo.TraceQuery{Limit: 20}, nil))
	if len(found) != 20 || m.count("Traces") != 1 {
		t.Errorf("found %d traces in %d pages", len(found), m.count("Traces"))
	}
	found = must(t, e.Traces(t.Context(), project, parse(t, `{ .turn % 7 = 0 }`), repo.TraceQuery{Limit: 20}, nil))
	if len(found) != 20 {
		t.Errorf("found %d traces where every seventh matches", len(found))
	}
}

// errBroken is what a store says that is out of order.
var errBroken = errors.New("broken")

func TestErrorsOfTheStoreComeThroughBehindWhatWasFound(t *testing.T) {
	tests := []struct {
		method string
		after  int64 // calls and items
		query  string
	}{
		{"Traces", 0, `{ failed }`},
		{"Traces", 1, `{ failed }`},
		{"TraceSpans", 0, `{ name = "run" } > { failed }`},
		{"TraceSpans", 70, `{ name = "run" } > { failed }`},
		{"Segments", 0, `{ .turn % 3 = 0 }`},
		{"Segments", 70, `{ .turn % 3 = 0 }`},
	}
	for _, test := range tests {
		m := newMemory(t, 2, runs(300)...)
		var calls atomic.Int64
		m.before = func(method string) error {
			if method == test.method && calls.Add(1) > test.after {
				return errBroken
			}
			return nil
		}
		// One worker: of two, the second could be the one that uses up the calls.
		e := &Engine{Store: m, Limits: Limits{Workers: 1}}
		found, err := collect(e.Traces(t.Context(), project, parse(t, test.query), repo.TraceQuery{}, nil))
		if !errors.Is(err, errBroken) {
			t.Errorf("%s after %d: got error %v", test.method, test.after, err)
		}
		if (len(found) > 0) != (test.after > 0) {
			t.Errorf("%s after %d: found %d traces before", test.method, test.after, len(found))
		}
		if m.open.Load() != 0 {
			t.Errorf("%s after %d: the store is still being asked", test.method, test.after)
		}
	}
}

func TestBreakingOffStopsEverything(t *testing.T) {
	for _, text := range []string{`{ name = "run" } > { name = "ask" }`, `{ .turn >= 0 }`} {
		for _, workers := range []int{1, 2, 4} {
			m := newMemory(t, 1, runs(400)...)
			e := &Engine{Store: m, Limits: Limits{Workers: workers}}
			for _, err := range e.Traces(t.Context(), project, parse(t, text), repo.TraceQuery{}, nil) {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if m.open.Load() != 0 {
				t.Errorf("%s: the store is still being asked", text)
			}
			if n := m.reads(); n > 2*(workers+1)*chunkTraces {
				t.Errorf("%s: %d traces were read for one result", text, n)
			}
		}
	}
}

func TestTheEndOfTheContextIsTheError(t *testing.T) {
	m := newMemory(t, 2, runs(300)...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range (&Engine{Store: m}).Traces(ctx, project, parse(t, `{ name = "run" } > { name = "ask" }`), repo.TraceQuery{}, nil) {
		last = err
		if n++; n == 3 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || n == 300 {
		t.Errorf("the search ended after %d items with %v", n, last)
	}
	if m.open.Load() != 0 {
		t.Error("the store is still being asked")
	}
}

func TestContentIsReadByAsManyAsThereAreWorkers(t *testing.T) {
	m := newMemory(t, 1, runs(300)...)
	e := &Engine{Store: m, Limits: Limits{Workers: 3}}
	must(t, e.Traces(t.Context(), project, parse(t, `{ .turn = 1 }`), repo.TraceQuery{}, nil))
	if m.most > 3 {
		t.Errorf("the content of %d traces was read at once", m.most)
	}
}

func TestLargeResultsDoNotPileUp(t *testing.T) {
	spans := runs(16)
	text := strings.Repeat("x", enough/3)
	for _, s := range spans {
		if s.Name == "ask" {
			s.Body.Attributes = append(s.Body.Attributes, model.KeyValue{Key: "long", Value: model.StringValue(text)})
		}
	}
	m := newMemory(t, 3, spans...)
	e := &Engine{Store: m, Limits: Limits{Workers: 2}}
	n := 0
	for _, err := range e.Traces(t.Context(), project, parse(t, `{ name = "ask" } | select(.long)`), repo.TraceQuery{}, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			// Of each of two chunks, what is enough.
			if m.reads() > 2*4 {
				t.Errorf("%d traces were read before the first result was taken", m.reads())
			}
		}
	}
	if n != 16 {
		t.Errorf("found %d traces", n)
	}
}

func TestALongFruitlessSearchTellsHowFarItIs(t *testing.T) {
	m := newMemory(t, 2, runs(600)...)
	var told []Progress
	found := must(t, (&Engine{Store: m}).Traces(t.Context(), project, parse(t, `{ .turn < 0 }`), repo.TraceQuery{},
		func(p Progress) { told = append(told, p) }))
	if len(found) != 0 || len(told) < 3 {
		t.Fatalf("found %d, told %d times", len(found), len(told))
	}
	before := Progress{Reached: began + 600*second}
	for _, p := range told {
		if p.Traces-before.Traces > tellTraces || p.Reached >= before.Reached || p.Found != 0 {
			t.Errorf("told %+v after %+v", p, before)
		}
		before = p
	}
	var bytes int64
	for _, segments := range m.segments {
		for _, s := range segments {
			bytes += int64(len(s.Data))
		}
	}
	if want := (Progress{Reached: began, Traces: 600, Bytes: bytes}); before != want {
		t.Errorf("at the end: %+v, want %+v", before, want)
	}
}

func TestASearchEndsWithProgress(t *testing.T) {
	e := &Engine{Store: newMemory(t, 2, runs(10)...)}
	for _, test := range []struct {
		query string
		limit int
		found int64
	}{
		{`{ name = "nobody" }`, 0, 0},
		{`{ name = "run" }`, 3, 3},
		{`{ .turn >= 0 }`, 3, 3},
		{`{ name = "run" } > { name = "ask" }`, 3, 3},
	} {
		var traces, spans []Progress
		must(t, e.Traces(t.Context(), project, parse(t, test.query), repo.TraceQuery{Limit: test.limit},
			func(p Progress) { traces = append(traces, p) }))
		must(t, e.Spans(t.Context(), project, parse(t, test.query), repo.SpanQuery{Limit: test.limit},
			func(p Progress) { spans = append(spans, p) }))
		for of, told := range map[string][]Progress{"traces": traces, "spans": spans} {
			if len(told) == 0 || told[len(told)-1].Found != test.found {
				t.Errorf("%s of %s: told %v, want the last one to say that %d were found", of, test.query, told, test.found)
			}
		}
	}
}

func TestOnlySpansThatAQueryLooksAtAreRead(t *testing.T) {
	for text, most := range map[string]int{
		`{ type = tool && failed }`:                    1,
		`{ type = tool } | select(name)`:               1,
		`{ type != agent } | count() > 1 | { failed }`: 2,
		`{ type = agent } > { type = tool }`:           3,
		`{ type = tool && trace:spanCount = 3 }`:       3,
	} {
		m := newMemory(t, 10, runs(10)...)
		found, err := collect((&Engine{Store: m}).Traces(t.Context(), project, parse(t, text), repo.TraceQuery{}, nil))
		if err != nil || len(found) == 0 || m.widest != most {
			t.Errorf("%s: %d spans of a trace were read, want %d; %d traces are found: %v", text, m.widest, most, len(found), err)
		}
	}
}
