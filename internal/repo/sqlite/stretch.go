package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// Long walks go in stretches: SQLite's driver can interrupt a step of a query
// but not what lies between two rows, and what is wanted may be near the start.
const (
	firstStretch = 128
	maxStretch   = 16_384
)

// stretches walks the spans that an index holds, newest first, part by part.
type stretches struct {
	tx     *sql.Tx
	index  string
	equal  conditions // what comes before start_ns in the index
	oldest int64      // starts of the walk's spans
	newest int64

	after *place // the last span of the part before; nil for the first part
	last  *place // the last span of this part; nil for the last part
}

// place is where a span stands in the order of starts.
type place struct{ start, id int64 }

func newStretches(tx *sql.Tx, index string, equal conditions, oldest, newest int64) *stretches {
	return &stretches{tx: tx, index: index, equal: equal, oldest: oldest, newest: newest}
}

// next goes on to the next part, of n spans. It reads nothing but the index.
func (s *stretches) next(ctx context.Context, n int) error {
	s.after, s.last = s.last, nil
	query, args := s.endOfPart(n)
	var last place
	err := s.tx.QueryRowContext(ctx, query, args...).Scan(&last.start, &last.id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	s.last = &last
	return err
}

// endOfPart returns the query for the nth span from here.
func (s *stretches) endOfPart(n int) (string, []any) {
	left := s.conditions()
	return `SELECT start_ns, id FROM spans INDEXED BY ` + s.index + ` WHERE ` + left.String() +
		` ORDER BY start_ns DESC, id DESC LIMIT 1 OFFSET ?`, append(left.args, n-1)
}

// conditions returns what the spans of this part fulfil. There is one bound at
// each side: of two, SQLite may take the wider one to the index.
func (s *stretches) conditions() conditions {
	c := conditions{slices.Clone(s.equal.terms), slices.Clone(s.equal.args)}
	if s.last != nil {
		c.add(`(start_ns, id) >= (?, ?)`, s.last.start, s.last.id)
	} else {
		c.add(`start_ns >= ?`, s.oldest)
	}
	if s.after != nil {
		c.add(`(start_ns, id) < (?, ?)`, s.after.start, s.after.id)
	} else {
		c.add(`start_ns <= ?`, s.newest)
	}
	return c
}
