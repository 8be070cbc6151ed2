package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql/driver"
	"slices"
	"sync"

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
	// nothing is stored yet: so it is done while the spans are inserted, and
	// repeated only for traces where that was wrong.
	compressed := make(chan []otlp.Segment)
	go func() { compressed <- otlp.BuildQuickSegments(distinct) }()
	segments := sync.OnceValue(func() []otlp.Segment { return <-compressed })
	defer segments() // which are made of the caller's memory

	b := batch{now: s.now().UnixNano()}
	err := s.writer.transaction(ctx, func(t *tx) error {
		id, err := nextWrite(t)
		if err != nil {
			return err
		}
		b.tx, b.id = t, id
		traces, err := b.insertSpans(ctx, distinct)
		if err != nil {
			return err
		}
		return b.insertRest(ctx, traces, segments())
	})
	if err != nil {
		return repo.Written{}, mapError(ctx, "write spans", err)
	}
	return repo.Written{Stored: b.stored, Duplicates: len(records) - b.stored}, nil
}

// byIdentity orders records so that the spans of a trace are neighbours, by start.
func byIdentity(a, b model.Record) int { return cmp.Or(byTrace(a, b), byStart(a, b)) }

func byTrace(a, b model.Record) int {
	return cmp.Or(
		cmp.Compare(a.Span.Project, b.Span.Project),
		bytes.Compare(a.Span.TraceID[:], b.Span.TraceID[:]),
	)
}

// batch is one Write inside its transaction.
type batch struct {
	tx     *tx
	id     repo.WriteID
	now    int64
	span   spanInsert // at hand
	stored int
	change repo.Change // of the project at hand
}

// written are the records of one trace.
type written struct {
	records []model.Record
	fresh   []model.Record // those that were not stored before
	firstID int64          // of the spans of fresh, which have ids one after the other
}

// insertSpans stores the spans of records, which are distinct and ordered by
// identity.
func (b *batch) insertSpans(ctx context.Context, records []model.Record) (traces []written, err error) {
	for len(records) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		end := 1
		for end < len(records) && byTrace(records[0], records[end]) == 0 {
			end++
		}
		t := written{records: records[:end]}
		if err := b.insertSpansOfTrace(&t); err != nil {
			return nil, err
		}
		b.stored += len(t.fresh)
		traces, records = append(traces, t), records[end:]
	}
	return traces, nil
}

// insertSpansOfTrace finds out which records are new. Nobody else inserts meanwhile.
func (b *batch) insertSpansOfTrace(t *written) error {
	t.fresh = make([]model.Record, 0, len(t.records))
	for _, r := range t.records {
		if err := b.tx.exec(b.span.of(r.Span), b.span.args...); err != nil {
			return err
		}
		changed, err := b.tx.changed()
		if err != nil {
			return err
		}
		if changed > 0 {
			t.fresh = append(t.fresh, r)
		}
	}
	if len(t.fresh) == 0 {
		return nil
	}
	last, err := b.tx.result.LastInsertId()
	if err != nil {
		return err
	}
	t.firstID = last - int64(len(t.fresh)) + 1
	return nil
}

// insertRest stores what follows from the spans that are new. The segments are
// those of all records, in their order.
func (b *batch) insertRest(ctx context.Context, traces []written, segments []otlp.Segment) error {
	for _, t := range traces {
		if err := ctx.Err(); err != nil {
			return err
		}
		first := t.records[0].Span
		n := 0
		for n < len(segments) && segments[n].TraceID == first.TraceID && segments[n].Project == first.Project {
			n++
		}
		if err := b.insertRestOfTrace(t, segments[:n]); err != nil {
			return err
		}
		segments = segments[n:]
	}
	return b.logChange()
}

func (b *batch) insertRestOfTrace(t written, segments []otlp.Segment) error {
	switch len(t.fresh) {
	case 0:
		return nil
	case len(t.records):
	default:
		segments = otlp.BuildQuickSegments(t.fresh)
	}
	if err := b.insertSegments(t.firstID, segments); err != nil {
		return err
	}
	part := model.TraceOf(t.fresh[0].Span)
	for _, r := range t.fresh[1:] {
		part.Add(r.Span)
	}
	id, err := b.mergeTrace(part)
	if err != nil {
		return err
	}
	if err := b.tx.exec(insertRange, args(id, t.firstID, t.firstID+int64(len(t.fresh))-1)...); err != nil {
		return err
	}
	return b.noteChange(t.fresh)
}

const insertSegment = `
INSERT INTO segments (id, project, trace_id, earliest_ns, latest_ns, spans, raw_bytes, write_id, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

// insertSegments stores the segments of spans that have ids one after the other, each
// with the id of its first.
func (b *batch) insertSegments(id int64, segments []otlp.Segment) error {
	for i := range segments {
		g := &segments[i]
		err := b.tx.exec(insertSegment, args(id, g.Project, g.TraceID[:], g.Earliest, g.Latest,
			int64(g.Spans), int64(g.RawBytes), int64(b.id), g.Payload)...)
		if err != nil {
			return err
		}
		id += int64(g.Spans)
	}
	return nil
}

const insertRange = `INSERT INTO ranges (trace, first_id, last_id) VALUES (?, ?, ?)`

// mergeTrace adds part to the row of its trace, whose id it returns. Nobody can change
// the row in between: the transaction holds the write lock since it began.
func (b *batch) mergeTrace(part *model.Trace) (id int64, err error) {
	stored, id, err := loadTrace(b.tx, part.Project, part.TraceID)
	if err != nil {
		return 0, err
	}
	if stored == nil {
		if err := insertTrace(b.tx, part); err != nil {
			return 0, err
		}
		return b.tx.result.LastInsertId()
	}
	start, end := stored.StartNano, stored.EndNano
	stored.Merge(part)
	return id, updateTrace(b.tx, id, stored, start, end)
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

func insertTrace(t *tx, trace *model.Trace) error {
	values := append([]driver.Value{trace.Project, trace.TraceID[:], trace.StartNano, trace.EndNano}, mergedValues(trace)...)
	return t.exec(insertTraceRow, args(values...)...)
}

// updateTrace replaces what has arrived of the row with this rowid, which has this
// start and end. SQLite writes an index anew where a column of it is set, be it to
// the value that it has.
func updateTrace(t *tx, id int64, trace *model.Trace, start, end int64) error {
	columns, values := mergedColumns, mergedValues(trace)
	if trace.StartNano != start {
		columns, values = columns+`, start_ns`, append(values, trace.StartNano)
	}
	if trace.EndNano != end {
		columns, values = columns+`, end_ns`, append(values, trace.EndNano)
	}
	return t.exec(`UPDATE traces SET (`+columns+`) = (`+marks(len(values))+`) WHERE id = ?`, args(append(values, id)...)...)
}
