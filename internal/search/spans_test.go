package search

import (
	"errors"
	"slices"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// interleaved returns n traces of three spans each that all began before any of
// them went on: in a list of spans by start, those of a trace are far apart.
func interleaved(n int) []*model.Span {
	spans := runs(n)
	for i, s := range spans {
		length := s.EndNano - s.StartNano
		s.StartNano = began + int64(i%3)*1000*second + int64(i/3)*second
		s.EndNano = s.StartNano + length
	}
	return spans
}

func TestSpansAreFoundInTheOrderOfTheList(t *testing.T) {
	m := newMemory(t, 2, interleaved(150)...)
	for _, text := range []string{
		`{ name = "track" && failed }`,
		`{ name = "track" && failed } | select(tool:name, span:id)`,
		`{ name = "run" } > { failed || model:name = "gpt-1" }`,
		`{ content:input : "parcel" } || { .turn % 11 = 0 }`,
		`{ .turn % 11 = 0 } | select(.turn)`,
	} {
		q := parse(t, text)
		selected := map[repo.SpanCursor]match.Selected{}
		for _, spans := range m.whole {
			for _, s := range match.Select(q, match.NewTrace(spans)) {
				selected[repo.SpanCursorOf(s.Span)] = s
			}
		}
		for _, order := range []repo.SpanOrder{repo.SpansNewestFirst, repo.SpansOldestFirst} {
			sq := repo.SpanQuery{Order: order, Identity: model.Identity{}, Service: "desk"}
			var want, got []repo.SpanCursor
			for _, s := range m.spansOf(sq) {
				if _, ok := selected[repo.SpanCursorOf(s)]; ok {
					want = append(want, repo.SpanCursorOf(s))
				}
			}
			for _, s := range must(t, (&Engine{Store: m}).Spans(t.Context(), project, q, sq, nil)) {
				got = append(got, repo.SpanCursorOf(s.Span))
				if !slices.Equal(s.Fields, selected[repo.SpanCursorOf(s.Span)].Fields) {
					t.Errorf("%s: got fields %v", text, s.Fields)
				}
				if s.Span.Body != nil {
					t.Errorf("%s: a result has a body", text)
				}
			}
			if len(want) == 0 || !slices.Equal(want, got) {
				t.Errorf("%s in order %d: got %d spans, want %d", text, order, len(got), len(want))
			}
		}
	}
}

func TestATraceIsDecidedOnceForAllItsSpans(t *testing.T) {
	m := newMemory(t, 2, interleaved(400)...)
	e := &Engine{Store: m}
	for _, text := range []string{`{ name = "run" } > {}`, `{ .turn >= 0 }`} {
		before := m.reads()
		must(t, e.Spans(t.Context(), project, parse(t, text), repo.SpanQuery{}, nil))
		if n := m.reads() - before; n != 400 {
			t.Errorf("%s: 400 traces were read %d times", text, n)
		}
	}
}

func TestAForgottenVerdictIsReachedAgain(t *testing.T) {
	m := newMemory(t, 2, interleaved(400)...)
	e := &Engine{Store: m}
	q := parse(t, `{ name = "run" } > {}`)
	want := must(t, e.Spans(t.Context(), project, q, repo.SpanQuery{}, nil))
	before := m.reads()
	got := must(t, e.spans(t.Context(), project, q, repo.SpanQuery{}, nil, 5000))
	if m.reads()-before <= 400 {
		t.Error("nothing was forgotten")
	}
	key := func(s match.Selected) repo.SpanCursor { return repo.SpanCursorOf(s.Span) }
	if !slices.EqualFunc(want, got, func(a, b match.Selected) bool { return key(a) == key(b) }) {
		t.Errorf("got %d spans, want %d", len(got), len(want))
	}
}

func TestVerdictsThatWereUsedLastAreKept(t *testing.T) {
	verdictOn := func(n int) *verdict {
		return verdictOf(decision{candidate: candidate{ref: repo.TraceRef{ID: traceID(n)}}})
	}
	vs := newVerdicts(3 * verdictOn(0).weight())
	for n := range 3 {
		vs.add(verdictOn(n))
	}
	vs.find(traceID(0))
	vs.add(verdictOn(3))
	for n, want := range []bool{true, false, true, true} {
		if got := vs.find(traceID(n)) != nil; got != want {
			t.Errorf("trace %d is remembered: %v", n, got)
		}
	}
	large := verdictOf(decision{candidate: candidate{ref: repo.TraceRef{ID: traceID(9)}}, selected: []match.Selected{{
		Span: &model.Span{}, Fields: []match.Named{{Name: string(make([]byte, 1000))}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}},
	}}})
	vs.add(large)
	if vs.find(traceID(9)) != nil || vs.room < 0 {
		t.Error("a verdict is remembered for which there is no room")
	}
}

