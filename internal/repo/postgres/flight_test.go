package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// Wherever a query of several COPYs fails, what was sent behind it is dropped, and the
// connection is good for the next.
func TestAFlightThatFailsStoresNothing(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	do := func(statement string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE TABLE first (n bigint CHECK (n > 0)); CREATE TABLE second (n bigint)`)
	const first, second = `COPY first FROM STDIN (FORMAT binary)`, `; COPY second FROM STDIN (FORMAT binary)`
	fly := func(query string, numbers ...int64) error {
		return fly(t.Context(), conn.Conn(), query, func(f *flight) {
			for _, n := range numbers {
				f.begin()
				f.row(1)
				f.bigint(n)
				f.end()
			}
		})
	}
	for _, c := range []struct {
		query   string
		numbers []int64
		state   string
	}{
		{`BEGIN AND NO MORE; ` + first + second, []int64{1, 2}, "42601"},
		{`SELECT 1 / 0; BEGIN; ` + first + second, []int64{1, 2}, "22012"},
		{`BEGIN; SELECT 1 / 0; ` + first + second, []int64{1, 2}, "22012"},
		{`BEGIN; COPY nowhere FROM STDIN (FORMAT binary)` + second, []int64{1, 2}, undefinedTable},
		{`BEGIN; ` + first + second, []int64{-1, 2}, checkViolation},
		{`BEGIN; ` + first + `; COPY nowhere FROM STDIN (FORMAT binary)` + second, []int64{1, 2, 3}, undefinedTable},
	} {
		if err := fly(c.query, c.numbers...); stateOf(err) != c.state {
			t.Errorf("%s ended with %v, want %s", c.query, err, c.state)
		}
		// Another connection sees what was committed; this one ends what it may have begun.
		var stored int
		if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM first) + (SELECT count(*) FROM second)`).Scan(&stored); err != nil || stored != 0 {
			t.Errorf("%s stored %d rows, %v", c.query, stored, err)
		}
		do(`ROLLBACK`)
	}
	if err := fly(`BEGIN; `+first+second, 1, 2); err != nil {
		t.Error(err)
	}
	do(`COMMIT`)
	var stored int
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM first) + (SELECT count(*) FROM second)`).Scan(&stored); err != nil || stored != 2 {
		t.Errorf("the last one stored %d rows, %v", stored, err)
	}
}
