package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// statement is a query and its arguments.
type statement struct {
	query string
	args  []any
}

// emitter takes a row of the query with a number, and says whether to go on.
type emitter func(query int, row pgx.Rows) (goOn bool, err error)

// What holds for the queries of a stream. A slow reader is no slow query. One plan for
// any argument is for queries of one partition, which is then a matter of its key: it
// may be made while the partition is too small for an index to seem worth it.
const (
	planEachTime = `SELECT set_config('statement_timeout', '0', true)`
	planOnce     = planEachTime + `, set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`
	// planGuess is planOnce for a partition that is guessed. If the guess is wrong, who
	// has locked it is none of the reader's business: it waits for so many milliseconds.
	planGuess = planOnce + `, set_config('lock_timeout', '200', true)`
)

// stream runs queries, one after the other, and hands their rows to emit, as
// they come, until emit says stop. What nobody has read yet waits in the
// database.
func (s *Store) stream(ctx context.Context, settings string, queries []statement, emit emitter) (goOn bool, err error) {
	conn, err := s.reads.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Release()
	var queue pgx.Batch // what is sent together is one transaction
	queue.Queue(settings)
	for _, q := range queries {
		queue.Queue(q.query, q.args...)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	results := conn.SendBatch(ctx, &queue)
	goOn, err = emitRows(results, len(queries), func(query int, row pgx.Rows) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		return emit(query, row)
	})
	if err != nil || !goOn {
		stop()
		_ = results.Close() // whether it was cancelled or not
		return goOn, err
	}
	if err := results.Close(); err != nil {
		return false, err
	}
	// Rows that were here already could be read to their end all the same.
	return true, ctx.Err()
}

// emitRows reads the result of a command and those of so many queries behind it.
func emitRows(results pgx.BatchResults, queries int, emit emitter) (goOn bool, err error) {
	if _, err := results.Exec(); err != nil {
		return false, err
	}
	for query := range queries {
		rows, err := results.Query()
		if err != nil {
			return false, err
		}
		for rows.Next() {
			if goOn, err := emit(query, rows); err != nil || !goOn {
				return goOn, err
			}
		}
		if err := rows.Err(); err != nil {
			return false, err
		}
	}
	return true, nil
}
