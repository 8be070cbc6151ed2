package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// reading is what a transaction that only reads is asked.
type reading interface {
	querier
	SendBatch(ctx context.Context, queue *pgx.Batch) pgx.BatchResults
}

// snapshot runs a transaction that sees what there is at one moment. What first
// queues is asked in the same turn in which it begins.
func (s *Store) snapshot(ctx context.Context, first func(*pgx.Batch), do func(reading) error) error {
	conn, err := s.reads.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	defer func() {
		// With a context that has ended, this would give up the connection.
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer stop()
		_, _ = conn.Exec(ctx, `ROLLBACK`)
	}()
	var queue pgx.Batch
	queue.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	if first != nil {
		first(&queue)
	}
	if err := conn.SendBatch(ctx, &queue).Close(); err != nil {
		return err
	}
	return do(conn)
}
