package repotest

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func traceLaws() []law {
	return []law{
		{name: "TraceIsTheSumOfItsSpans", test: traceIsTheSumOfItsSpans},
		{name: "TraceThatIsNotStoredIsNotFound", test: traceNotStored},
		{name: "TraceIsReadAsItsSumAndItsSegments", test: traceIsRead},
		{name: "TraceThatIsNotStoredIsNotRead", test: traceNotRead},
		{name: "TraceThatIsRefusedYieldsNothing", test: traceRefused},
		{name: "BreakingOffATraceFreesItsConnection", test: breakingOffATrace},
		{name: "TraceAcrossMidnightIsOneTrace", test: traceAcrossMidnight},
		{name: "TraceAcrossManyDaysIsOneTrace", test: traceAcrossManyDays},
		{name: "HalfOfATraceIsFoundByWhatTheOtherHalfKnows", test: halfFoundByTheOther},
		{name: "LateSpanMovesItsTraceInEveryList", test: lateSpanMovesItsTrace},
		{name: "LateRootNamesTheTrace", test: lateRootNamesTheTrace},
		{name: "SameIDsInTwoProjectsAreTwoTraces", test: sameIDsInTwoProjects},
	}
}

func traceIsTheSumOfItsSpans(t *testing.T, s *subject) {
	spans := agentRun(s.project, 1, at(0, noon))
	s.write(t, spans...)
	got, err := s.Trace(t.Context(), s.project, traceID(1))
	if err != nil {
		t.Fatal(err)
	}
	sameTraces(t, []*model.Trace{{
		Project: s.project, TraceID: traceID(1),
		StartNano: at(0, noon), EndNano: at(0, noon+2600*time.Millisecond),
		Spans: 4, Errors: 1, LLMCalls: 2, ToolCalls: 1,
		Status: model.StatusError,
		Usage:  model.Usage{Input: 1742, Output: 105},
		Models: []string{"gpt-5", "gpt-5-mini"}, Tools: []string{"track_parcel"},
		RootKey: model.RootKey(spans[0]), RootName: "Support_Agent.run",
		HeadKey: model.HeadKey(spans[0]), HeadType: model.TypeAgent, Name: "Support_Agent.run",
		Service: "support-desk", Environment: "production",
		Identity:     model.Identity{AgentID: "support-agent", AgentName: "Support Agent", SessionID: "session-1", UserID: "user-1", RunID: "run-1"},
		InputPreview: "Where is my parcel?", OutputPreview: "I could not find out.",
		ErrorKey: model.ErrorKey(spans[2]), ErrorSpan: "track_parcel", ErrorType: "TimeoutError", ErrorMessage: "carrier timed out",
	}}, []*model.Trace{got})
}

// traceIsRead reads traces of one segment, of several and of several days.
func traceIsRead(t *testing.T, s *subject) {
	s.write(t, agentRun(s.project, 1, at(0, noon))...)
	for n := range 3 {
		s.write(t, plain(s.project, 2, n, at(0, noon)+int64(n)))
	}
	s.write(t, acrossMidnight(s.project, 3)...)
	for trace := 1; trace <= 3; trace++ {
		sum, err := s.Trace(t.Context(), s.project, traceID(trace))
		if err != nil {
			t.Fatal(err)
		}
		var begun []*model.Trace
		var got []byte
		begin := func(sum *model.Trace) error {
			begun = append(begun, sum)
			return nil
		}
		for segment, err := range s.ReadTrace(t.Context(), s.project, traceID(trace), begin) {
			if err != nil || len(begun) != 1 {
				t.Fatalf("a segment comes with %v, after %d sums", err, len(begun))
			}
			got = append(got, segment.Data...)
		}
		sameTraces(t, []*model.Trace{sum}, begun)
		var want []byte
		for segment, err := range s.Segments(t.Context(), s.project, repo.RefOf(sum)) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, segment.Data...)
		}
		if len(want) == 0 || !bytes.Equal(want, got) {
			t.Errorf("trace %d: %d bytes came, want the %d of its segments", trace, len(got), len(want))
		}
	}
}

