package sqlite_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TestTracesOfAnIdAreListedOnceAndInOrder has so many spans of each id that a
// list walks several stretches, and traces so long that the order in which the
// walk meets them is not the order of the list.
func TestTracesOfAnIdAreListedOnceAndInOrder(t *testing.T) {
	const traces, day = 1200, model.NanosPerDay
	store := openStore(t)
	r := rand.New(rand.NewPCG(1, 2))
	agents := []string{"common", "common", "common", "seldom", ""}
	all := make(map[model.TraceID]*model.Trace)
	ids := make(map[model.TraceID]map[string]bool)
	var records []model.Record
	for n := range uint64(traces) {
		start := day + r.Int64N(day)
		for i := range uint64(1 + r.IntN(4)) {
			s := record(n+1, i+1, start+int64(i)*r.Int64N(day/4))
			s.Span.AgentID = agents[r.IntN(len(agents))]
			s.Span.UserID = []string{"ann", "bob"}[r.IntN(2)]
			records = append(records, s)
			id, part := s.Span.TraceID, model.TraceOf(s.Span)
			if all[id] == nil {
				all[id], ids[id] = part, map[string]bool{}
			} else {
				all[id].Merge(part)
			}
			ids[id][s.Span.AgentID], ids[id][s.Span.UserID] = true, true
		}
	}
	for chunk := range slices.Chunk(records, 1000) {
		mustWrite(t, store, chunk...)
	}
	for _, c := range []struct {
		name  string
		query repo.TraceQuery
	}{
		{"a common id", repo.TraceQuery{Identity: model.Identity{AgentID: "common"}}},
		{"a rarer id", repo.TraceQuery{Identity: model.Identity{AgentID: "seldom"}}},
		{"an unknown id", repo.TraceQuery{Identity: model.Identity{AgentID: "unknown"}}},
		{"two ids", repo.TraceQuery{Identity: model.Identity{AgentID: "seldom", UserID: "ann"}}},
		{"started in some hours", repo.TraceQuery{Identity: model.Identity{AgentID: "common"}, Start: model.TimeRange{Start: day + day/3, End: day + day/2}}},
		{"not longer than an hour", repo.TraceQuery{Identity: model.Identity{AgentID: "common"}, MaxDuration: day / 24}},
		{"everything", repo.TraceQuery{}},
	} {
		for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
			q := c.query
			q.Order, q.Limit = order, 150
			t.Run(c.name, func(t *testing.T) {
				got, want := listAll(t, store, q), matching(all, ids, q)
				if !slices.Equal(got, want) {
					t.Errorf("order %d: got %d traces, want %d", order, len(got), len(want))
				}
			})
		}
	}
}

func listAll(t *testing.T, store repo.Reader, q repo.TraceQuery) (ids []model.TraceID) {
	t.Helper()
	for {
		page, err := store.Traces(t.Context(), project, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return ids
		}
		for _, trace := range page {
			ids = append(ids, trace.TraceID)
		}
		after := q.Order.CursorOf(page[len(page)-1])
		q.After = &after
	}
}

// matching says by the plainest means what a list is to contain.
func matching(all map[model.TraceID]*model.Trace, ids map[model.TraceID]map[string]bool, q repo.TraceQuery) []model.TraceID {
	var found []*model.Trace
	for id, trace := range all {
		if (q.Identity.AgentID == "" || ids[id][q.Identity.AgentID]) && (q.Identity.UserID == "" || ids[id][q.Identity.UserID]) &&
			q.Start.Contains(trace.StartNano) && (q.MaxDuration == 0 || trace.Duration() <= q.MaxDuration) {
			found = append(found, trace)
		}
	}
	slices.SortFunc(found, func(a, b *model.Trace) int {
		x, y := q.Order.CursorOf(a), q.Order.CursorOf(b)
		return cmp.Or(cmp.Compare(y.Key, x.Key), slices.Compare(y.TraceID[:], x.TraceID[:]))
	})
	sorted := make([]model.TraceID, len(found))
	for i, trace := range found {
		sorted[i] = trace.TraceID
	}
	return sorted
}
