package sqlite_test

import (
	"bytes"
	"cmp"
	"slices"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// onWire returns spans with the bytes that a sender writes for them.
func onWire(tb testing.TB, spans ...*model.Span) []model.Record {
	tb.Helper()
	request, err := otlp.Parse(project, otlp.EncodeSpans(spans), otlp.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return request.Records
}

// settlementOf reads a trace and returns what puts its segments together, one
// for each day, and counts its spans. It derives nothing.
func settlementOf(tb testing.TB, store repo.Reader, id model.TraceID) repo.Settlement {
	tb.Helper()
	s := repo.Settlement{Project: project, TraceID: id}
	days := make(map[int64]*repo.SettledSpans)
	for segment, err := range store.Segments(tb.Context(), project, repo.TraceRef{ID: id}) {
		if err != nil {
			tb.Fatal(err)
		}
		records, err := otlp.ParseStored(project, append([]byte(nil), segment.Data...))
		if err != nil || len(records) != segment.Spans {
			tb.Fatalf("%d of %d spans, %v", len(records), segment.Spans, err)
		}
		d := model.Day(segment.Earliest)
		if days[d] == nil {
			days[d] = &repo.SettledSpans{}
		}
		days[d].Replaces = append(days[d].Replaces, segment.Place)
		for i, r := range records {
			days[d].Records, days[d].Writes = append(days[d].Records, r), append(days[d].Writes, segment.WriteOf(i))
		}
	}
	for d, spans := range days {
		sortByStart(spans)
		s.Parts = append(s.Parts, model.TracePart{Day: d, Spans: int64(len(spans.Records))})
		s.Segments = append(s.Segments, *spans)
	}
	return s
}

// sortByStart orders spans as a settlement has them.
func sortByStart(s *repo.SettledSpans) {
	places := make([]int, len(s.Records))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int {
		x, y := s.Records[a].Span, s.Records[b].Span
		return cmp.Or(cmp.Compare(x.StartNano, y.StartNano), bytes.Compare(x.SpanID[:], y.SpanID[:]))
	})
	sorted := repo.SettledSpans{Replaces: s.Replaces}
	for _, i := range places {
		sorted.Records, sorted.Writes = append(sorted.Records, s.Records[i]), append(sorted.Writes, s.Writes[i])
	}
	*s = sorted
}

// spansIn counts the segments of a trace, and each of its spans in them.
func spansIn(tb testing.TB, store repo.Reader, ref repo.TraceRef) (segments int, spans map[model.SpanID]int) {
	tb.Helper()
	spans = make(map[model.SpanID]int)
	last := int64(0)
	for segment, err := range store.Segments(tb.Context(), project, ref) {
		if err != nil {
			tb.Error(err)
			return segments, spans
		}
		if segment.Earliest < last {
			tb.Errorf("a segment that starts at %d comes behind one of %d", segment.Earliest, last)
		}
		last = segment.Earliest
		segments++
		records, err := otlp.ParseStored(project, segment.Data)
		if err != nil || len(records) != segment.Spans {
			tb.Errorf("%d of %d spans, %v", len(records), segment.Spans, err)
		}
		for _, r := range records {
			spans[r.Span.SpanID]++
		}
	}
	return segments, spans
}
