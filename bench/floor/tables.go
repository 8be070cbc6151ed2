package floor

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Counts is how many rows each table has, all its partitions together.
type Counts map[string]int64

// What servers keep for themselves is left out: other connections write that than
// those that store.
const tablesSQL = `
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
    AND relname NOT IN ('days', 'leases', 'consumers')
ORDER BY relname`

// Count counts the rows of all tables that hold what was sent.
func Count(ctx context.Context, conn *pgx.Conn) (Counts, error) {
	rows, err := conn.Query(ctx, tablesSQL)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	counts := Counts{}
	for _, name := range names {
		var n int64
		if err := conn.QueryRow(ctx, `SELECT count(*) FROM `+quote(name)).Scan(&n); err != nil {
			return nil, err
		}
		counts[name] = n
	}
	return counts, nil
}

// Grown returns the tables that have more rows than before.
func (c Counts) Grown(before Counts) Counts {
	grown := Counts{}
	for name, n := range c {
		if n > before[name] {
			grown[name] = n
		}
	}
	return grown
}

// Empty removes the rows of these tables, and leaves their partitions.
func (c Counts) Empty(ctx context.Context, conn *pgx.Conn) error {
	var names []string
	for name := range c {
		names = append(names, quote(name))
	}
	if len(names) == 0 {
		return nil
	}
	_, err := conn.Exec(ctx, `TRUNCATE `+strings.Join(names, ", "))
	return err
}

// Check fails where a table has not as many rows as c says.
func (c Counts) Check(ctx context.Context, conn *pgx.Conn) error {
	now, err := Count(ctx, conn)
	if err != nil {
		return err
	}
	for name, want := range c {
		if now[name] != want {
			return fmt.Errorf("%s has %d rows, had %d when it was recorded", name, now[name], want)
		}
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
