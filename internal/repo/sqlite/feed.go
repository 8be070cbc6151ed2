package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// maxChangeTraces bounds a change-log entry to 16 KB of trace ids.
const maxChangeTraces = 1024

// noteChange adds the new spans of one trace to the entry of their project.
func (b *batch) noteChange(fresh []model.Record) error {
	first := fresh[0].Span
	if b.change.Project != first.Project || len(b.change.TraceIDs) == maxChangeTraces {
		if err := b.logChange(); err != nil {
			return err
		}
		b.change = repo.Change{Project: first.Project, Write: b.id, Earliest: first.StartNano, Latest: first.StartNano}
	}
	b.change.TraceIDs = append(b.change.TraceIDs, first.TraceID)
	b.change.Spans += len(fresh)
	for _, r := range fresh {
		b.change.Earliest = min(b.change.Earliest, r.Span.StartNano)
		b.change.Latest = max(b.change.Latest, r.Span.StartNano)
	}
	return nil
}

const insertChange = `
INSERT INTO change_log (project, write_id, trace_ids, spans, earliest_ns, latest_ns, written_ns) VALUES (?, ?, ?, ?, ?, ?, ?)`

// logChange writes the entry at hand, if there is one.
func (b *batch) logChange() error {
	c := &b.change
	if c.Spans == 0 {
		return nil
	}
	ids := make([]byte, 0, len(c.TraceIDs)*len(model.TraceID{}))
	for _, id := range c.TraceIDs {
		ids = append(ids, id[:]...)
	}
	return b.tx.exec(insertChange, args(c.Project, int64(c.Write), ids, int64(c.Spans), c.Earliest, c.Latest, b.now)...)
}

// selectEnds reads the ends of the log. Entries are removed from its old end
// only, and the floor is the last one removed.
const selectEnds = `
SELECT floor, max(floor, coalesce((SELECT max(id) FROM change_log), 0)) FROM change_log_floor`

// Head returns the id of the newest entry.
func (s *Store) Head(ctx context.Context) (repo.Cursor, error) {
	var head int64
	err := s.read(ctx, "read head of change log", func(db *sql.DB) (err error) {
		_, head, err = ends(ctx, db)
		return err
	})
	if err != nil {
		return "", err
	}
	return cursorAt(head), nil
}

// nextWrite returns the id of a write: the one that its first entry in the
// change log will get. It is free, as the transaction holds the write lock, and
// a write that makes no entry stores nothing that could name it.
func nextWrite(t *tx) (id repo.WriteID, err error) {
	err = t.query(func(values []driver.Value) error {
		r := row{values: values, next: 1}
		id = repo.WriteID(r.int() + 1)
		return r.err
	}, selectEnds)
	return id, err
}

// ends returns the greatest id that was removed and the greatest ever given.
func ends(ctx context.Context, q querier) (floor, head int64, err error) {
	err = readRows(ctx, q, selectEnds, nil, func(r *row) error {
		floor, head = r.int(), r.int()
		return r.err
	})
	return floor, head, err
}

const selectChanges = `
SELECT id, project, write_id, trace_ids, spans, earliest_ns, latest_ns, written_ns
FROM change_log WHERE id > ? ORDER BY id LIMIT ?`

// Changes returns the entries behind a cursor. Entries and ends are read in one
// snapshot, so that Drop cannot open a gap in between.
func (s *Store) Changes(ctx context.Context, after repo.Cursor, limit int) ([]repo.Change, repo.Cursor, error) {
	var changes []repo.Change
	var place int64
	err := s.readSnapshot(ctx, "read change log", func(tx *sql.Tx) error {
		floor, head, err := ends(ctx, tx)
		if err != nil {
			return err
		}
		if place, err = placeOf(after, floor, head); err != nil {
			return err
		}
		return readRows(ctx, tx, selectChanges, []any{place, limit}, func(r *row) error {
			place = r.int()
			changes = append(changes, repo.Change{
				Project: r.text(), Write: repo.WriteID(r.int()), TraceIDs: traceIDs(r.blob()), Spans: int(r.int()),
				Earliest: r.int(), Latest: r.int(), WrittenNano: r.int(),
			})
			return r.err
		})
	})
	if err != nil {
		return nil, "", err
	}
	return changes, cursorAt(place), nil
}

// placeOf returns the id that a cursor stands behind. A cursor after the head
// was given by a file that this one replaced: following it would miss entries.
func placeOf(c repo.Cursor, floor, head int64) (int64, error) {
	if c == "" {
		return floor, nil
	}
	place, err := strconv.ParseInt(string(c), 10, 64)
	if err != nil || place < floor || place > head {
		return 0, fmt.Errorf("%w: %.40q is not between %d and %d", repo.ErrCursorExpired, c, floor, head)
	}
	return place, nil
}

func traceIDs(b []byte) []model.TraceID {
	ids := make([]model.TraceID, len(b)/len(model.TraceID{}))
	for i := range ids {
		copy(ids[i][:], b[i*len(ids[i]):])
	}
	return ids
}

func cursorAt(id int64) repo.Cursor { return repo.Cursor(strconv.FormatInt(id, 10)) }

// LoadCursor returns what was saved for a consumer.
func (s *Store) LoadCursor(ctx context.Context, consumer string) (repo.Cursor, error) {
	var c repo.Cursor
	err := s.read(ctx, "load cursor", func(db *sql.DB) error {
		return readRows(ctx, db, `SELECT cursor FROM consumers WHERE name = ?`, []any{consumer}, func(r *row) error {
			c = repo.Cursor(r.text())
			return r.err
		})
	})
	return c, err
}

const upsertConsumer = `
INSERT INTO consumers (name, cursor, saved_ns) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, saved_ns = excluded.saved_ns`

// SaveCursor remembers how far a consumer has come.
func (s *Store) SaveCursor(ctx context.Context, consumer string, c repo.Cursor) error {
	err := s.writer.transaction(ctx, func(t *tx) error {
		return t.exec(upsertConsumer, args(consumer, string(c), s.now().UnixNano())...)
	})
	return mapError(ctx, "save cursor", err)
}
