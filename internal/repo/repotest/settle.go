package repotest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func settleLaws() []law {
	return []law{
		{name: "SettledTracesHaveTheirRunsUsageAndCost", test: settledTraces},
		{name: "EveryFieldOfASettlementSurvives", test: everyFieldOfASettlement},
		{name: "SettlementsOutliveTheStore", test: settlementsOutliveTheStore},
		{name: "SettleTakesTracesOfAnyProjects", test: settleTakesAnyProjects},
		{name: "SettlingTheSameSpansAgainChangesNothing", test: settlingAgain},
		{name: "SettlementReplacesTheOneBefore", test: settlementReplaces},
		{name: "DuplicatesLeaveATraceSettled", test: duplicatesLeaveSettled},
		{name: "TraceAcrossDaysSettlesAsOne", test: traceAcrossDaysSettles},
		{name: "LargeTraceSettles", test: largeTraceSettles},
		{name: "SettleOfNothingDoesNothing", test: settleOfNothing},
		{name: "SettleKeepsNoMemoryOfItsSettlements", test: settleKeepsNoMemory},
		{name: "RefusedSettlementStoresNothing", test: refusedSettlement},
	}
}

// someRuns returns records of traces of every kind: of one day and of several,
// with runs that nest, and with no run at all.
func someRuns(t tb, project string) []model.Record {
	t.Helper()
	spans := slices.Concat(agentRun(project, 1, at(0, noon)), acrossMidnight(project, 2), teamRun(project, 3, at(1, noon)), teamRun(project, 4, at(1, -2*time.Second)))
	for _, s := range newRandom(90).traces(project, 12) {
		s.TraceID[0] ^= 0xff
		spans = append(spans, s)
	}
	return onWire(t, append(spans, plain(project, 5, 500, at(0, noon)))...)
}

// inParts writes records in so many batches, which are spread over all of them.
func (s *subject) inParts(t tb, batch []model.Record, parts int) {
	t.Helper()
	for part := range parts {
		var some []model.Record
		for i := part; i < len(batch); i += parts {
			some = append(some, batch[i])
		}
		s.writeRecords(t, some)
	}
}

func settledTraces(t *testing.T, s *subject) {
	batch := someRuns(t, s.project)
	s.inParts(t, batch, 3)
	s.holdsRecords(t, batch)
	if got := s.bills(t, repo.BillQuery{By: []repo.BillField{repo.ByRun}}); len(got) != 0 {
		t.Errorf("before any trace has settled, there are %d sums of bills", len(got))
	}
	other := s.in(s.project + "-other")
	theirs := someRuns(t, other.project)
	other.inParts(t, theirs, 2)
	s.settleAll(t, batch, nanosPerToken(3))
	s.holdsSettled(t, batch, nanosPerToken(3))
	s.oneSegmentADay(t, batch)
	other.holdsRecords(t, theirs)
	other.settleAll(t, theirs, nanosPerToken(5))
	s.holdsSettled(t, batch, nanosPerToken(3))
	other.holdsSettled(t, theirs, nanosPerToken(5))
}

// full returns a value without a zero in it, found by reflection so that no field
// can be added and forgotten. Slices and pointers are the caller's.
func full[V any](t tb, path string) (v V) {
	t.Helper()
	n := len(path)
	fill(t, reflect.ValueOf(&v).Elem(), path, &n)
	return v
}