func TestWhatTheStoreDecidesIsNotDecidedAgain(t *testing.T) {
	m := newMemory(t, 2, runs(100)...)
	e := &Engine{Store: m}
	for text, fields := range map[string]int{
		`{ name = "track" && failed }`:                     0,
		`{ resource.service.name = "desk" && failed }`:     0,
		`{ failed } | select(tool:name, session:id, name)`: 2,
	} {
		found := must(t, e.Spans(t.Context(), project, parse(t, text), repo.SpanQuery{Limit: 10}, nil))
		if len(found) != 10 || len(found[0].Fields) != fields {
			t.Errorf("%s: got %d spans, the first with %v", text, len(found), found[0].Fields)
		}
	}
	if m.reads() != 0 {
		t.Errorf("%d traces were read", m.reads())
	}
	if n := m.count("Spans"); n != 3 {
		t.Errorf("%d pages were read", n)
	}
}

func TestBreakingOffAListOfSpansStopsEverything(t *testing.T) {
	for _, text := range []string{`{ failed }`, `{ name = "run" } > {}`, `{ .turn >= 0 }`} {
		m := newMemory(t, 2, runs(300)...)
		for _, err := range (&Engine{Store: m}).Spans(t.Context(), project, parse(t, text), repo.SpanQuery{}, nil) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if m.open.Load() != 0 {
			t.Errorf("%s: the store is still being asked", text)
		}
	}
}

func TestErrorsOfTheStoreComeThroughAListOfSpans(t *testing.T) {
	for _, method := range []string{"Spans", "TraceSpans", "Segments"} {
		for _, after := range []int{0, 30} {
			m := newMemory(t, 2, interleaved(300)...)
			calls := 0
			m.before = func(called string) error {
				if called == method {
					if calls++; calls > after/10 && method == "Spans" || calls > after {
						return errBroken
					}
				}
				return nil
			}
			text := `{ name = "run" } > {}`
			if method == "Segments" {
				text = `{ .turn >= 0 }`
			}
			e := &Engine{Store: m, Limits: Limits{Workers: 1}}
			found, err := collect(e.Spans(t.Context(), project, parse(t, text), repo.SpanQuery{}, nil))
			if !errors.Is(err, errBroken) || (len(found) > 0) != (after > 0) {
				t.Errorf("%s after %d: found %d spans and %v", method, after, len(found), err)
			}
		}
	}
}

func TestAFruitlessListOfSpansTellsHowFarItIs(t *testing.T) {
	m := newMemory(t, 2, runs(600)...)
	var told []Progress
	found := must(t, (&Engine{Store: m}).Spans(t.Context(), project, parse(t, `{ name = "ask" } > { .turn >= 0 }`), repo.SpanQuery{},
		func(p Progress) { told = append(told, p) }))
	if len(found) != 0 || len(told) < 3 {
		t.Fatalf("found %d, told %d times", len(found), len(told))
	}
	last := told[len(told)-1]
	if last.Traces != 600 || last.Reached != began || last.Bytes == 0 {
		t.Errorf("at the end: %+v", last)
	}
}