func traceNotRead(t *testing.T, s *subject) {
	s.write(t, agentRun(s.project, 1, at(0, noon))...)
	begin := func(sum *model.Trace) error {
		t.Errorf("%s begins", sum.TraceID)
		return nil
	}
	for _, ask := range []struct {
		project string
		id      model.TraceID
	}{{s.project, traceID(2)}, {s.project + "x", traceID(1)}} {
		var errs []error
		for _, err := range s.ReadTrace(t.Context(), ask.project, ask.id, begin) {
			errs = append(errs, err)
		}
		if len(errs) != 1 || !errors.Is(errs[0], repo.ErrNotFound) {
			t.Errorf("ReadTrace(%q, %s) yields %v; want ErrNotFound", ask.project, ask.id, errs)
		}
	}
}

func traceRefused(t *testing.T, s *subject) {
	s.write(t, agentRun(s.project, 1, at(0, noon))...)
	refused := errors.New("too large")
	var errs []error
	for _, err := range s.ReadTrace(t.Context(), s.project, traceID(1), func(*model.Trace) error { return refused }) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], refused) {
		t.Errorf("a trace that is refused yields %v", errs)
	}
}

func breakingOffATrace(t *testing.T, s *subject) {
	s.write(t, agentRun(s.project, 1, at(0, noon))...)
	for range moreThanAnyPool {
		for _, err := range s.ReadTrace(t.Context(), s.project, traceID(1), func(*model.Trace) error { return nil }) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
}

func traceNotStored(t *testing.T, s *subject) {
	s.write(t, agentRun(s.project, 1, at(0, noon))...)
	for _, ask := range []struct {
		project string
		id      model.TraceID
	}{{s.project, traceID(2)}, {s.project, model.TraceID{}}, {"", traceID(1)}, {s.project + "x", traceID(1)}} {
		if got, err := s.Trace(t.Context(), ask.project, ask.id); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("Trace(%q, %s) = %+v, %v; want ErrNotFound", ask.project, ask.id, got, err)
		}
	}
}

func traceAcrossMidnight(t *testing.T, s *subject) {
	before, after := halves(acrossMidnight(s.project, 1))
	s.write(t, slices.Concat(before, after)...)

	first, second := halves(acrossMidnight(s.project, 2))
	s.write(t, first...)
	s.write(t, second...)

	late, early := halves(acrossMidnight(s.project, 3))
	s.write(t, early...)
	s.holds(t, slices.Concat(before, after, first, second, early)...)
	s.write(t, late...)
	s.holds(t, slices.Concat(before, after, first, second, early, late)...)
}

func traceAcrossManyDays(t *testing.T, s *subject) {
	r := newRandom(20)
	var all []*model.Span
	for day := range 6 {
		for trace := range 2 {
			all = append(all, r.span(s.project, trace, len(all), at(day*(trace+1), 0), 24*time.Hour))
		}
	}
	r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	for batch := range slices.Chunk(all, 4) {
		s.write(t, batch...)
	}
	s.holds(t, all...)
}