func everyFieldOfASettlement(t *testing.T, s *subject) {
	span := agentRun(s.project, 1, at(0, noon))[0]
	s.write(t, span)
	run := full[model.Run](t, "run")
	run.Project, run.TraceID, run.SpanID, run.StartNano, run.EndNano = s.project, span.TraceID, span.SpanID, span.StartNano, span.EndNano+1<<61
	run.Type, run.Status = model.TypeAgent, model.StatusError
	fault := full[model.RunError](t, "fault")
	fault.Path = []string{"from", `the "run"`, "größe"}
	run.Detail.Error, run.Detail.Steps = &fault, []model.RunStep{full[model.RunStep](t, "step"), {}}
	run.Detail.Models, run.Detail.Tools = []model.NameCount{full[model.NameCount](t, "model")}, []model.NameCount{full[model.NameCount](t, "tool"), {}}
	bills := []model.Bill{full[model.Bill](t, "model's bill"), full[model.Bill](t, "tool's bill")}
	for i := range bills {
		b := &bills[i]
		b.Project, b.TraceID, b.Kind = s.project, span.TraceID, model.CallsOfModel+model.CallKind(i)
		b.StartNano = at(0, noon+time.Duration(i)*time.Hour)
		b.Latencies = string(model.AppendLatency(model.AppendLatency(nil, 28), model.LatencyBuckets-1)) // a backslash among them
	}
	part := full[model.TracePart](t, "part")
	part.Day, part.Spans = at(0, 0), 1
	s.settle(t, repo.Settlement{Project: s.project, TraceID: span.TraceID, Parts: []model.TracePart{part}, Runs: []*model.Run{&run}, Bills: bills})

	want := model.TraceOf(span)
	want.SettledSpans, want.Runs, want.Usage, want.Cost = 1, part.Runs, part.Usage, part.Cost
	s.hasTrace(t, want)
	run.Settled = true
	sameRuns(t, []*model.Run{&run}, s.runs(t, repo.RunQuery{}))
	s.billsHold(t, bills)
}

func settlementsOutliveTheStore(t *testing.T, s *subject) {
	batch := someRuns(t, s.project)
	first := &subject{Store: s.open(t), open: s.open, project: s.project}
	first.inParts(t, batch, 2)
	first.settleAll(t, batch, nanosPerToken(3))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	s.holdsSettled(t, batch, nanosPerToken(3))
	s.again(t).holdsSettled(t, batch, nanosPerToken(3))
}

func settleTakesAnyProjects(t *testing.T, s *subject) {
	var settlements []repo.Settlement
	batches := map[*subject][]model.Record{}
	for i := range 3 {
		s := s.in(fmt.Sprintf("%s-%d", s.project, i))
		batches[s] = onWire(t, slices.Concat(teamRun(s.project, 1, at(i, noon)), acrossMidnight(s.project, 2+i))...)
		s.inParts(t, batches[s], 2)
		for id := range byTrace(s.project, batches[s]) {
			settlements = append(settlements, s.settlement(t, id, nanosPerToken(2)))
		}
	}
	s.settle(t, settlements...)
	for s, batch := range batches {
		s.holdsSettled(t, batch, nanosPerToken(2))
		s.oneSegmentADay(t, batch)
	}
}

// settlingAgain settles what is settled, and repeats the very settlement that put
// the segments together, as after an answer that was lost.
func settlingAgain(t *testing.T, s *subject) {
	batch := someRuns(t, s.project)
	s.inParts(t, batch, 3)
	var first []repo.Settlement
	for id := range byTrace(s.project, batch) {
		first = append(first, s.settlement(t, id, nanosPerToken(3)))
	}
	s.settle(t, first...)
	refs, head := refsOf(spansIn(batch)), s.head(t)
	before := s.segments(t, refs...)
	for range 2 {
		s.settleAll(t, batch, nanosPerToken(3))
		s.settle(t, first...)
		s.holdsSettled(t, batch, nanosPerToken(3))
		if diff := gocmp.Diff(before, s.segments(t, refs...)); diff != "" {
			t.Fatalf("segments differ (-first +again):\n%s", diff)
		}
	}
	changes, _ := s.follow(t, head, 100)
	for _, c := range changes {
		if c.Project == s.project { // laws of other projects run beside this one
			t.Errorf("nothing was written, but the change log says %+v", c)
		}
	}
}

func settlementReplaces(t *testing.T, s *subject) {
	batch := someRuns(t, s.project)
	s.inParts(t, batch, 2)
	for _, price := range []nanosPerToken{3, 7, 1} {
		s.settleAll(t, batch, price)
		s.holdsSettled(t, batch, price)
	}
	want := settledOf(s.project, batch, nanosPerToken(1))
	want.bills = nil
	for id := range byTrace(s.project, batch) {
		without := s.settlement(t, id, nanosPerToken(1))
		without.Bills = nil
		s.settle(t, without)
	}
	s.holdsAll(t, want)
}

func duplicatesLeaveSettled(t *testing.T, s *subject) {
	batch := someRuns(t, s.project)
	s.inParts(t, batch, 2)
	s.settleAll(t, batch, nanosPerToken(3))
	for _, r := range batch { // with other content, too
		other := *r.Span
		other.Name, other.Failed, other.Usage.Input, other.EndNano = "other", !r.Span.Failed, 1000, r.Span.EndNano+5
		s.write(t, &other)
	}
	s.inParts(t, batch, 1)
	s.holdsSettled(t, batch, nanosPerToken(3))
}

