package repotest

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

var runOrders = []repo.RunOrder{repo.RunsNewestFirst, repo.RunsOldestFirst, repo.RunsLongestFirst, repo.RunsCostliestFirst}

// provisionalRuns returns what is known of runs as long as nothing has settled.
func provisionalRuns(project string, spans []*model.Span) []*model.Run {
	var out []*model.Run
	for _, s := range referenceOf(spans).spans {
		if s.Project == project && s.Type.IsRun() {
			out = append(out, model.RunOf(s))
		}
	}
	return out
}

// runsOf returns those of the runs that q selects, in its order, whatever its page.
func runsOf(all []*model.Run, q repo.RunQuery) []*model.Run {
	var out []*model.Run
	for _, r := range all {
		if q.Matches(r) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *model.Run) int { return compareRuns(q.Order, a, b) })
	return out
}

func compareRuns(o repo.RunOrder, a, b *model.Run) int {
	ascending := cmp.Or(
		cmp.Compare(o.CursorOf(a).Key, o.CursorOf(b).Key),
		bytes.Compare(a.TraceID[:], b.TraceID[:]),
		cmp.Compare(a.SpanID.Int64(), b.SpanID.Int64()),
		cmp.Compare(a.StartNano, b.StartNano),
	)
	if o == repo.RunsOldestFirst {
		return ascending
	}
	return -ascending
}

// runs lists everything that q selects, page by page, while nobody writes.
func (s *subject) runs(t tb, q repo.RunQuery) []*model.Run {
	t.Helper()
	return s.walkRuns(t, q, nil)
}

// walkRuns is to runs what walkTraces is to traces.
func (s *subject) walkRuns(t tb, q repo.RunQuery, between func()) []*model.Run {
	t.Helper()
	q.Limit = cmp.Or(q.Limit, repo.MaxPage)
	var all []*model.Run
	for pages := 0; ; pages++ {
		page, err := s.Runs(t.Context(), s.project, q)
		if err != nil {
			t.Fatalf("Runs: %v, asked for\n%s", err, gocmp.Diff(repo.RunQuery{}, q))
		}
		if len(page) == 0 {
			return all
		}
		if between == nil && len(all)%q.Limit != 0 {
			t.Fatalf("a page of %d comes after one that was not full", len(page))
		}
		all = append(all, page...)
		s.checkRunPage(t, q, page, all)
		if isAll(pages, len(page), q.Limit, between) {
			return all
		}
		q.After = new(q.Order.CursorOf(page[len(page)-1]))
		if between != nil && pages < maxBetween {
			between()
		}
	}
}

func (s *subject) checkRunPage(t tb, q repo.RunQuery, page, all []*model.Run) {
	t.Helper()
	if len(page) > q.Limit {
		t.Fatalf("a page has %d runs, limit is %d", len(page), q.Limit)
	}
	for _, run := range page {
		if run.Project != s.project {
			t.Fatalf("project %q lists a run of project %q", s.project, run.Project)
		}
	}
	for i := max(1, len(all)-len(page)); i < len(all); i++ {
		if compareRuns(q.Order, all[i-1], all[i]) >= 0 {
			t.Fatalf("order %d: run %s is listed before %s, keys %d and %d", q.Order, all[i-1].SpanID, all[i].SpanID,
				q.Order.CursorOf(all[i-1]).Key, q.Order.CursorOf(all[i]).Key)
		}
	}
}

func sameRuns(t tb, want, got []*model.Run) {
	t.Helper()
	if reflect.DeepEqual(want, got) {
		return
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("runs differ (-want +got):\n%s", diff)
	}
}

// runRef names a run.
func runRef(r *model.Run) repo.RunRef {
	return repo.RunRef{TraceID: r.TraceID, SpanID: r.SpanID, StartNano: r.StartNano}
}

// runCorpus writes traces of many runs, settles half of them, and writes late
// spans to some of these. It returns what must be known of all runs.
func runCorpus(t tb, s *subject) []*model.Run {
	t.Helper()
	r := newRandom(80)
	var spans []*model.Span
	for trace := range 60 {
		start := at(r.IntN(3)-1, time.Duration(r.IntN(24))*time.Hour)
		for n := range 1 + r.IntN(4) {
			span := r.span(s.project, trace, 10*trace+n, start, time.Hour)
			span.Type = []model.SpanType{model.TypeAgent, model.TypeTeam, model.TypeWorkflow, model.TypeLLM, model.TypeTool}[r.IntN(5)]
			if span.ParentID = (model.SpanID{}); n > 0 {
				span.ParentID = spanID(10*trace + r.IntN(n))
			}
			if span.Type == model.TypeLLM {
				span.Usage = model.Usage{Input: r.Int64N(5), Output: r.Int64N(5)}
			}
			spans = append(spans, span)
		}
	}
	batch := onWire(t, spans...)
	s.inParts(t, batch, 2)
	var all []*model.Run
	for _, ref := range refsOf(spans) {
		part := byTrace(s.project, batch)[ref.ID]
		if r.IntN(2) == 0 {
			all = append(all, provisionalRuns(s.project, spansIn(part))...)
			continue
		}
		s.settle(t, s.settlement(t, ref.ID, nanosPerToken(3)))
		known := settledOf(s.project, part, nanosPerToken(3)).runs
		if r.IntN(3) == 0 {
			late := r.span(s.project, 0, 5000+len(all), part[0].Span.StartNano, time.Hour)
			late.TraceID, late.Type = ref.ID, model.TypeAgent
			more := onWire(t, late)
			s.writeRecords(t, more)
			for _, run := range known {
				run.Settled = false
			}
			known = append(known, provisionalRuns(s.project, spansIn(more))...)
		}
		all = append(all, known...)
	}
	return all
}
