package postgres_test

import (
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

const (
	// analyzed counts the partitions of a day that somebody other than autovacuum has
	// analyzed, analyses how often.
	analyzed = `SELECT count(*) FROM pg_stat_user_tables WHERE relname LIKE '%_' || $1 AND last_analyze IS NOT NULL`
	analyses = `SELECT sum(analyze_count)::bigint FROM pg_stat_user_tables WHERE relname LIKE '%_' || $1`

	// filled is how many partitions have rows before anything settles: traces, spans,
	// open_segments and open_runs.
	filled = 4
)

func TestDayIsAnalyzedWhenItHasFilledUp(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store, conn := opened(t, dsn, postgres.Options{}), connect(t, dsn)
	s := newSampler(1)
	write(t, store, s.batch(t, 2_000))
	if n := count(t, conn, analyzed, "20260302"); n != 0 {
		t.Errorf("%d partitions are analyzed for a few spans", n)
	}
	for range 5 {
		write(t, store, s.batch(t, 2_000))
	}
	await(t, conn, filled, analyzed, "20260302")
}

// A server that was just started takes a day that is full for one that fills up. So
// does one that is not the only one.
func TestDayThatPostgreSQLKnowsIsNotAnalyzedAgain(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	first, conn := opened(t, dsn, postgres.Options{}), connect(t, dsn)
	s := newSampler(1)
	for range 8 {
		write(t, first, s.batch(t, 2_000))
	}
	await(t, conn, filled, analyzed, "20260302")
	exec(t, conn, `ANALYZE`)
	before := count(t, conn, analyses, "20260302")

	second := opened(t, dsn, postgres.Options{})
	write(t, second, s.batch(t, 10_000))
	nextDay := func(spans int) []model.Record {
		records := s.batch(t, spans)
		for _, r := range records {
			r.Span.StartNano += int64(24 * time.Hour)
			r.Span.EndNano += int64(24 * time.Hour)
		}
		return records
	}
	// Days are looked at one after the other, each at the end of a write of its own.
	write(t, second, nextDay(10_000))
	for tries := 0; count(t, conn, analyzed, "20260303") < filled; tries++ {
		if tries == 5_000 {
			t.Fatal("the day after was not analyzed")
		}
		write(t, second, nextDay(1))
	}
	if after := count(t, conn, analyses, "20260302"); after != before {
		t.Errorf("a day was analyzed %d times more, which had grown by two thirds", after-before)
	}
}
