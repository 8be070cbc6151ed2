package repotest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// lateLaws speak of spans that come when their trace has settled, or while it
// does, and of days that are dropped meanwhile.
func lateLaws() []law {
	return []law{
		{name: "LateSpanUnsettlesItsTraceAndItsRuns", test: lateSpanUnsettles},
		{name: "LateSpanOfAnotherDayUnsettlesItsTrace", test: lateSpanOfAnotherDay},
		{name: "SpanThatASettlementDidNotSeeIsNotCounted", test: spanNotSeen},
		{name: "SettlementThatComesTooLateIsLeftOut", test: settlementOfThePast},
		{name: "SettlementOfDroppedDaysLeavesOutWhatIsGone", test: settlementOfDroppedDays, alone: true},
		{name: "DropRemovesRunsAndBills", test: dropRemovesRunsAndBills, alone: true},
		{name: "HalfOfASettledTraceReadsOn", test: halfOfASettledTrace, alone: true},
	}
}

// lateSpans are records for a settled team run: a call of its member, and a run
// that nobody knew.
func lateSpans(t tb, project string, trace int, start int64) (call, run []model.Record) {
	t.Helper()
	ask := plain(project, trace, 9000, start)
	ask.ParentID, ask.Type, ask.Model, ask.Usage = spanID(10*trace), model.TypeLLM, "gpt-5", model.Usage{Input: 100, Output: 10}
	ask.Failed, ask.Status, ask.ErrorType = true, model.StatusError, "LateError"
	helper := plain(project, trace, 9001, start+1)
	helper.ParentID, helper.Type = spanID(10*trace), model.TypeAgent
	helper.AgentID, helper.RunID = "late-agent", "late-run"
	return onWire(t, ask), onWire(t, helper)
}

// isUnsettled checks that a settled trace got spans since: what the spans say is
// there, but the trace and its runs do not pass for settled. Apart from that,
// the runs are as they were.
func (s *subject) isUnsettled(t tb, id model.TraceID, batch []model.Record, were settled, late []model.Record) {
	t.Helper()
	got, err := s.Trace(t.Context(), s.project, id)
	if err != nil {
		t.Fatal(err)
	}
	if got.Settled() {
		t.Fatalf("with %d spans that nobody counted, the trace is settled", len(late))
	}
	want := *sum(spansIn(batch))
	want.SettledSpans, want.Runs, want.Cost, want.Usage = got.SettledSpans, got.Runs, got.Cost, got.Usage // of the past
	sameTraces(t, []*model.Trace{&want}, []*model.Trace{got})

	runs := provisionalRuns(s.project, spansIn(late))
	for _, run := range were.runs {
		unsettled := *run
		unsettled.Settled = false
		runs = append(runs, &unsettled)
	}
	for _, order := range runOrders {
		q := repo.RunQuery{TraceID: id, Order: order}
		sameRuns(t, runsOf(runs, q), s.runs(t, q))
	}
	s.billsHold(t, were.bills)
	s.segmentsHold(t, batch, []repo.TraceRef{{ID: id}})
	if got := s.unsettled(t, batch, id); !slices.Equal(got, []model.TraceID{id}) {
		t.Fatalf("Unsettled says %v", got)
	}
}

func lateSpanUnsettles(t *testing.T, s *subject) {
	s.lateSpansCome(t, at(0, noon+1500*time.Millisecond))
}

func lateSpanOfAnotherDay(t *testing.T, s *subject) {
	s.lateSpansCome(t, at(-1, noon))
	later := s.in(s.project + "-later")
	later.lateSpansCome(t, at(3, noon))
}

// lateSpansCome settles a team run, and then again after each late span.
func (s *subject) lateSpansCome(t tb, start int64) {
	t.Helper()
	batch := onWire(t, teamRun(s.project, 1, at(0, noon))...)
	s.inParts(t, batch, 2)
	s.settleAll(t, batch, nanosPerToken(3))
	call, run := lateSpans(t, s.project, 1, start)
	for _, late := range [][]model.Record{call, run} {
		were := settledOf(s.project, batch, nanosPerToken(3))
		s.writeRecords(t, late)
		batch = append(batch, late...)
		s.isUnsettled(t, traceID(1), batch, were, late)
		s.settleAll(t, batch, nanosPerToken(3))
		s.holdsSettled(t, batch, nanosPerToken(3))
	}
}

// spanNotSeen writes spans between the reading and the storing of a settlement,
// on its day and on others.
func spanNotSeen(t *testing.T, s *subject) {
	for i, start := range []int64{at(0, noon+1500*time.Millisecond), at(-2, noon), at(2, noon)} {
		s := s.in(s.project + string(rune('a'+i)))
		batch := onWire(t, teamRun(s.project, 1, at(0, noon))...)
		s.inParts(t, batch, 3)
		call, run := lateSpans(t, s.project, 1, start)
		late := slices.Concat(call, run)

		settlement := s.settlement(t, traceID(1), nanosPerToken(3))
		were := settledOf(s.project, batch, nanosPerToken(3))
		s.writeRecords(t, late)
		s.settle(t, settlement)
		batch = append(batch, late...)
		s.isUnsettled(t, traceID(1), batch, were, late)
		if got := len(s.segments(t, repo.TraceRef{ID: traceID(1)})); got != 2 {
			t.Errorf("what was settled and what came since are in %d segments, want 2", got)
		}
		s.settleAll(t, batch, nanosPerToken(3))
		s.holdsSettled(t, batch, nanosPerToken(3))
		s.oneSegmentADay(t, batch)
	}
}

