package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql/driver"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Write stores the records in one transaction.
func (s *Store) Write(ctx context.Context, records []model.Record) (repo.Written, error) {
	if len(records) == 0 {
		return repo.Written{}, nil
	}
	distinct := slices.Clone(records)
	slices.SortStableFunc(distinct, byIdentity)
	distinct = slices.CompactFunc(distinct, func(a, b model.Record) bool { return byIdentity(a, b) == 0 })

	// Compressing is most of the work beside SQLite's own, and almost always
	// nothing is stored yet: so it is done before the write lock is taken, and
	// repeated only for traces where that was wrong.
	segments := otlp.BuildSegments(distinct)

	var stored int
	err := s.writer.transaction(ctx, func(t *tx) error {
		id, err := nextWrite(t)
		if err != nil {
			return err
		}
		b := batch{tx: t, id: id, now: s.now().UnixNano(), row: args(make([]driver.Value, spanColumnCount)...), segments: segments}
		if err := b.write(ctx, distinct); err != nil {
			return err
		}
		stored = b.stored
		return nil
	})
	if err != nil {
		return repo.Written{}, mapError(ctx, "write spans", err)
	}
	return repo.Written{Stored: stored, Duplicates: len(records) - stored}, nil
}

// byIdentity orders records as the primary key of spans does, so that rows are
// inserted where the one before was, and the spans of a trace are neighbours.
func byIdentity(a, b model.Record) int {
	return cmp.Or(
		byTrace(a, b),
		cmp.Compare(a.Span.SpanID.Int64(), b.Span.SpanID.Int64()),
		cmp.Compare(a.Span.StartNano, b.Span.StartNano),
	)
}

func byTrace(a, b model.Record) int {
	return cmp.Or(
		cmp.Compare(a.Span.Project, b.Span.Project),
		bytes.Compare(a.Span.TraceID[:], b.Span.TraceID[:]),
	)
}

// batch is one Write inside its transaction.
type batch struct {
	tx       *tx
	id       repo.WriteID
	now      int64
	row      []driver.NamedValue // of the span at hand
	segments []otlp.Segment      // of all records, in their order; cut off as traces are written
	stored   int
	change   repo.Change // of the project at hand
}

// write stores records, which are distinct and ordered by identity.
func (b *batch) write(ctx context.Context, records []model.Record) error {
	for len(records) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		end := 1
		for end < len(records) && byTrace(records[0], records[end]) == 0 {
			end++
		}
		if err := b.writeTrace(records[:end]); err != nil {
			return err
		}
		records = records[end:]
	}
	return b.logChange()
}

// writeTrace stores the records of one trace.
func (b *batch) writeTrace(records []model.Record) error {
	segments := b.takeSegments(records[0].Span)
	fresh, err := b.insertSpans(records)
	if err != nil || len(fresh) == 0 {
		return err
	}
	if len(fresh) < len(records) {
		segments = otlp.BuildSegments(fresh)
	}
	if err := b.insertSegments(segments); err != nil {
		return err
	}
	part := model.TraceOf(fresh[0].Span)
	for _, r := range fresh[1:] {
		part.Merge(model.TraceOf(r.Span))
	}
	if err := b.mergeTrace(part); err != nil {
		return err
	}
	if err := b.insertRuns(fresh); err != nil {
		return err
	}
	b.stored += len(fresh)
	return b.noteChange(fresh)
}

// takeSegments cuts the segments of s's trace off the front of those prepared.
func (b *batch) takeSegments(s *model.Span) []otlp.Segment {
	n := 0
	for n < len(b.segments) && b.segments[n].TraceID == s.TraceID && b.segments[n].Project == s.Project {
		n++
	}
	taken := b.segments[:n]
	b.segments = b.segments[n:]
	return taken
}

// insertSpans returns the records that were not stored before.
func (b *batch) insertSpans(records []model.Record) ([]model.Record, error) {
	fresh := make([]model.Record, 0, len(records))
	for _, r := range records {
		setSpanArgs(b.row, r.Span)
		if err := b.tx.exec(insertSpan, b.row...); err != nil {
			return nil, err
		}
		changed, err := b.tx.changed()
		if err != nil {
			return nil, err
		}
		if changed > 0 {
			fresh = append(fresh, r)
		}
	}
	return fresh, nil
}

const insertSegment = `
INSERT INTO segments (project, trace_id, earliest_ns, latest_ns, spans, raw_bytes, write_id, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

func (b *batch) insertSegments(segments []otlp.Segment) error {
	for i := range segments {
		g := &segments[i]
		err := b.tx.exec(insertSegment, args(g.Project, g.TraceID[:], g.Earliest, g.Latest,
			int64(g.Spans), int64(g.RawBytes), int64(b.id), g.Payload)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// insertRuns stores what is known of the runs among the spans.
func (b *batch) insertRuns(fresh []model.Record) error {
	for _, r := range fresh {
		if !r.Span.Type.IsRun() {
			continue
		}
		values, err := provisionalValues(model.RunOf(r.Span))
		if err != nil {
			return err
		}
		if err := b.tx.exec(insertRun, args(values...)...); err != nil {
			return err
		}
	}
	return nil
}

// mergeTrace adds part to the row of its trace. Nobody can change the row in
// between: the transaction holds the write lock since it began.
func (b *batch) mergeTrace(part *model.Trace) error {
	stored, id, err := loadTrace(b.tx, part.Project, part.TraceID)
	if err != nil {
		return err
	}
	if stored == nil {
		return b.tx.exec(insertTrace, traceArgs(part)...)
	}
	stored.Merge(part)
	return updateTrace(b.tx, id, stored)
}

const selectTraceForUpdate = `SELECT ` + traceColumns + `, id FROM traces WHERE project = ? AND trace_id = ?`

// loadTrace returns the row of a trace and its rowid within a write
// transaction, nil when there is none.
func loadTrace(t *tx, project string, traceID model.TraceID) (found *model.Trace, id int64, err error) {
	err = t.query(func(values []driver.Value) (err error) {
		r := row{values: values}
		if found, err = r.trace(); err != nil {
			return err
		}
		id = r.int()
		return r.err
	}, selectTraceForUpdate, args(project, traceID[:])...)
	return found, id, err
}

// updateTrace replaces the row with this rowid.
func updateTrace(t *tx, id int64, trace *model.Trace) error {
	a := traceArgs(trace)
	return t.exec(replaceTrace, append(a, driver.NamedValue{Ordinal: len(a) + 1, Value: id})...)
}
