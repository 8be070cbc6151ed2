package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// snapshot runs a transaction that sees what there is at one moment.
func (s *Store) snapshot(ctx context.Context, do func(pgx.Tx) error) error {
	tx, err := s.reads.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer func() {
		// With a context that has ended, this would give up the connection.
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer stop()
		_ = tx.Rollback(ctx) // nothing to do after Commit
	}()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