// settlementOfThePast stores a settlement after one that saw more spans than it
// did, on its days and on others.
func settlementOfThePast(t *testing.T, s *subject) {
	for i, start := range []int64{at(0, noon+1500*time.Millisecond), at(-2, noon), at(2, noon)} {
		s := s.in(s.project + string(rune('a'+i)))
		batch := onWire(t, teamRun(s.project, 1, at(0, noon))...)
		s.inParts(t, batch, 3)
		past := s.settlement(t, traceID(1), nanosPerToken(3))
		call, run := lateSpans(t, s.project, 1, start)
		batch = slices.Concat(batch, call, run)
		s.writeRecords(t, slices.Concat(call, run))
		s.settleAll(t, batch, nanosPerToken(3))
		s.settle(t, past)

		s.holdsSettled(t, batch, nanosPerToken(3)) // the past has changed nothing
		s.segmentsHold(t, batch, []repo.TraceRef{{ID: traceID(1)}})
		s.settleAll(t, batch, nanosPerToken(3))
		s.holdsSettled(t, batch, nanosPerToken(3))
		s.oneSegmentADay(t, batch)
	}
}

// settlementOfDroppedDays drops days between the reading and the storing of
// settlements: one of a trace that is gone, one of a trace of which half is.
func settlementOfDroppedDays(t *testing.T, s *subject) {
	gone, half := onWire(t, teamRun(s.project, 1, at(0, noon))...), onWire(t, acrossMidnight(s.project, 2)...)
	s.inParts(t, slices.Concat(gone, half), 4)
	settlements := []repo.Settlement{s.settlement(t, traceID(1), nanosPerToken(3)), s.settlement(t, traceID(2), nanosPerToken(3))}
	s.drop(t, at(1, 0), 1, int64(len(gone)+2))
	s.settle(t, settlements...)

	if got, err := s.Trace(t.Context(), s.project, traceID(1)); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the dropped trace is %+v, %v", got, err)
	}
	s.readsOn(t, half, nanosPerToken(3))
	s.oneSegmentADay(t, half)
}

// readsOn checks what is left of a trace across midnight, settled when it was
// whole, after its first day was dropped; and that it settles again.
func (s *subject) readsOn(t tb, batch []model.Record, price nanosPerToken) {
	t.Helper()
	whole := settledOf(s.project, batch, price)
	kept := slices.DeleteFunc(slices.Clone(batch), func(r model.Record) bool { return r.Span.StartNano < at(1, 0) })
	want := sum(spansIn(kept))
	got, err := s.Trace(t.Context(), s.project, want.TraceID)
	if err != nil {
		t.Fatal(err)
	}
	left := settled{batch: kept}
	for _, bill := range whole.bills {
		if bill.StartNano >= at(1, 0) {
			left.bills = append(left.bills, bill)
		}
	}
	for _, run := range whole.runs {
		if run.StartNano >= at(1, 0) {
			left.runs = append(left.runs, run)
		}
		run.Settled = got.Settled()
	}
	if got.Settled() { // then it is the sum of what is left
		want.SettledSpans, want.Runs, want.Usage = want.Spans, int64(len(left.runs)), model.Usage{}
		for _, bill := range left.bills {
			want.Usage, want.Cost = want.Usage.Plus(bill.Usage), want.Cost.Plus(bill.Cost)
		}
	} else {
		want.SettledSpans, want.Runs, want.Usage, want.Cost = got.SettledSpans, got.Runs, got.Usage, got.Cost
	}
	left.traces = []*model.Trace{want}
	s.holdsAll(t, left)

	s.settleAll(t, kept, price)
	s.holdsSettled(t, kept, price)
}

func dropRemovesRunsAndBills(t *testing.T, s *subject) {
	var days [3][]model.Record
	var all []model.Record
	for day := range days {
		days[day] = onWire(t, slices.Concat(teamRun(s.project, 1+day, at(day, noon)), agentRun(s.project, 11+day, at(day, noon)))...)
		all = append(all, days[day]...)
	}
	s.inParts(t, all, 2)
	s.settleAll(t, all, nanosPerToken(3))
	provisional := onWire(t, teamRun("other", 1, at(0, noon))...)
	s.writeRecords(t, provisional)
	s.drop(t, at(1, 0), 1, int64(len(days[0])+len(provisional)))
	s.holdsSettled(t, slices.Concat(days[1], days[2]), nanosPerToken(3))
	s.in("other").holds(t)
	s.drop(t, at(2, 0), 1, int64(len(days[1])))
	s.holdsSettled(t, days[2], nanosPerToken(3))
	// What comes once more is as new as any other span.
	s.writeRecords(t, days[0])
	for _, run := range s.runs(t, repo.RunQuery{Start: model.TimeRange{End: at(1, 0)}}) {
		if run.Settled || run.Own.Spans != 0 {
			t.Errorf("run %s of a day that was dropped is %+v", run.SpanID, run)
		}
	}
	s.settleAll(t, days[0], nanosPerToken(3))
	s.holdsSettled(t, slices.Concat(days[0], days[2]), nanosPerToken(3))
}

func halfOfASettledTrace(t *testing.T, s *subject) {
	batch := onWire(t, acrossMidnight(s.project, 2)...)
	s.inParts(t, batch, 2)
	s.settleAll(t, batch, nanosPerToken(3))
	s.holdsSettled(t, batch, nanosPerToken(3))
	s.drop(t, at(1, 0), 1, 2)
	s.readsOn(t, batch, nanosPerToken(3))
}
