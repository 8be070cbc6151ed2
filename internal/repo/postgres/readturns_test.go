package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// turns counts what is sent to PostgreSQL and waited for.
type turns int

func (n *turns) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	*n++
	return ctx
}

func (n *turns) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (n *turns) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	*n++
	return ctx
}

func (n *turns) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (n *turns) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// A trace on the day where the one before was is read in one turn.
func TestATraceIsReadInOneTurnWhereTheOneBeforeWas(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	s, err := Open(t.Context(), dsn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var sent turns
	s.reads.Close()
	if s.reads, err = newPool(t.Context(), dsn, 1, func(c *pgxpool.Config) {
		Options{}.withDefaults().forReads(c)
		c.ConnConfig.Tracer = &sent
	}); err != nil {
		t.Fatal(err)
	}
	day := func(n int) int64 { return time.Date(2026, 5, 4+n, 12, 0, 0, 0, time.UTC).UnixNano() }
	one := func(trace byte, start int64) model.Record {
		return model.Record{Span: &model.Span{
			Project: "default", TraceID: model.TraceID{15: trace}, SpanID: model.SpanID{7: 1}, StartNano: start, EndNano: start + 1,
		}}
	}
	both := one(3, day(0))
	both.Span.SpanID[7] = 2
	if _, err := s.Write(t.Context(), []model.Record{one(1, day(0)), one(2, day(1)), both, one(3, day(1))}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		trace byte
		want  turns
		why   string
	}{
		{1, 2, "nothing is known yet"},
		{1, 1, "it is where the one before was"},
		{2, 2, "it is elsewhere"},
		{2, 1, "it is where the one before was"},
		{3, 2, "it is on two days"},
		{2, 1, "what is on two days changes no guess"},
		{4, 1, "there is none"},
	} {
		sent = 0
		for _, err := range s.ReadTrace(t.Context(), "default", model.TraceID{15: c.trace}, func(*model.Trace) error { return nil }) {
			if err != nil && c.trace != 4 {
				t.Fatal(err)
			}
		}
		if sent != c.want {
			t.Errorf("trace %d took %d turns, want %d: %s", c.trace, sent, c.want, c.why)
		}
	}
}
