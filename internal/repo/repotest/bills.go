package repotest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func billLaws() []law {
	return []law{
		{name: "BillsAreSummedUpByEachField", test: billsByEachField},
		{name: "BillsAreSummedUpByFieldsTogether", test: billsByFieldsTogether},
		{name: "EachFieldOfABillQueryRestricts", test: eachBillFieldRestricts},
		{name: "FieldsOfABillQueryHoldTogether", test: billFieldsHoldTogether},
		{name: "MoreSumsThanWantedAreTooMany", test: moreSumsThanWanted},
		{name: "TracesThatHaveNotSettledHaveNoBills", test: noBillsBeforeSettling},
	}
}

// bill draws a bill of a trace whose fields come from small sets.
func (r random) bill(project string, id model.TraceID, start int64) model.Bill {
	b := model.Bill{
		Project: project, TraceID: id, StartNano: start,
		Agent: r.pick("", "agent-1", "agent-2"), Team: r.pick("", "team-1"), Workflow: r.pick("", "", "workflow-1"),
		Session: r.pick("", "session-1", "session-2"), User: r.pick("", "user-1", "User-1"), Run: r.pick("run-1", "run-2"),
		Kind: model.CallsOfTool, Tool: r.pick("search", "Search", "ärger"), Service: r.pick("", "desk"), Environment: r.pick("", "production", "staging"),
		Calls: 1 + r.Int64N(3), Nanos: r.Int64N(1e12),
	}
	b.Failures = r.Int64N(b.Calls + 1)
	for range b.Calls {
		b.Latencies += string(model.AppendLatency(nil, r.IntN(model.LatencyBuckets)))
	}
	if r.IntN(3) > 0 {
		b.Kind, b.Model, b.Provider, b.Tool = model.CallsOfModel, r.pick("gpt-5", "GPT-5", "größe"), r.pick("", "openai"), r.pick("", "", "search")
		b.Usage = model.Usage{Input: r.Int64N(1000), CacheRead: r.Int64N(3), CacheWrite: r.Int64N(3), Output: r.Int64N(1000),
			Reasoning: r.Int64N(3), AudioInput: r.Int64N(3), AudioOutput: r.Int64N(3), Total: r.Int64N(2000)}
		b.Cost = model.Cost{Nano: r.Int64N(1e12), Reported: r.Int64N(1e12), Computed: r.Int64N(1e12),
			ReportedCalls: r.Int64N(3), ComputedCalls: r.Int64N(3), UnpricedCalls: r.Int64N(3)}
	}
	return b
}

// billCorpus stores bills that have nothing to do with the spans of their traces:
// a store need not know where they come from.
func billCorpus(t tb, s *subject) []model.Bill {
	t.Helper()
	r := newRandom(95)
	var all []model.Bill
	var settlements []repo.Settlement
	for trace := range 25 {
		first, second := plain(s.project, trace, 2*trace, at(trace%3-1, noon)), plain(s.project, trace, 2*trace+1, at(trace%3, noon))
		s.write(t, first, second)
		settlement := repo.Settlement{Project: s.project, TraceID: first.TraceID, Parts: []model.TracePart{{Day: at(trace%3-1, 0), Spans: 1}, {Day: at(trace%3, 0), Spans: 1}}}
		for range r.IntN(8) {
			start := at(trace%3-r.IntN(2), time.Duration(r.IntN(24))*time.Hour) + r.Int64N(model.NanosPerHour)
			settlement.Bills = append(settlement.Bills, r.bill(s.project, first.TraceID, start))
		}
		settlements = append(settlements, settlement)
		all = append(all, settlement.Bills...)
	}
	s.settle(t, settlements...)
	return all
}

func billsByEachField(t *testing.T, s *subject) {
	corpus := billCorpus(t, s)
	for field := repo.ByAgent; field <= repo.ByDay; field++ {
		t.Run(fmt.Sprintf("field %d", field), func(t *testing.T) {
			q := repo.BillQuery{By: []repo.BillField{field}}
			want := sumsOf(corpus, q)
			if len(want) < 2 {
				t.Fatalf("the corpus does not test this: there are %d sums", len(want))
			}
			sameSums(t, q, want, s.bills(t, q))
		})
	}
	all := repo.BillQuery{}
	sameSums(t, all, sumsOf(corpus, all), s.bills(t, all))
	s.billsHold(t, corpus)
	other := s.in(s.project + "-other")
	other.billsHold(t, nil)
	sameSums(t, all, nil, other.bills(t, all))
}

// times are the fields of which a sum has one at the most.
var times = []repo.BillField{repo.ByHour, repo.ByDay}

func billsByFieldsTogether(t *testing.T, s *subject) {
	corpus := billCorpus(t, s)
	fields := append(slices.Clone(namesOfBills), times...)
	for i, first := range fields {
		for k, second := range fields {
			if i == k || slices.Contains(times, first) && slices.Contains(times, second) {
				continue
			}
			q := repo.BillQuery{By: []repo.BillField{first, second}}
			sameSums(t, q, sumsOf(corpus, q), s.bills(t, q))
		}
	}
}

