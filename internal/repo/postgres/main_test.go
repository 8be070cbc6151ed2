package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// migrated is the database of those tests that migrate none.
var migrated = pgtest.NewTemplate(postgres.Migrate)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon returns noon of a day; days are told by numbers.
func noon(day int) int64 {
	return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC).AddDate(0, 0, day).UnixNano()
}

// span returns a root of one second. Its trace and itself have small numbers
// for ids.
func span(trace, id byte, start int64) *model.Span {
	return &model.Span{
		Project: "default", TraceID: model.TraceID{15: trace}, SpanID: model.SpanID{7: id},
		StartNano: start, EndNano: start + int64(time.Second), Name: "work",
	}
}

// records makes records without content, at which this store does not look.
func records(spans ...*model.Span) []model.Record {
	all := make([]model.Record, len(spans))
	for i, s := range spans {
		all[i] = model.Record{Span: s}
	}
	return all
}

// connect opens a connection beside the store's, to do what others might.
func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func exec(t testing.TB, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func count(t testing.TB, conn *pgx.Conn, sql string, args ...any) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// await waits until a query that counts something gives n.
func await(t testing.TB, conn *pgx.Conn, n int, sql string, args ...any) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		got := count(t, conn, sql, args...)
		if got == n {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: still %d, want %d", sql, got, n)
		}
	}
}
