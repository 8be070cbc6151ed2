package settle

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
)

const (
	// maxCompact is how many bytes of a day the one segment in place of several
	// may hold: it is decompressed whole for each of its spans.
	maxCompact = 32 << 20
	// maxKept is how many bytes of one trace are kept for that: the rest of one
	// that is spread over days stays as it is.
	maxKept = 64 << 20

	// parsedBytes is how much content is parsed at once, where there is more.
	parsedBytes = 1 << 20
	// keptBuffer is the largest buffer that is used again.
	keptBuffer = 4 << 20
)

// reader reads whole traces and derives from them. It is used by one goroutine.
type reader struct {
	store   repo.Reader
	prices  runs.Pricer
	limits  Limits
	compact bool // whether to store spans anew where that is worth it
	arena   arena

	trace trace // at hand

	// Segments of its last day that were not parsed: one after the other they are
	// one message, and parsing it costs less than parsing each.
	raw    []byte
	unread int // spans in raw
}

// whole is what was derived from one trace.
type whole struct {
	ref      repo.TraceRef
	derived  *runs.Derived
	segments []repo.SettledSpans
	spans    int
	bytes    int
	err      error // why nothing could be: a TooLargeError or errDamaged
}

// trace is what has been read of one trace.
type trace struct {
	spans []*model.Span
	bytes int
	kept  int
	days  []day
	err   error
}

// day is what has been read of one day of a trace.
type day struct {
	start   int64
	bytes   int
	places  []repo.Place
	records []model.Record
	writes  []repo.WriteID
	quick   bool // some segment of it is
	large   bool // too much to become one segment
}

// read passes on what is derived from each trace, in the order of refs, until
// each says that it is enough. Traces of which nothing is stored are left out.
// What read did not come to, it returns; after an error, too, so that it can be
// asked for again.
func (r *reader) read(
	ctx context.Context, project string, refs []repo.TraceRef, each func(whole) bool,
) (rest []repo.TraceRef, err error) {
	at := -1 // the trace at hand
	for segment, err := range r.store.Segments(ctx, project, refs...) {
		if err != nil {
			r.reset()
			return refs[max(at, 0):], err
		}
		if at < 0 || segment.TraceID != refs[at].ID {
			if at >= 0 && !each(r.close(project, refs[at])) {
				return refs[at+1:], nil
			}
			at = after(refs, at, segment.TraceID)
		}
		r.add(project, &segment)
		if r.trace.err != nil {
			// The rest of it is not needed: it may be long.
			each(r.close(project, refs[at]))
			return refs[at+1:], nil
		}
	}
	if at >= 0 {
		each(r.close(project, refs[at]))
	}
	return nil, nil
}

// after returns the place of a trace behind another.
func after(refs []repo.TraceRef, at int, id model.TraceID) int {
	for at++; at < len(refs)-1 && refs[at].ID != id; at++ {
	}
	return at
}

// add adds a segment to the trace at hand.
func (r *reader) add(project string, segment *repo.Segment) {
	t := &r.trace
	defer recovered(&t.err)
	t.bytes += len(segment.Data)
	switch {
	case len(t.spans)+r.unread+segment.Spans > r.limits.Spans:
		t.err = &TooLargeError{Limits{Spans: r.limits.Spans}}
		return
	case t.bytes > r.limits.Bytes:
		t.err = &TooLargeError{Limits{Bytes: r.limits.Bytes}}
		return
	}
	if start := model.Day(segment.Earliest); len(t.days) == 0 || t.days[len(t.days)-1].start != start {
		r.parse(project, true)
		t.days = append(t.days, day{start: start})
	}
	t.days[len(t.days)-1].note(segment)
	r.raw = append(r.raw, segment.Data...)
	r.unread += segment.Spans
	if len(r.raw) >= parsedBytes {
		r.parse(project, false)
	}
}

// parse parses what was not. Of a day that is complete and one good segment
// already, nothing has to be kept.
func (r *reader) parse(project string, complete bool) {
	t := &r.trace
	if r.unread == 0 || t.err != nil {
		return
	}
	data, d := r.raw, &t.days[len(t.days)-1]
	keep := r.compact && !(complete && !d.improvable()) && d.keep(t, len(data))
	if keep {
		data = r.arena.copyOf(data)
	}
	records, err := parse(project, data, r.unread)
	if err != nil {
		t.err = err
		return
	}
	t.spans = slices.Grow(t.spans, len(records))
	for i := range records {
		t.spans = append(t.spans, records[i].Span)
	}
	switch {
	case !keep:
	case d.records == nil:
		d.records = records
	default:
		d.records = append(d.records, records...)
	}
	r.raw, r.unread = r.raw[:0], 0
}

// parse is otlp.ParseStored; a panic in it, too, is an error of the trace.
func parse(project string, data []byte, spans int) (records []model.Record, err error) {
	defer recovered(&err)
	records, err = otlp.ParseStored(project, data)
	if err == nil && len(records) != spans {
		err = fmt.Errorf("a segment has %d spans, want %d", len(records), spans)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return records, nil
}

// close returns what is derived from the trace at hand, and forgets it.
func (r *reader) close(project string, ref repo.TraceRef) whole {
	defer r.reset()
	r.parse(project, true)
	t := &r.trace
	w := whole{ref: ref, spans: len(t.spans), bytes: t.bytes, err: t.err}
	if w.err == nil {
		w.derived, w.err = derive(t.spans, r.prices)
	}
	if w.err != nil {
		return w
	}
	for i := range t.days {
		if d := &t.days[i]; r.compact && d.improvable() && !d.large {
			w.segments = append(w.segments, d.settled())
		}
	}
	return w
}

// reset forgets the trace at hand. Its memory is used again.
func (r *reader) reset() {
	clear(r.trace.spans)
	r.trace = trace{spans: r.trace.spans[:0]}
	if r.raw, r.unread = r.raw[:0], 0; cap(r.raw) > keptBuffer {
		r.raw = nil
	}
}

// note notes a segment of the day.
func (d *day) note(segment *repo.Segment) {
	d.places = append(d.places, segment.Place)
	d.quick = d.quick || segment.Quick
	d.writes = slices.Grow(d.writes, segment.Spans)
	for i := range segment.Spans {
		d.writes = append(d.writes, segment.WriteOf(i))
	}
}

// improvable reports whether the day's spans are worth being stored anew.
func (d *day) improvable() bool { return len(d.places) > 1 || d.quick }

// keep reports whether the content of so many bytes more has to be kept. Once
// they are too many, what was kept of the day before is let go.
func (d *day) keep(t *trace, bytes int) bool {
	d.bytes += bytes
	if d.bytes > maxCompact || t.kept+bytes > maxKept {
		d.large, d.records = true, nil
	}
	if d.large {
		return false
	}
	t.kept += bytes
	return true
}

// settled returns the day's spans, in the order that settlements have.
func (d *day) settled() repo.SettledSpans {
	out := repo.SettledSpans{Replaces: d.places, Records: d.records, Writes: d.writes}
	if slices.IsSortedFunc(d.records, byStart) {
		return out
	}
	order := make([]int, len(d.records))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return byStart(d.records[a], d.records[b]) })
	out.Records, out.Writes = make([]model.Record, len(order)), make([]repo.WriteID, len(order))
	for to, from := range order {
		out.Records[to], out.Writes[to] = d.records[from], d.writes[from]
	}
	return out
}

func byStart(a, b model.Record) int {
	return cmp.Or(cmp.Compare(a.Span.StartNano, b.Span.StartNano), bytes.Compare(a.Span.SpanID[:], b.Span.SpanID[:]))
}
