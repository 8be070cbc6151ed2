package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// prolongLeaseSQL changes no column of a key, so it does not wait for those who
// rely on the lease; see fenceSQL.
const prolongLeaseSQL = `
UPDATE leases SET expires = clock_timestamp() + $3::bigint * interval '1 microsecond'
WHERE name = $1 AND holder = $2 AND expires > clock_timestamp()
RETURNING term`

// enterLeaseSQL makes sure that there is a row to take.
const enterLeaseSQL = `
INSERT INTO leases (name, holder, term, expires) VALUES ($1, '', 0, '-infinity')
ON CONFLICT DO NOTHING`

// takeLeaseSQL begins a term, when nobody has the lease. That changes a key, so it
// waits for those who rely on the lease of before.
const takeLeaseSQL = `
UPDATE leases SET holder = $2, term = term + 1, expires = clock_timestamp() + $3::bigint * interval '1 microsecond'
WHERE name = $1 AND expires <= clock_timestamp()
RETURNING term`

// TakeLease prolongs the holder's own lease, or takes one that nobody has.
func (s *Store) TakeLease(ctx context.Context, name, holder string, d time.Duration) (repo.Lease, bool, error) {
	l := repo.Lease{Name: name, Holder: holder}
	_, err := s.writes.Exec(ctx, enterLeaseSQL, name)
	for _, query := range []string{prolongLeaseSQL, takeLeaseSQL} {
		if err != nil {
			break
		}
		err = s.writes.QueryRow(ctx, query, name, holder, d.Microseconds()).Scan(&l.Term)
		if err == nil {
			return l, true, nil
		}
		if errors.Is(err, pgx.ErrNoRows) {
			err = nil // somebody else has it, as far as this statement tells
		}
	}
	return repo.Lease{}, false, s.explain(ctx, "take a lease", err)
}

// ReleaseLease leaves the row, which knows the term.
func (s *Store) ReleaseLease(ctx context.Context, l repo.Lease) error {
	const query = `UPDATE leases SET expires = '-infinity' WHERE name = $1 AND holder = $2 AND term = $3`
	_, err := s.writes.Exec(ctx, query, l.Name, l.Holder, l.Term)
	return s.explain(ctx, "release a lease", err)
}

// fenceSQL finds a lease that is held. The lock keeps others from beginning a
// term until the transaction ends, even if the time is up before.
const fenceSQL = `
SELECT term FROM leases WHERE name = $1 AND holder = $2 AND term = $3 AND expires > clock_timestamp()
FOR KEY SHARE`

// checkFence fails when the lease has gone to somebody else, or may do so.
func checkFence(ctx context.Context, tx pgx.Tx, fence *repo.Lease) error {
	if fence == nil {
		return nil
	}
	var term int64
	err := tx.QueryRow(ctx, fenceSQL, fence.Name, fence.Holder, fence.Term).Scan(&term)
	if errors.Is(err, pgx.ErrNoRows) {
		return repo.ErrLeaseLost
	}
	return err
}
