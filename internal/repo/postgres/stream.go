package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// statement is a query and its arguments.
type statement struct {
	query string
	args  []any
}

// readToEnd is how long the rest of an answer is read that nobody wants any more.
const readToEnd = 20 * time.Millisecond

// stream runs queries, one after the other, and hands their rows to emit, as
// they come, until emit says stop. What nobody has read yet waits in the
// database.
func (s *Store) stream(ctx context.Context, queries []statement, emit func(pgx.Rows) (goOn bool, err error)) (goOn bool, err error) {
	conn, err := s.reads.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Release()
	var queue pgx.Batch
	queue.Queue(`BEGIN READ ONLY`)
	// A slow reader is no slow query.
	queue.Queue(`SET LOCAL statement_timeout = 0`)
	for _, q := range queries {
		queue.Queue(q.query, q.args...)
	}
	queue.Queue(`COMMIT`)

	// Reading what nobody wants any more could take long, so it is given a moment.
	// Then ending the context ends the query, and with it the connection; the pool
	// makes another, which knows no table yet and costs more than most answers.
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	unwanted := func() { time.AfterFunc(readToEnd, stop) }
	defer context.AfterFunc(ctx, unwanted)()
	results := conn.SendBatch(reading, &queue)
	goOn, err = emitRows(results, 2, len(queries), func(rows pgx.Rows) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		return emit(rows)
	})
	if err != nil || !goOn {
		unwanted()
		_ = results.Close() // whether it was cancelled or not
		return goOn, err
	}
	if err := results.Close(); err != nil {
		return false, err
	}
	// Rows that were here already could be read to their end all the same.
	return true, ctx.Err()
}

// emitRows reads the results of so many commands and of so many queries behind them.
func emitRows(results pgx.BatchResults, commands, queries int, emit func(pgx.Rows) (bool, error)) (goOn bool, err error) {
	for range commands {
		if _, err := results.Exec(); err != nil {
			return false, err
		}
	}
	for range queries {
		rows, err := results.Query()
		if err != nil {
			return false, err
		}
		for rows.Next() {
			if goOn, err := emit(rows); err != nil || !goOn {
				return goOn, err
			}
		}
		if err := rows.Err(); err != nil {
			return false, err
		}
	}
	return true, nil
}
