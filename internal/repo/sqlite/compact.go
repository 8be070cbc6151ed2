package sqlite

import (
	"bytes"
	"cmp"
	"database/sql/driver"
	"fmt"
	"math"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// maxCompactedBytes is how much of a trace's compressed content may be put
// together, and how much of it Segments reads at once. Neither may grow without
// the other: who reads more, segment by segment, relies on them staying.
const maxCompactedBytes = 8 << 20

// compacted is a segment in the place of several.
type compacted struct {
	*repo.SettledSpans
	segment otlp.Segment
	write   repo.WriteID // 0 where there are several
	writes  []byte       // nil where there is one
}

func compact(s *repo.SettledSpans) (compacted, error) {
	built := otlp.BuildSegments(s.Records)
	if len(built) != 1 || len(s.Writes) != len(s.Records) || !slices.IsSortedFunc(s.Records, byStart) {
		return compacted{}, fmt.Errorf("%w: %d spans of %d writes make %d segments, want one, and spans in order",
			repo.ErrRefused, len(s.Records), len(s.Writes), len(built))
	}
	c := compacted{SettledSpans: s, segment: built[0], writes: repo.EncodeWrites(s.Writes)}
	if c.writes == nil {
		c.write = s.Writes[0]
	}
	return c, nil
}

// byStart orders records as segments do, so that what is said of each is said of
// the right one.
func byStart(a, b model.Record) int {
	return cmp.Or(cmp.Compare(a.Span.StartNano, b.Span.StartNano), bytes.Compare(a.Span.SpanID[:], b.Span.SpanID[:]))
}

const (
	// selectSegmentSizes does not read the payloads: their length is in the row's
	// head.
	selectSegmentSizes = `
SELECT id, earliest_ns, spans, length(payload) + coalesce(length(writes), 0)
FROM ` + segmentsOfTrace + ` WHERE project = ? AND trace_id = ? AND ` + inRange

	insertCompacted = `
INSERT INTO segments (id, project, trace_id, earliest_ns, latest_ns, spans, raw_bytes, write_id, payload, writes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	deleteSegment = `DELETE FROM segments WHERE id = ?`
)

// compact puts segments together whose spans the settlement has. What it finds
// changed since stays as it is.
func (s *settling) compact() error {
	if len(s.encoded.segments) == 0 {
		return nil
	}
	spans, bytes := make(map[repo.Place]int64), int64(0)
	err := s.tx.query(func(values []driver.Value) error {
		r := row{values: values}
		id := r.int()
		spans[repo.Place{Start: r.int(), ID: id}] = r.int()
		bytes += r.int()
		return r.err
	}, selectSegmentSizes, args(s.Project, s.TraceID[:])...)
	if err != nil || bytes > maxCompactedBytes {
		return err
	}
	for i := range s.encoded.segments {
		c := &s.encoded.segments[i]
		if !replaceable(c, spans) {
			continue
		}
		if err := s.replaceSegments(c); err != nil {
			return err
		}
	}
	return nil
}

// replaceable reports whether the segments that c replaces are still there, and
// have as many spans as c.
func replaceable(c *compacted, spans map[repo.Place]int64) bool {
	left := int64(len(c.Records))
	for _, place := range c.Replaces {
		n, there := spans[place]
		if !there {
			return false
		}
		left -= n
	}
	return left == 0
}

// replaceSegments gives the segment an id of those that it replaces, of one of its
// spans.
func (s *settling) replaceSegments(c *compacted) error {
	id := int64(math.MaxInt64)
	for _, place := range c.Replaces {
		id = min(id, place.ID)
		if err := s.tx.exec(deleteSegment, args(place.ID)...); err != nil {
			return err
		}
	}
	g := &c.segment
	return s.tx.exec(insertCompacted, args(id, s.Project, s.TraceID[:], g.Earliest, g.Latest,
		int64(g.Spans), int64(g.RawBytes), int64(c.write), g.Payload, blob(c.writes))...)
}
