package repotest

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// nanosPerToken is a price of every model: settlements at different prices are
// told apart by what their calls cost.
type nanosPerToken int64

func (n nanosPerToken) Price(s *model.Span) (nano int64, ok bool) {
	return int64(n) * s.Usage.Sum(), s.Model != ""
}

// onWire returns records of the spans as a sender would have written them, so
// that whoever reads their bytes again derives from them what the records say.
func onWire(t tb, spans ...*model.Span) []model.Record {
	t.Helper()
	out := make([]model.Record, len(spans))
	for i, s := range spans {
		sent := *s
		sent.Body = &model.Body{
			Input:    model.Content{Value: s.InputPreview},
			Output:   model.Content{Value: s.OutputPreview},
			Resource: model.Resource{SchemaURL: "https://opentelemetry.io/schemas/1.41.0"},
			Scope:    model.Scope{Name: "repotest", Version: "1.0.3"},
		}
		if s.Failed {
			sent.Body.Events = []model.Event{{TimeNano: s.EndNano, Name: "exception", Attributes: []model.KeyValue{
				{Key: "exception.type", Value: model.StringValue(s.ErrorType)},
				{Key: "exception.message", Value: model.StringValue(s.ErrorMessage)},
			}}}
		}
		otlp.AddMissingAttributes(&sent)
		got, err := otlp.ParseStored(s.Project, otlp.EncodeSpans([]*model.Span{&sent}))
		if err != nil || len(got) != 1 {
			t.Fatalf("a span that was made here is read as %d spans: %v", len(got), err)
		}
		out[i] = got[0]
	}
	return out
}

func spansIn(batch []model.Record) []*model.Span {
	spans := make([]*model.Span, len(batch))
	for i, r := range batch {
		spans[i] = r.Span
	}
	return spans
}

// byTrace returns the records of each trace of a project.
func byTrace(project string, batch []model.Record) map[model.TraceID][]model.Record {
	parts := map[model.TraceID][]model.Record{}
	for _, r := range batch {
		if r.Span.Project == project {
			parts[r.Span.TraceID] = append(parts[r.Span.TraceID], r)
		}
	}
	return parts
}

// readSettlement derives a settlement from what is stored of a trace, as a
// consumer of the change log does: spans of one day that are in several segments, or
// in a quick one, are to become one.
func readSettlement(ctx context.Context, store repo.Reader, project string, id model.TraceID, price runs.Pricer) (repo.Settlement, error) {
	var spans []*model.Span
	days, quick := map[int64]*repo.SettledSpans{}, map[*repo.SettledSpans]bool{}
	for segment, err := range store.Segments(ctx, project, repo.TraceRef{ID: id}) {
		if err != nil {
			return repo.Settlement{}, err
		}
		stored, err := otlp.ParseStored(project, bytes.Clone(segment.Data))
		if err != nil {
			return repo.Settlement{}, err
		}
		day := days[model.Day(segment.Earliest)]
		if day == nil {
			day = &repo.SettledSpans{}
			days[model.Day(segment.Earliest)] = day
		}
		day.Replaces = append(day.Replaces, segment.Place)
		quick[day] = quick[day] || segment.Quick
		for i, r := range stored {
			spans = append(spans, r.Span)
			day.Records = append(day.Records, r)
			day.Writes = append(day.Writes, segment.WriteOf(i))
		}
	}
	derived := runs.Of(spans, price)
	s := repo.Settlement{Project: project, TraceID: id, Parts: derived.Parts, Runs: derived.Runs, Bills: derived.Bills}
	for _, start := range slices.Sorted(maps.Keys(days)) {
		if day := days[start]; len(day.Replaces) > 1 || quick[day] {
			s.Segments = append(s.Segments, inOrder(day))
		}
	}
	return s, nil
}

// inOrder returns the same spans by start, then by id.
func inOrder(s *repo.SettledSpans) repo.SettledSpans {
	places := make([]int, len(s.Records))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int {
		x, y := s.Records[a].Span, s.Records[b].Span
		return cmp.Or(cmp.Compare(x.StartNano, y.StartNano), bytes.Compare(x.SpanID[:], y.SpanID[:]))
	})
	out := repo.SettledSpans{Replaces: s.Replaces}
	for _, i := range places {
		out.Records = append(out.Records, s.Records[i])
		out.Writes = append(out.Writes, s.Writes[i])
	}
	return out
}

