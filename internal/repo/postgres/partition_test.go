package postgres_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// stored returns a store with a span on day 0, and a connection beside it.
func stored(t *testing.T) (*postgres.Store, *pgx.Conn) {
	t.Helper()
	dsn := migrated.Database(t)
	store := opened(t, dsn, postgres.Options{})
	write(t, store, records(span(1, 1, noon(0))))
	return store, connect(t, dsn)
}

// openWriter begins a transaction that has written to each partitioned table
// and read all of them.
func openWriter(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	exec(t, conn, `BEGIN`)
	exec(t, conn, `UPDATE traces SET writes = writes`)
	exec(t, conn, `UPDATE spans SET status = status`)
	exec(t, conn, `UPDATE segments SET spans = spans`)
	exec(t, conn, `UPDATE runs SET settled = settled`)
	exec(t, conn, `UPDATE bills SET calls = calls`)
}

func TestPartitionsAreMadeUnderOpenWriters(t *testing.T) {
	t.Parallel()
	store, conn := stored(t)
	openWriter(t, conn)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := store.Write(ctx, records(span(2, 1, noon(1)))); err != nil {
		t.Errorf("a write that needs a new day waits for open writers: %v", err)
	}
	if err := store.Prepare(ctx, model.TimeRange{Start: noon(2), End: noon(4)}); err != nil {
		t.Errorf("making days ahead waits for open writers: %v", err)
	}
	exec(t, conn, `ROLLBACK`)
}

func TestPartitionsHaveTheKeysIndexesAndStorageOfTheirParents(t *testing.T) {
	t.Parallel()
	_, conn := stored(t)
	const differing = `
		SELECT count(*) FROM pg_inherits i
		WHERE i.inhparent IN ('spans'::regclass, 'segments'::regclass, 'traces'::regclass, 'runs'::regclass, 'bills'::regclass) AND (
			(SELECT count(*) FROM pg_index WHERE indrelid = i.inhrelid) <> (SELECT count(*) FROM pg_index WHERE indrelid = i.inhparent)
			OR EXISTS (
				SELECT FROM pg_attribute a JOIN pg_attribute b USING (attname, attnum)
				WHERE a.attrelid = i.inhrelid AND b.attrelid = i.inhparent AND attnum > 0
					AND (a.attstorage, a.attnotnull, a.atttypid, a.attcollation) <> (b.attstorage, b.attnotnull, b.atttypid, b.attcollation)))`
	if n := count(t, conn, differing); n != 0 {
		t.Errorf("%d partitions differ from their parents", n)
	}
	if n := count(t, conn, `SELECT count(*) FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r' AND reloptions IS NOT NULL`); n != 7 {
		t.Errorf("%d partitions have storage parameters, want 7", n)
	}
}

func TestFirstAndLastNanosecondHaveDays(t *testing.T) {
	t.Parallel()
	store, _ := stored(t)
	write(t, store, records(span(2, 1, 1), span(3, 1, math.MaxInt64-int64(time.Second))))
	last := span(4, 1, math.MaxInt64)
	last.EndNano = math.MaxInt64
	write(t, store, records(last))
	for _, agent := range []string{"", "nobody"} {
		page, err := store.Traces(t.Context(), "default", repo.TraceQuery{Limit: 10, Identity: model.Identity{AgentID: agent}})
		if want := map[string]int{"": 4, "nobody": 0}[agent]; err != nil || len(page) != want {
			t.Errorf("agent %q: listed %d traces, %v; want %d", agent, len(page), err, want)
		}
	}
}

func TestPrepareRefusesRangesWithoutEnd(t *testing.T) {
	t.Parallel()
	store, _ := stored(t)
	for _, r := range []model.TimeRange{{}, {Start: noon(0)}, {End: noon(0)}, {Start: noon(1), End: noon(0)}, {Start: 1, End: math.MaxInt64}} {
		if err := store.Prepare(t.Context(), r); err == nil {
			t.Errorf("Prepare(%+v) says nothing", r)
		}
	}
}

// interruptDrop leaves day 0 as a Drop that was killed would: its spans are
// being detached, since a reader was in the way, and its traces are detached.
func interruptDrop(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	reader := connect(t, conn.Config().ConnString())
	exec(t, reader, `BEGIN`)
	exec(t, reader, `SELECT count(*) FROM spans`)
	exec(t, conn, `SET lock_timeout = '50ms'`)
	if _, err := conn.Exec(t.Context(), `ALTER TABLE spans DETACH PARTITION spans_20260504 CONCURRENTLY`); err == nil {
		t.Fatal("the reader was not in the way")
	}
	if n := count(t, conn, `SELECT count(*) FROM pg_inherits WHERE inhdetachpending`); n != 1 {
		t.Fatalf("%d partitions are being detached, want 1", n)
	}
	exec(t, reader, `ROLLBACK`)
	exec(t, conn, `ALTER TABLE traces DETACH PARTITION traces_20260504`)
	exec(t, conn, `DELETE FROM days`)
}

func TestInterruptedDropIsCompletedByTheNext(t *testing.T) {
	t.Parallel()
	store, conn := stored(t)
	interruptDrop(t, conn)
	dropped, err := store.Drop(t.Context(), noon(1))
	if err != nil || dropped.Days != 1 {
		t.Errorf("Drop says %+v, %v; want one day", dropped, err)
	}
	if n := count(t, conn, `SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE '%20260504'`); n != 0 {
		t.Errorf("%d tables are left of the day", n)
	}
	if n := count(t, conn, `SELECT count(*) FROM trace_days`); n != 0 {
		t.Errorf("%d traces are still entered", n)
	}
}

func TestWriteToADayWhoseDropWasInterruptedLosesNothing(t *testing.T) {
	t.Parallel()
	store, conn := stored(t)
	interruptDrop(t, conn)
	write(t, store, records(span(1, 2, noon(0))))
	trace, err := store.Trace(t.Context(), "default", model.TraceID{15: 1})
	if err != nil || trace.Spans != 2 {
		t.Errorf("the trace is %+v, %v; want two spans", trace, err)
	}
	spans, err := store.Spans(t.Context(), "default", repo.SpanQuery{Limit: 10})
	if err != nil || len(spans) != 2 {
		t.Errorf("listed %d spans, %v; want 2", len(spans), err)
	}
}

func TestTracesOfDaysFarApartAreListedOnce(t *testing.T) {
	t.Parallel()
	store, conn := stored(t)
	for i, day := range []int{300, 40, -100, 299} {
		write(t, store, records(span(1, byte(10+i), noon(day))))
	}
	for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
		page, err := store.Traces(t.Context(), "default", repo.TraceQuery{Limit: 10, Order: order})
		if err != nil || len(page) != 1 || page[0].Spans != 5 || page[0].StartNano != noon(-100) {
			t.Errorf("order %d: listed %+v, %v", order, page, err)
		}
	}
	if n := count(t, conn, `SELECT count(*) FROM traces WHERE part = 1`); n != 1 {
		t.Errorf("%d rows stand for the trace", n)
	}
}
