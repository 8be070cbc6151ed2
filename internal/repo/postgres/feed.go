package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// maxChangeTraces is how many trace ids one entry holds at most.
const maxChangeTraces = 1000

const insertChangeSQL = `
INSERT INTO change_log (part, project, spans, earliest_ns, latest_ns, written_ns, trace_ids)
VALUES ($1, $2, $3, $4, $5, $6, $7)`

// queueChanges adds the statements that enter parts, which are ordered by
// project and trace, in the change log. The transaction's id is their default.
func queueChanges(queue *pgx.Batch, parts []part, writtenNano int64) {
	var ids []pgtype.UUID
	statements := 0
	var c repo.Change
	flush := func() {
		queue.Queue(insertChangeSQL, statements, c.Project, c.Spans, c.Earliest, c.Latest, writtenNano, ids)
		statements++
		ids = nil
	}
	for _, p := range parts {
		sameTrace := len(ids) > 0 && c.Project == p.Project && ids[len(ids)-1].Bytes == p.TraceID
		if len(ids) > 0 && (c.Project != p.Project || !sameTrace && len(ids) == maxChangeTraces) {
			flush()
		}
		if len(ids) == 0 {
			c = repo.Change{Project: p.Project, Earliest: p.earliest, Latest: p.latest}
		}
		if !sameTrace {
			ids = append(ids, uuid(p.TraceID))
		}
		c.Spans += int(p.Spans)
		c.Earliest, c.Latest = min(c.Earliest, p.earliest), max(c.Latest, p.latest)
	}
	if len(ids) > 0 {
		flush()
	}
}

// Head returns the cursor behind all that a query would see now.
func (s *Store) Head(ctx context.Context) (repo.Cursor, error) {
	var now string
	if err := s.reads.QueryRow(ctx, `SELECT pg_current_snapshot()::text`).Scan(&now); err != nil {
		return "", s.explain(ctx, "find the end of the change log", err)
	}
	return place{from: now}.cursor(), nil
}

// changesSQL returns one row at least, with the state of the log: its snapshot,
// how often it was trimmed, and whether entries are gone that the cursor has
// not passed. Those that it has not passed ($1) are what its first snapshot
// does not show, without what its pages have brought: of what its second one
// shows ($2 is the rest) that before the last page's end. A snapshot from the
// future ($3) is of another database.
//
// Visibility of an entry depends on its transaction alone, never on the order
// of numbers: a transaction that began early and commits late is found when it
// does. The plain bound on x is for the index.
const changesSQL = `
SELECT log.now::text, log.trims, log.gap, e.x::text::bigint, e.part,
    e.project, e.trace_ids, e.spans, e.earliest_ns, e.latest_ns, e.written_ns
FROM (
    SELECT now, trims,
        ahead && recent OR lower(ahead) < below OR $3 > pg_snapshot_xmax(now)::text::bigint AS gap
    FROM (
        SELECT pg_current_snapshot() AS now, trims, below, recent,
            $1::int8multirange - (int8multirange(int8range(0, $4)) - $2::int8multirange) AS ahead
        FROM change_log_trimmed
    ) trimmed
) log
LEFT JOIN LATERAL (
    SELECT * FROM change_log
    WHERE x >= pg_snapshot_xmin($6::pg_snapshot)
        AND NOT pg_visible_in_snapshot(x, $6::pg_snapshot)
        AND pg_visible_in_snapshot(x, coalesce(nullif($7::text, '')::pg_snapshot, pg_current_snapshot()))
        AND (x, part) > ($4::bigint::text::xid8, $5::integer)
    ORDER BY x, part
    LIMIT $8
) e ON true
ORDER BY e.x, e.part`

// Changes returns what was committed behind a cursor.
func (s *Store) Changes(ctx context.Context, after repo.Cursor, limit int) ([]repo.Change, repo.Cursor, error) {
	p, err := parseCursor(after)
	if err != nil {
		return nil, "", err
	}
	for {
		pending := p.paging()
		changes, next, err := s.changes(ctx, p, limit)
		if err != nil {
			return nil, "", s.explain(ctx, "read the change log", err)
		}
		if len(changes) > 0 || !pending {
			return changes, next.cursor(), nil
		}
		// The pages up to one snapshot are read; there may be more behind it.
		p = next
	}
}

// entry is a row of the change log, or none.
type entry struct {
	x        *int64
	part     *int
	project  *string
	traceIDs []pgtype.UUID
	spans    *int
	earliest *int64
	latest   *int64
	written  *int64
}

func (s *Store) changes(ctx context.Context, p place, limit int) ([]repo.Change, place, error) {
	rows, err := s.reads.Query(ctx, changesSQL, unseenBy(p.from), unseenBy(p.to), xmaxOf(p.from), p.x, p.part, p.from, p.to, limit)
	if err != nil {
		return nil, p, err
	}
	var now string
	var trims int64
	var gap bool
	var e entry
	var changes []repo.Change
	next := p
	_, err = pgx.ForEachRow(rows, []any{
		&now, &trims, &gap, &e.x, &e.part, &e.project, &e.traceIDs, &e.spans, &e.earliest, &e.latest, &e.written,
	}, func() error {
		if e.x != nil {
			changes = append(changes, e.change())
			next.x, next.part = *e.x, *e.part
		}
		return nil
	})
	if err != nil {
		return nil, p, err
	}
	if p.expired(gap, trims) {
		return nil, p, repo.ErrCursorExpired
	}
	if next.to == "" {
		next.to, next.trims = now, trims
	}
	if len(changes) < limit {
		next = place{from: next.to}
	}
	return changes, next, nil
}

func (e *entry) change() repo.Change {
	ids := make([]model.TraceID, len(e.traceIDs))
	for i, id := range e.traceIDs {
		ids[i] = id.Bytes
	}
	return repo.Change{
		Project: *e.project, Write: repo.WriteID(*e.x), TraceIDs: ids, Spans: *e.spans,
		Earliest: *e.earliest, Latest: *e.latest, WrittenNano: *e.written,
	}
}

// LoadCursor returns a consumer's cursor.
func (s *Store) LoadCursor(ctx context.Context, consumer string) (repo.Cursor, error) {
	var c repo.Cursor
	err := s.reads.QueryRow(ctx, `SELECT cursor FROM consumers WHERE name = $1`, consumer).Scan(&c)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return c, s.explain(ctx, "load a cursor", err)
}

// SaveCursor stores a consumer's cursor.
func (s *Store) SaveCursor(ctx context.Context, consumer string, c repo.Cursor) error {
	const query = `
		INSERT INTO consumers (name, cursor, saved_ns) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, saved_ns = excluded.saved_ns`
	_, err := s.writes.Exec(ctx, query, consumer, string(c), s.now().UnixNano())
	return s.explain(ctx, "save a cursor", err)
}
