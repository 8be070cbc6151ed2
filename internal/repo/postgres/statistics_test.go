package postgres_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// analyzed counts the partitions of a day that somebody other than autovacuum
// has analyzed.
const analyzed = `SELECT count(*) FROM pg_stat_user_tables WHERE relname LIKE '%_20260302' AND last_analyze IS NOT NULL`

func TestDayIsAnalyzedWhenItHasFilledUp(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store, conn := opened(t, dsn, postgres.Options{}), connect(t, dsn)
	s := newSampler(1)
	write(t, store, s.batch(t, 2_000))
	if n := count(t, conn, analyzed); n != 0 {
		t.Errorf("%d partitions are analyzed for a few spans", n)
	}
	for range 5 {
		write(t, store, s.batch(t, 2_000))
	}
	await(t, conn, 7, analyzed) // traces, runs, bills, spans, segments, and what is open
}