// halfFoundByTheOther asks for values that only the whole trace has, or only
// one of its halves, in both orders of arrival.
func halfFoundByTheOther(t *testing.T, s *subject) {
	var all []*model.Span
	for trace := range 2 {
		before, after := halves(acrossMidnight(s.project, trace))
		if trace == 1 {
			before, after = after, before
		}
		s.write(t, before...)
		s.write(t, after...)
		all = append(all, slices.Concat(before, after)...)
	}
	whole := int64(3590 * time.Millisecond)
	for _, c := range []struct {
		name  string
		q     repo.TraceQuery
		found int
	}{
		{"failed on day 1", repo.TraceQuery{Failed: new(true)}, 2},
		{"not failed is true of day 0 only", repo.TraceQuery{Failed: new(false)}, 0},
		{"error on day 1", repo.TraceQuery{Status: new(model.StatusError)}, 2},
		{"OK is true of day 0 only", repo.TraceQuery{Status: new(model.StatusOK)}, 0},
		{"unset is true of no half and no whole", repo.TraceQuery{Status: new(model.StatusUnset)}, 0},
		{"identity on day 0", repo.TraceQuery{Identity: model.Identity{AgentID: "support-agent"}}, 2},
		{"identity on day 0, failed on day 1", repo.TraceQuery{Identity: model.Identity{UserID: "user-1"}, Failed: new(true)}, 1},
		{"name on day 0, error on day 1", repo.TraceQuery{Name: "Support_Agent.run", Status: new(model.StatusError)}, 2},
		{"name of day 1 alone", repo.TraceQuery{Name: "track_parcel"}, 0},
		{"lasts as long as the whole", repo.TraceQuery{MinDuration: whole, MaxDuration: whole}, 2},
		{"lasts longer than either half", repo.TraceQuery{MinDuration: int64(3 * time.Second)}, 2},
		{"is not as short as a half", repo.TraceQuery{MaxDuration: int64(3 * time.Second)}, 0},
		{"starts on day 0", repo.TraceQuery{Start: model.TimeRange{Start: at(0, 0), End: at(1, 0)}}, 2},
		{"does not start on day 1", repo.TraceQuery{Start: model.TimeRange{Start: at(1, 0), End: at(2, 0)}}, 0},
	} {
		for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
			c.q.Order = order
			want := referenceOf(all).tracesOf(s.project, c.q)
			if len(want) != c.found {
				t.Fatalf("%s: the reference finds %d, want %d", c.name, len(want), c.found)
			}
			t.Run(c.name, func(t *testing.T) { sameTraces(t, want, s.traces(t, c.q)) })
		}
	}
}

func lateSpanMovesItsTrace(t *testing.T, s *subject) {
	var all []*model.Span
	for trace := range 5 {
		all = append(all, agentRun(s.project, trace, at(0, time.Duration(trace)*time.Hour))...)
	}
	s.write(t, all...)
	earlier := plain(s.project, 4, 900, at(-2, noon))
	longer := plain(s.project, 0, 901, at(0, noon))
	for _, span := range []*model.Span{earlier, longer} {
		s.write(t, span)
		all = append(all, span)
		s.holds(t, all...)
	}
}

func lateRootNamesTheTrace(t *testing.T, s *subject) {
	spans := agentRun(s.project, 1, at(0, noon))
	s.write(t, spans[1:]...)
	if got, err := s.Trace(t.Context(), s.project, traceID(1)); err != nil || got.RootArrived() || got.Name != spans[1].Name {
		t.Errorf("without its root: %+v, %v", got, err)
	}
	s.write(t, spans[0])
	if got, err := s.Trace(t.Context(), s.project, traceID(1)); err != nil || got.RootSpanID() != spans[0].SpanID || got.Name != spans[0].Name {
		t.Errorf("with its root: %+v, %v", got, err)
	}
	s.holds(t, spans...)
}

func sameIDsInTwoProjects(t *testing.T, s *subject) {
	other := s.in(s.project + "-other")
	ours := slices.Concat(agentRun(s.project, 1, at(0, noon)), acrossMidnight(s.project, 2))
	theirs := slices.Concat(agentRun(other.project, 1, at(0, noon)), acrossMidnight(other.project, 2))
	for _, span := range theirs {
		span.EndNano++
		span.Name += " of the other"
		span.Identity.UserID = "user-of-the-other"
	}
	s.write(t, ours...)
	other.holds(t)
	other.write(t, theirs...)
	s.holds(t, ours...)
	other.holds(t, theirs...)
	if got := s.traces(t, repo.TraceQuery{Identity: model.Identity{UserID: "user-of-the-other"}}); len(got) != 0 {
		t.Errorf("a user of the other project has %d traces in ours", len(got))
	}
	s.in("").holds(t)
}
