package repotest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// tb is what the suite needs of a test: *testing.T and *rapid.T have it.
type tb interface {
	rapid.TB
	Context() context.Context
}

// subject is the store under test, seen from one project. Its methods ask the
// store something and end the test when the answer breaks a law.
type subject struct {
	repo.Store
	open    Opener
	project string
}

// in returns the same store, seen from another project.
func (s *subject) in(project string) *subject {
	return &subject{Store: s.Store, open: s.open, project: project}
}

// again opens one more store on the same database.
func (s *subject) again(t *testing.T) *subject {
	t.Helper()
	return &subject{Store: openUntilEnd(t, s.open), open: s.open, project: s.project}
}

// write stores the spans as one batch.
func (s *subject) write(t tb, spans ...*model.Span) repo.Written {
	t.Helper()
	return s.writeRecords(t, records(spans))
}

func (s *subject) writeRecords(t tb, batch []model.Record) repo.Written {
	t.Helper()
	got, err := s.Write(t.Context(), batch)
	if err != nil {
		t.Fatalf("Write of %d records: %v", len(batch), err)
	}
	if got.Stored+got.Duplicates != len(batch) {
		t.Fatalf("Write of %d records says %+v", len(batch), got)
	}
	return got
}

// traces lists everything that matches q, page by page, while nobody writes.
func (s *subject) traces(t tb, q repo.TraceQuery) []*model.Trace {
	t.Helper()
	return s.walkTraces(t, q, nil)
}

// walkTraces lists everything that matches q and calls between behind each
// page, a few times: a list that grows as fast as it is read has no end. Where
// between is nil nobody writes, and a page that is not full must be the last.
func (s *subject) walkTraces(t tb, q repo.TraceQuery, between func()) []*model.Trace {
	t.Helper()
	q.Limit = cmp.Or(q.Limit, repo.MaxPage)
	var all []*model.Trace
	for pages := 0; ; pages++ {
		page, err := s.Traces(t.Context(), s.project, q)
		if err != nil {
			t.Fatalf("Traces: %v, asked for\n%s", err, gocmp.Diff(repo.TraceQuery{}, q))
		}
		if len(page) == 0 {
			return all
		}
		if between == nil && len(all)%q.Limit != 0 {
			t.Fatalf("a page of %d comes after one that was not full", len(page))
		}
		all = append(all, page...)
		s.checkTracePage(t, q, page, all)
		if isAll(pages, len(page), q.Limit, between) {
			return all
		}
		q.After = new(q.Order.CursorOf(page[len(page)-1]))
		if between != nil && pages < maxBetween {
			between()
		}
	}
}

const maxBetween = 8

// isAll reports whether a page is all that a list has: the first one, where nobody
// chose how long pages are and it is not full. That nothing comes behind a page which is
// not full is seen where they are chosen.
func isAll(pages, found, limit int, between func()) bool {
	return pages == 0 && found < limit && limit == repo.MaxPage && between == nil
}

// checkTracePage holds that a page is not too long, and that it goes on where
// the page before ended, in a total order: so nothing is listed twice.
func (s *subject) checkTracePage(t tb, q repo.TraceQuery, page, all []*model.Trace) {
	t.Helper()
	if len(page) > q.Limit {
		t.Fatalf("a page has %d traces, limit is %d", len(page), q.Limit)
	}
	for _, trace := range page {
		if trace.Project != s.project {
			t.Fatalf("project %q lists a trace of project %q", s.project, trace.Project)
		}
	}
	for i := max(1, len(all)-len(page)); i < len(all); i++ {
		if compareTraces(q.Order, all[i-1], all[i]) >= 0 {
			t.Fatalf("order %d: trace %s (start %d, duration %d) is listed before %s (start %d, duration %d)", q.Order,
				all[i-1].TraceID, all[i-1].StartNano, all[i-1].Duration(), all[i].TraceID, all[i].StartNano, all[i].Duration())
		}
	}
}

// spans lists everything that matches q, page by page, while nobody writes.
func (s *subject) spans(t tb, q repo.SpanQuery) []*model.Span {
	t.Helper()
	return s.walkSpans(t, q, nil)
}

// walkSpans is to spans what walkTraces is to traces.
func (s *subject) walkSpans(t tb, q repo.SpanQuery, between func()) []*model.Span {
	t.Helper()
	q.Limit = cmp.Or(q.Limit, repo.MaxPage)
	var all []*model.Span
	seen := map[spanKey]bool{}
	for pages := 0; ; pages++ {
		page, err := s.Spans(t.Context(), s.project, q)
		if err != nil {
			t.Fatalf("Spans: %v, asked for\n%s", err, gocmp.Diff(repo.SpanQuery{}, q))
		}
		if len(page) == 0 {
			return all
		}
		if between == nil && len(all)%q.Limit != 0 {
			t.Fatalf("a page of %d comes after one that was not full", len(page))
		}
		all = append(all, page...)
		s.checkSpanPage(t, q, page, all, seen)
		if isAll(pages, len(page), q.Limit, between) {
			return all
		}
		q.After = new(repo.SpanCursorOf(page[len(page)-1]))
		if between != nil && pages < maxBetween {
			between()
		}
	}
}

