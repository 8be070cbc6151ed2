package tail_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/tail"
)

// session is what a reader does: it takes some events, goes away, and comes back
// with the last cursor that it was given.
type session struct {
	Events int
	Writes [][]int // lengths of runs of spans, one for each trace, written before each event
	Burst  int     // small writes before the fourth event: more than are read at once
}

func sessions() *rapid.Generator[[]session] {
	runs := rapid.SliceOfN(rapid.SampledFrom([]int{1, 2, 5, 20, 150}), 1, 4)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) session {
		return session{
			Events: rapid.IntRange(1, 7).Draw(t, "events"),
			Writes: rapid.SliceOfN(runs, 0, 4).Draw(t, "writes"),
			Burst:  rapid.SampledFrom([]int{0, 0, 70, 200}).Draw(t, "burst"),
		}
	}), 1, 6)
}

func TestComingBackLosesAndRepeatsNothing(t *testing.T) {
	queries := map[string]*query.Query{}
	for _, text := range []string{"", "{}", `{ name = "3" }`, `{ name != "3" && duration > 0s }`} {
		if text != "" {
			queries[text] = parse(t, text)
		} else {
			queries[text] = nil
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		script := sessions().Draw(rt, "sessions")
		text := rapid.SampledFrom([]string{"", "{}", `{ name = "3" }`, `{ name != "3" && duration > 0s }`}).Draw(rt, "query")
		limited := rapid.Bool().Draw(rt, "only one trace")
		var fields repo.SpanQuery
		if limited {
			fields.TraceID = model.TraceID{15: 2}
		}
		var got, want []int64
		synctest.Test(t, func(t *testing.T) { got, want = play(t, script, fields, queries[text]) })
		if !slices.Equal(got, want) {
			rt.Fatalf("got %d spans %v, want %d %v", len(got), got, len(want), want)
		}
	})
}

// play returns the starts of the spans that a reader got and should have got.
func play(t *testing.T, script []session, fields repo.SpanQuery, q *query.Query) (got, want []int64) {
	s := newStore()
	hub := newHub(t, tail.Config{Store: s, MaxBehind: 1 << 30})
	written := 0
	write := func(runs []int) {
		var batch []*model.Span
		for trace, n := range runs {
			for range n {
				next := span(byte(trace), written, fmt.Sprint(written%5))
				next.Body.FullName = next.Name
				batch = append(batch, next)
				if (fields.TraceID.IsZero() || trace == 1) && (q == nil || holds(q, next)) {
					want = append(want, next.StartNano)
				}
				written++
			}
		}
		s.write(batch...)
	}
	cursor := repo.Cursor("0")
	var sinceCursor []int64 // what came behind it, to be thrown away on leaving
	take := func(e tail.Event[*model.Span]) {
		for _, span := range e.Items {
			sinceCursor = append(sinceCursor, span.StartNano)
		}
		if e.Cursor != "" {
			got, sinceCursor, cursor = append(got, sinceCursor...), nil, e.Cursor
		}
	}
	for i, turn := range append(script, session{}) {
		r := read(t, hub.Spans(t.Context(), project, cursor, fields, q, false))
		sinceCursor = nil
		for n := range turn.Events {
			if n < len(turn.Writes) {
				write(turn.Writes[n])
			}
			if n == 3 {
				for range turn.Burst {
					write([]int{1, 1})
				}
			}
			take(r.event())
		}
		if i == len(script) { // the last reader stays until nothing comes
			for beats := 0; beats < 2; {
				e := r.event()
				if beats++; !e.Heartbeat {
					beats = 0
				}
				take(e)
			}
		}
		r.stop()
	}
	return got, want
}

// holds decides the queries of this test without the code under test.
func holds(q *query.Query, s *model.Span) bool {
	switch q.String() {
	case `{ name = "3" }`:
		return s.Name == "3"
	case `{ }`, `{}`:
		return true
	default:
		return s.Name != "3"
	}
}
