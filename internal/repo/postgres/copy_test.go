package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

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