func (s *subject) checkSpanPage(t tb, q repo.SpanQuery, page, all []*model.Span, seen map[spanKey]bool) {
	t.Helper()
	if len(page) > q.Limit {
		t.Fatalf("a page has %d spans, limit is %d", len(page), q.Limit)
	}
	for i := max(1, len(all)-len(page)); i < len(all); i++ {
		if compareStarts(q.Order, all[i-1], all[i]) > 0 {
			t.Fatalf("order %d: a span that starts at %d is listed before one at %d", q.Order, all[i-1].StartNano, all[i].StartNano)
		}
	}
	for _, span := range page {
		if span.Project != s.project {
			t.Fatalf("project %q lists a span of project %q", s.project, span.Project)
		}
		if seen[keyOf(span)] {
			t.Fatalf("span %s of trace %s is listed twice", span.SpanID, span.TraceID)
		}
		seen[keyOf(span)] = true
	}
}

// segments collects what Segments yields.
func (s *subject) segments(t tb, refs ...repo.TraceRef) []repo.Segment {
	t.Helper()
	var all []repo.Segment
	for segment, err := range s.Segments(t.Context(), s.project, refs...) {
		if err != nil {
			t.Fatalf("Segments: %v", err)
		}
		segment.Data = bytes.Clone(segment.Data)
		all = append(all, segment)
	}
	return all
}

// holds checks that the project holds exactly these spans, none of which has
// settled, by every question that can be asked: what each test does to a store
// must leave all of them in agreement.
func (s *subject) holds(t tb, spans ...*model.Span) {
	t.Helper()
	s.holdsRecords(t, records(spans))
}

func (s *subject) holdsRecords(t tb, batch []model.Record) {
	t.Helper()
	spans := make([]*model.Span, len(batch))
	for i, r := range batch {
		spans[i] = r.Span
	}
	want := referenceOf(spans)
	for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
		q := repo.TraceQuery{Order: order}
		sameTraces(t, want.tracesOf(s.project, q), s.traces(t, q))
	}
	for _, order := range []repo.SpanOrder{repo.SpansNewestFirst, repo.SpansOldestFirst} {
		q := repo.SpanQuery{Order: order}
		sameSpans(t, want.spansOf(s.project, q), s.spans(t, q))
	}
	var refs []repo.TraceRef
	for _, w := range want.tracesOf(s.project, repo.TraceQuery{}) {
		s.hasTrace(t, w)
		refs = append(refs, repo.TraceRef{ID: w.TraceID})
	}
	s.segmentsHold(t, batch, refs)
	for _, order := range []repo.RunOrder{repo.RunsNewestFirst, repo.RunsOldestFirst} {
		q := repo.RunQuery{Order: order}
		sameRuns(t, runsOf(provisionalRuns(s.project, spans), q), s.runs(t, q))
	}
}

// hasTrace checks what Trace says of one trace.
func (s *subject) hasTrace(t tb, want *model.Trace) {
	t.Helper()
	got, err := s.Trace(t.Context(), s.project, want.TraceID)
	if err != nil {
		t.Fatalf("Trace(%s): %v", want.TraceID, err)
	}
	sameTraces(t, []*model.Trace{want}, []*model.Trace{got})
}

func sameTraces(t tb, want, got []*model.Trace) {
	t.Helper()
	if reflect.DeepEqual(want, got) { // tens of times faster than finding no difference
		return
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("traces differ (-want +got):\n%s", diff)
	}
}

// sameSpans compares spans as lists return them, whatever the order of those
// with one start.
func sameSpans(t tb, want, got []*model.Span) {
	t.Helper()
	narrow := make([]*model.Span, len(want))
	for i, s := range want {
		n := *s
		n.InputPreview, n.OutputPreview, n.Body, n.Billing = "", "", nil, model.Billing{}
		narrow[i] = &n
	}
	narrow, got = byKey(narrow), byKey(got)
	if reflect.DeepEqual(narrow, got) {
		return
	}
	if diff := gocmp.Diff(narrow, got, sameJSON()); diff != "" {
		t.Fatalf("spans differ (-want +got):\n%s", diff)
	}
}

func byKey(spans []*model.Span) []*model.Span {
	return slices.SortedFunc(slices.Values(spans), func(a, b *model.Span) int {
		return cmp.Or(cmp.Compare(a.StartNano, b.StartNano), bytes.Compare(a.TraceID[:], b.TraceID[:]), bytes.Compare(a.SpanID[:], b.SpanID[:]))
	})
}

// sameJSON compares short attributes as the objects they are: a database may
// write them in its own way.
func sameJSON() gocmp.Option {
	isShort := func(p gocmp.Path) bool { return p.Last().String() == ".ShortAttributes" }
	return gocmp.FilterPath(isShort, gocmp.Comparer(func(a, b []byte) bool {
		if a == nil || b == nil {
			return a == nil && b == nil
		}
		return reflect.DeepEqual(decodeJSON(a), decodeJSON(b))
	}))
}

// decodeJSON keeps numbers as they are written; text that is not JSON is equal
// to itself alone.
func decodeJSON(b []byte) any {
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return string(b)
	}
	return v
}
