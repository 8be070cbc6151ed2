package tail_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/tail"
)

// below makes child a child of parent.
func below(parent, child *model.Span) *model.Span {
	child.ParentID = parent.SpanID
	return child
}

// with returns a span with a field set.
func with(s *model.Span, set func(*model.Span)) *model.Span {
	set(s)
	otlp.AddMissingAttributes(s)
	return s
}

func TestTraceComesEachTimeThatItGotSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		r := read(t, newHub(t, tail.Config{Store: s}).Traces(t.Context(), project, "", repo.TraceQuery{}, nil))
		r.event()
		for i := range 3 {
			s.write(append(spans(1, 2*i, 2), spans(byte(10+i), 0, 1)...)...)
			got := r.items()
			if len(got) != 2 || got[0].Spans != int64(2*i+2) || got[1].Spans != 1 {
				t.Errorf("write %d: got %+v", i, got)
			}
		}
		// Several writes that are read together make one event of one trace.
		for i := range 3 {
			s.write(span(1, 100+i, "work"))
		}
		if got := r.items(); len(got) != 1 || got[0].Spans != 9 {
			t.Errorf("three writes at once: got %+v", got)
		}
	})
}

func TestTraceComesOnceItMatches(t *testing.T) {
	root := with(span(1, 0, "run"), func(s *model.Span) { s.AgentID, s.Type = "support", model.TypeAgent })
	tool := with(below(root, span(1, 1, "refund")), func(s *model.Span) { s.Type, s.UserID = model.TypeTool, "u-1" })
	for _, tt := range []struct {
		name   string
		fields repo.TraceQuery
		query  string
		want   []int // after which of the writes it comes
	}{
		{"nothing asked", repo.TraceQuery{}, "", []int{0, 1}},
		{"its name", repo.TraceQuery{Name: "run"}, "", []int{1}},
		{"an id of any run", repo.TraceQuery{Identity: model.Identity{AgentID: "support"}}, "", []int{1}},
		{"ids of several spans", repo.TraceQuery{Identity: model.Identity{AgentID: "support", UserID: "u-1"}}, "", []int{1}},
		{"an id of none", repo.TraceQuery{Identity: model.Identity{AgentID: "nobody"}}, "", nil},
		{"structure", repo.TraceQuery{}, `{ agent:id = "support" } >> { name = "refund" }`, []int{1}},
		{"a sum over all", repo.TraceQuery{}, `{} | count() > 1`, []int{1}},
		{"content", repo.TraceQuery{}, `{ .no.such = "thing" }`, nil},
		{"one span", repo.TraceQuery{}, `{ name = "refund" }`, []int{0, 1}},
		{"both", repo.TraceQuery{Name: "run"}, `{ name = "refund" }`, []int{1}},
		{"not both", repo.TraceQuery{Name: "other"}, `{ name = "refund" }`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStore()
				var q *query.Query
				if tt.query != "" {
					q = parse(t, tt.query)
				}
				r := read(t, newHub(t, tail.Config{Store: s}).Traces(t.Context(), project, "", tt.fields, q))
				r.event()
				var came []int
				for i, write := range []*model.Span{tool, root} {
					s.write(write)
					for range 2 {
						if e := r.event(); len(e.Items) > 0 && e.Items[0].TraceID == root.TraceID {
							came = append(came, i)
						}
					}
				}
				if !slices.Equal(came, tt.want) {
					t.Errorf("came after the writes %v, want %v", came, tt.want)
				}
			})
		})
	}
}

func TestRemovedTraceIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		r := read(t, newHub(t, tail.Config{Store: s}).Traces(t.Context(), project, "", repo.TraceQuery{}, nil))
		r.event()
		s.write(append(spans(1, 0, 1), spans(2, 0, 1)...)...)
		s.content[1] = s.content[1][1:]
		if got := r.items(); len(got) != 1 || got[0].TraceID != (model.TraceID{15: 3}) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTraceTooLargeForAQueryIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		hub := newHub(t, tail.Config{Store: s, MaxBehind: 100_000})
		asking := read(t, hub.Traces(t.Context(), project, "", repo.TraceQuery{}, parse(t, `{} | count() > 0`)))
		plain := read(t, hub.Traces(t.Context(), project, "", repo.TraceQuery{}, nil))
		asking.event()
		plain.event()
		s.write(append(spans(1, 0, 50_001), spans(2, 0, 1)...)...)
		if got := asking.items(); len(got) != 1 || got[0].Spans != 1 {
			t.Errorf("with a query: got %d traces, want the small one", len(got))
		}
		if got := plain.items(); len(got) != 2 {
			t.Errorf("without a query: got %d traces, want both", len(got))
		}
	})
}