func eachBillFieldRestricts(t *testing.T, s *subject) {
	corpus := billCorpus(t, s)
	middle := slices.SortedFunc(slices.Values(corpus), func(a, b model.Bill) int { return cmp.Compare(a.StartNano, b.StartNano) })[len(corpus)/2].StartNano
	for name, q := range map[string]repo.BillQuery{
		"Agent":       {Agent: "agent-1"},
		"Team":        {Team: "team-1"},
		"Workflow":    {Workflow: "workflow-1"},
		"Session":     {Session: "session-2"},
		"User":        {User: "User-1"},
		"Run":         {Run: "run-1"},
		"Model":       {Model: "GPT-5"},
		"Provider":    {Provider: "openai"},
		"Tool":        {Tool: "search"},
		"Service":     {Service: "desk"},
		"Environment": {Environment: "staging"},
		"from":        {Start: model.TimeRange{Start: middle}},
		"behind":      {Start: model.TimeRange{Start: middle + 1}},
		"before":      {Start: model.TimeRange{End: middle}},
		"up to":       {Start: model.TimeRange{End: middle + 1}},
		"at":          {Start: model.TimeRange{Start: middle, End: middle + 1}},
		"one day":     {Start: model.TimeRange{Start: at(0, 0), End: at(1, 0)}},
		"one hour":    {Start: model.TimeRange{Start: model.Hour(middle), End: model.Hour(middle) + model.NanosPerHour}},
	} {
		t.Run(name, func(t *testing.T) {
			selected := 0
			for i := range corpus {
				if q.Matches(&corpus[i]) {
					selected++
				}
			}
			if selected == 0 || selected == len(corpus) {
				t.Fatalf("the corpus does not test this: %d of %d bills are selected", selected, len(corpus))
			}
			for _, by := range [][]repo.BillField{nil, {repo.ByRun, repo.ByModel}, {repo.ByHour}} {
				q.By = by
				sameSums(t, q, sumsOf(corpus, q), s.bills(t, q))
			}
		})
	}
}

func billFieldsHoldTogether(t *testing.T, s *subject) {
	corpus := billCorpus(t, s)
	rapid.Check(t, func(t *rapid.T) {
		r := newRandom(rapid.Uint64().Draw(t, "query"))
		q := repo.BillQuery{By: rapid.SliceOfNDistinct(rapid.SampledFrom(namesOfBills), 0, 4, rapid.ID).Draw(t, "by")}
		if r.IntN(2) == 0 {
			q.By = slices.Insert(q.By, r.IntN(len(q.By)+1), times[r.IntN(2)])
		}
		for range r.IntN(3) {
			switch r.IntN(4) {
			case 0:
				q.Agent, q.Session = r.pick("agent-1", "nobody"), r.pick("", "session-1")
			case 1:
				q.Model, q.Provider = r.pick("gpt-5", "größe"), r.pick("", "openai")
			case 2:
				q.User, q.Tool, q.Service = r.pick("", "user-1"), r.pick("", "search"), r.pick("", "desk")
			case 3:
				q.Start.Start = at(r.IntN(3)-1, time.Duration(r.IntN(24))*time.Hour)
				q.Start.End = q.Start.Start + int64(time.Duration(r.IntN(48))*time.Hour)
			}
		}
		sameSums(t, q, sumsOf(corpus, q), s.bills(t, q))
	})
}

func moreSumsThanWanted(t *testing.T, s *subject) {
	corpus := billCorpus(t, s)
	for _, q := range []repo.BillQuery{{By: []repo.BillField{repo.ByRun, repo.ByModel}}, {By: namesOfBills}, {By: times[:1], Agent: "agent-1"}} {
		want := sumsOf(corpus, q)
		for sums, enough := range map[int]bool{1: false, len(want) - 1: false, len(want): true, len(want) + 1: true, math.MaxInt32: true} {
			q.MaxSums = sums
			got, err := s.Bills(t.Context(), s.project, q)
			if !enough {
				if !errors.Is(err, repo.ErrTooMany) {
					t.Errorf("of %d sums at most %d are wanted: got %d and %v, want ErrTooMany", len(want), sums, len(got), err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("of %d sums at most %d are wanted: %v", len(want), sums, err)
			}
			sameSums(t, q, want, got)
		}
	}
}

func noBillsBeforeSettling(t *testing.T, s *subject) {
	batch := onWire(t, slices.Concat(teamRun(s.project, 1, at(0, noon)), teamRun(s.project, 2, at(0, noon)))...)
	s.inParts(t, batch, 2)
	s.billsHold(t, nil)
	s.settle(t, s.settlement(t, traceID(1), nanosPerToken(3)))
	s.billsHold(t, settledOf(s.project, byTrace(s.project, batch)[traceID(1)], nanosPerToken(3)).bills)
	s.settleAll(t, batch, nanosPerToken(3))
	s.billsHold(t, settledOf(s.project, batch, nanosPerToken(3)).bills)
}