func traceAcrossDaysSettles(t *testing.T, s *subject) {
	r := newRandom(21)
	var spans []*model.Span
	for day := range 5 {
		for range 4 {
			spans = append(spans, r.span(s.project, 1, len(spans), at(day, 0), 24*time.Hour))
		}
	}
	batch := onWire(t, spans...)
	s.inParts(t, batch, 3)
	s.settleAll(t, batch, nanosPerToken(3))
	s.holdsSettled(t, batch, nanosPerToken(3))
	s.oneSegmentADay(t, batch)
}

func largeTraceSettles(t *testing.T, s *subject) {
	var spans []*model.Span
	for n := range 300 {
		for _, span := range teamRun(s.project, 10+n, at(n%2, noon)+int64(n)) {
			span.TraceID = traceID(1)
			spans = append(spans, span)
		}
	}
	batch := onWire(t, spans...)
	s.inParts(t, batch, 12)
	s.settleAll(t, batch, nanosPerToken(3))
	s.holdsSettled(t, batch, nanosPerToken(3))
	s.oneSegmentADay(t, batch)
}

func settleOfNothing(t *testing.T, s *subject) {
	batch := onWire(t, teamRun(s.project, 1, at(0, noon))...)
	s.writeRecords(t, batch)
	nobody := s.in(s.project + "-nobody")
	s.settle(t)
	s.settle(t, repo.Settlement{Project: s.project, TraceID: traceID(9)}, repo.Settlement{Project: nobody.project, TraceID: traceID(1)})
	s.holdsRecords(t, batch)
	nobody.holds(t)
}

func settleKeepsNoMemory(t *testing.T, s *subject) {
	batch := onWire(t, teamRun(s.project, 1, at(0, noon))...)
	want := settledOf(s.project, batch, nanosPerToken(3))
	s.inParts(t, batch, 2)
	settlement := s.settlement(t, traceID(1), nanosPerToken(3))
	s.settle(t, settlement)
	for _, run := range settlement.Runs {
		*run = model.Run{}
	}
	clear(settlement.Bills)
	clear(settlement.Parts)
	for _, segment := range settlement.Segments {
		for _, r := range segment.Records {
			clear(r.Raw)
			*r.Span = model.Span{}
		}
		clear(segment.Records)
		clear(segment.Writes)
	}
	later := onWire(t, teamRun(s.project, 2, at(0, noon))...)
	s.writeRecords(t, later)
	s.settleAll(t, later, nanosPerToken(3))
	s.holdsAll(t, join(want, settledOf(s.project, later, nanosPerToken(3))))
}

// join puts what must be found of different traces together.
func join(a, b settled) settled {
	return settled{slices.Concat(a.batch, b.batch), slices.Concat(a.traces, b.traces), slices.Concat(a.runs, b.runs), slices.Concat(a.bills, b.bills)}
}

// refusedSettlement settles what some databases will not take, behind something
// that they do: those that take it must take all.
func refusedSettlement(t *testing.T, s *subject) {
	batch := onWire(t, slices.Concat(teamRun(s.project, 1, at(0, noon)), teamRun(s.project, 2, at(0, noon)))...)
	s.inParts(t, batch, 2)
	good, bad := s.settlement(t, traceID(1), nanosPerToken(3)), s.settlement(t, traceID(2), nanosPerToken(3))
	bad.Bills[0].Model = "nul \x00 nul"
	if err := s.Settle(t.Context(), nil, []repo.Settlement{good, bad}); err != nil {
		if !errors.Is(err, repo.ErrRefused) {
			t.Errorf("got %v, want ErrRefused", err)
		}
		s.holdsRecords(t, batch)
		if got := s.bills(t, repo.BillQuery{By: namesOfBills}); len(got) != 0 {
			t.Errorf("there are %d sums of bills", len(got))
		}
	} else if got := s.unsettled(t, batch, traceID(1), traceID(2)); len(got) != 0 {
		t.Errorf("of two traces that were taken, %d are unsettled", len(got))
	}
	s.settleAll(t, batch, nanosPerToken(3))
	s.holdsSettled(t, batch, nanosPerToken(3))
}
