package postgres

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// traceDay is what identifies a row of traces.
type traceDay struct {
	project string
	id      [16]byte
	day     int64
}

// settleBatch is what one Settle stores.
type settleBatch struct {
	settlements []repo.Settlement // in the order in which all take locks
	traces      []spreadTrace     // where their spans were, as many
	days        []int64           // distinct, of all of them
	parts       []settledPart
	compacted   []compacted
	replaced    map[int64][]spanKey // segments to be replaced, by day
	// doubted says not to believe rows of traces by which nothing has settled: some of it
	// was there.
	doubted bool
}

// settledPart is a part of a settlement, and which row it is about.
type settledPart struct {
	traceDay
	model.TracePart
}

// compacted is a segment that is to stand in place of others.
type compacted struct {
	traceDay
	otlp.Segment
	first    int64 // span id of the first span
	write    repo.WriteID
	writes   []byte
	replaces []spanKey
}

// newSettleBatch compresses what is to be compacted, before there is a
// transaction that others might wait for.
func newSettleBatch(settlements []repo.Settlement) (*settleBatch, error) {
	b := &settleBatch{settlements: slices.Clone(settlements), replaced: map[int64][]spanKey{}}
	slices.SortFunc(b.settlements, func(x, y repo.Settlement) int {
		return cmp.Or(cmp.Compare(x.Project, y.Project), bytes.Compare(x.TraceID[:], y.TraceID[:]))
	})
	for i := range b.settlements {
		s := &b.settlements[i]
		where := spreadTrace{project: s.Project, id: s.TraceID, first: math.MaxInt64}
		for _, p := range s.Parts {
			where.first, where.last = min(where.first, p.Day), max(where.last, p.Day)
			b.days = append(b.days, p.Day)
			b.parts = append(b.parts, settledPart{traceDay{s.Project, s.TraceID, p.Day}, p})
		}
		b.traces = append(b.traces, where)
		for _, spans := range s.Segments {
			if err := b.compact(s, spans); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(b.days)
	b.days = slices.Compact(b.days)
	return b, nil
}

func (b *settleBatch) compact(s *repo.Settlement, spans repo.SettledSpans) error {
	segments := otlp.BuildSegments(spans.Records)
	if len(segments) != 1 || len(spans.Writes) != len(spans.Records) {
		return fmt.Errorf("trace %s: %d spans of %d segments with %d writes are to become one segment",
			s.TraceID, len(spans.Records), len(segments), len(spans.Writes))
	}
	c := compacted{
		traceDay: traceDay{s.Project, s.TraceID, segments[0].Day}, Segment: segments[0],
		first: spans.Records[0].Span.SpanID.Int64(), writes: repo.EncodeWrites(spans.Writes),
	}
	if c.writes == nil {
		c.write = spans.Writes[0]
	}
	for _, place := range spans.Replaces {
		c.replaces = append(c.replaces, spanKey{s.Project, s.TraceID, place.ID, place.Start})
	}
	b.replaced[c.day] = append(b.replaced[c.day], c.replaces...)
	b.compacted = append(b.compacted, c)
	return nil
}

// inTime returns the batch without the settlements that come too late, given what
// the rows say: another one has counted more spans of some day.
func (b *settleBatch) inTime(rows map[traceDay]settledRow) *settleBatch {
	counted := map[traceDay]int64{}
	for _, p := range b.parts {
		counted[p.traceDay] = p.Spans
	}
	late := map[traceDay]bool{} // with day 0
	for key, row := range rows {
		if row.settled > counted[key] {
			late[traceDay{key.project, key.id, 0}] = true
		}
	}
	if len(late) == 0 {
		return b
	}
	isLate := func(project string, id [16]byte) bool { return late[traceDay{project, id, 0}] }
	maps.DeleteFunc(rows, func(key traceDay, _ settledRow) bool { return isLate(key.project, key.id) })
	return &settleBatch{
		settlements: without(b.settlements, func(s repo.Settlement) bool { return isLate(s.Project, s.TraceID) }),
		traces:      without(b.traces, func(t spreadTrace) bool { return isLate(t.project, t.id) }),
		days:        b.days,
		parts:       without(b.parts, func(p settledPart) bool { return isLate(p.project, p.id) }),
		compacted:   without(b.compacted, func(c compacted) bool { return isLate(c.project, c.id) }),
		replaced:    b.replaced,
		doubted:     b.doubted,
	}
}

// without returns a copy of those for which del is false.
func without[T any](all []T, del func(T) bool) []T { return slices.DeleteFunc(slices.Clone(all), del) }

// placeArgs returns four arrays with keys of segments, or of spans.
func placeArgs(segments []spanKey) []any {
	return []any{
		column(segments, func(k spanKey) string { return k.project }),
		column(segments, func(k spanKey) pgtype.UUID { return uuid(k.trace) }),
		column(segments, func(k spanKey) int64 { return k.start }),
		column(segments, func(k spanKey) int64 { return k.span }),
	}
}
