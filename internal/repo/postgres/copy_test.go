package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// A settlement is broken off while it sends rows, or PostgreSQL ends its connection.
func TestSettlementThatIsBrokenOffStoresNothing(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dsn := migrated.Database(t)
			store, settlements := settled(t, inMode(t, dsn, mode))
			locking, watching := connect(t, dsn), connect(t, dsn)
			for _, c := range []struct {
				want error
				end  func(cancel context.CancelFunc)
			}{
				{context.Canceled, func(cancel context.CancelFunc) { cancel() }},
				{repo.ErrUnavailable, func(context.CancelFunc) {
					exec(t, watching, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)
				}},
			} {
				exec(t, locking, `BEGIN`)
				exec(t, locking, `LOCK TABLE bills IN ACCESS EXCLUSIVE MODE`)
				ctx, cancel := context.WithCancel(t.Context())
				var group errgroup.Group
				group.Go(func() error { return store.Settle(ctx, nil, settlements) })
				await(t, watching, 1, waiting+` AND query LIKE '%COPY bills%'`)
				c.end(cancel)
				if err := group.Wait(); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				cancel()
				exec(t, locking, `ROLLBACK`)
				if n := count(t, watching, `SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM bills)`); n != 0 {
					t.Errorf("%d rows are there", n)
				}
			}
			if err := store.Settle(t.Context(), nil, settlements); err != nil {
				t.Fatal(err)
			}
			hasSettled(t, store)
		})
	}
}

// What a COPY that was broken off was sending may not be in the memory, nor on the
// connection, that the next one gets.
func TestCopyIsBrokenOff(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store, locking, watching := opened(t, dsn, postgres.Options{}), connect(t, dsn), connect(t, dsn)
	large := func(trace byte) []model.Record { // more than a socket takes by itself
		spans := make([]*model.Span, 100)
		for i := range spans {
			spans[i] = span(trace, byte(i), noon(0))
			spans[i].Name = strings.Repeat("x", 20_000)
		}
		return records(spans...)
	}
	write(t, store, records(span(0, 0, noon(0)))) // makes the partitions
	for i := range byte(5) {
		exec(t, locking, `BEGIN`)
		exec(t, locking, `LOCK TABLE spans IN ACCESS EXCLUSIVE MODE`)
		ctx, cancel := context.WithCancel(t.Context())
		var group errgroup.Group
		group.Go(func() error {
			_, err := store.Write(ctx, large(1))
			return err
		})
		await(t, watching, 1, waiting)
		cancel()
		if err := group.Wait(); !errors.Is(err, context.Canceled) {
			t.Errorf("a write that was broken off ended with %v", err)
		}
		exec(t, locking, `ROLLBACK`)
		write(t, store, large(2+i))
	}
}