// settlement derives a settlement from what is stored of a trace now.
func (s *subject) settlement(t tb, id model.TraceID, price runs.Pricer) repo.Settlement {
	t.Helper()
	got, err := readSettlement(t.Context(), s, s.project, id, price)
	if err != nil {
		t.Fatalf("reading trace %s: %v", id, err)
	}
	return got
}

// settle stores settlements in one call.
func (s *subject) settle(t tb, settlements ...repo.Settlement) {
	t.Helper()
	if err := s.Settle(t.Context(), nil, settlements); err != nil {
		t.Fatalf("Settle of %d traces: %v", len(settlements), err)
	}
}

// settleAll settles all traces of the project that the records are of.
func (s *subject) settleAll(t tb, batch []model.Record, price runs.Pricer) {
	t.Helper()
	var settlements []repo.Settlement
	for id := range byTrace(s.project, batch) {
		settlements = append(settlements, s.settlement(t, id, price))
	}
	s.settle(t, settlements...)
}

// settled is what must be found of traces that have settled.
type settled struct {
	batch  []model.Record
	traces []*model.Trace
	runs   []*model.Run
	bills  []model.Bill
}

// settledOf derives from the records of a project what a store must say once
// all of them have settled.
func settledOf(project string, batch []model.Record, price runs.Pricer) settled {
	want := settled{batch: batch}
	for _, part := range byTrace(project, batch) {
		derived := runs.Of(spansIn(part), price)
		trace := sum(spansIn(part))
		trace.SettledSpans, trace.Usage = trace.Spans, model.Usage{}
		for _, day := range derived.Parts {
			trace.Runs += day.Runs
			trace.Usage, trace.Cost = trace.Usage.Plus(day.Usage), trace.Cost.Plus(day.Cost)
		}
		for _, run := range derived.Runs {
			run.Settled = true
		}
		want.traces = append(want.traces, trace)
		want.runs = append(want.runs, derived.Runs...)
		want.bills = append(want.bills, derived.Bills...)
	}
	return want
}

// holdsSettled checks that the project holds exactly these records, all of them
// settled at this price, by every question that can be asked.
func (s *subject) holdsSettled(t tb, batch []model.Record, price runs.Pricer) {
	t.Helper()
	s.holdsAll(t, settledOf(s.project, batch, price))
}

func (s *subject) holdsAll(t tb, want settled) {
	t.Helper()
	slices.SortFunc(want.traces, func(a, b *model.Trace) int { return compareTraces(repo.NewestFirst, a, b) })
	sameTraces(t, want.traces, s.traces(t, repo.TraceQuery{}))
	var refs []repo.TraceRef
	for _, trace := range want.traces {
		s.hasTrace(t, trace)
		refs = append(refs, repo.TraceRef{ID: trace.TraceID})
	}
	for _, order := range []repo.RunOrder{repo.RunsNewestFirst, repo.RunsCostliestFirst} {
		q := repo.RunQuery{Order: order}
		sameRuns(t, runsOf(want.runs, q), s.runs(t, q))
	}
	s.billsHold(t, want.bills)
	sameSpans(t, referenceOf(spansIn(want.batch)).spansOf(s.project, repo.SpanQuery{}), s.spans(t, repo.SpanQuery{}))
	s.segmentsHold(t, want.batch, refs)
}

// oneSegmentADay checks that each day of each trace is one segment.
func (s *subject) oneSegmentADay(t tb, batch []model.Record) {
	t.Helper()
	type place struct {
		trace model.TraceID
		day   int64
	}
	seen := map[place]int{}
	for _, segment := range s.segments(t, refsOf(spansIn(batch))...) {
		p := place{segment.TraceID, model.Day(segment.Earliest)}
		if seen[p]++; seen[p] > 1 {
			t.Fatalf("a day of trace %s is in %d segments", segment.TraceID, seen[p])
		}
		if segment.Quick {
			t.Fatalf("a day of trace %s is in a quick segment still", segment.TraceID)
		}
	}
}
