package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// lease is a row of leases.
type lease struct {
	repo.Lease
	until int64 // nanoseconds since the Unix epoch, exclusive
}

const (
	selectLease = `SELECT name, holder, term, until_ns FROM leases WHERE name = ?`

	upsertLease = `
INSERT INTO leases (name, holder, term, until_ns) VALUES (?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, term = excluded.term, until_ns = excluded.until_ns`

	endLease = `UPDATE leases SET until_ns = 0 WHERE name = ? AND holder = ? AND term = ?`
)

// TakeLease takes or prolongs a lease. The clock is that of this process: those
// who share a file share a machine.
func (s *Store) TakeLease(ctx context.Context, name, holder string, d time.Duration) (repo.Lease, bool, error) {
	var taken repo.Lease
	var ok bool
	err := s.writer.transaction(ctx, func(t *tx) error {
		l, err := loadLease(t, name)
		if err != nil {
			return err
		}
		now := s.now().UnixNano()
		if now < l.until && l.Holder != holder {
			return nil
		}
		if now >= l.until {
			l.Lease = repo.Lease{Name: name, Holder: holder, Term: l.Term + 1}
		}
		taken, ok = l.Lease, true
		return t.exec(upsertLease, args(name, holder, l.Term, saturatingAdd(now, max(int64(d), 0)))...)
	})
	if err != nil {
		return repo.Lease{}, false, mapError(ctx, "take lease", err)
	}
	return taken, ok, nil
}

// ReleaseLease lets the lease end now. Its row keeps the term.
func (s *Store) ReleaseLease(ctx context.Context, l repo.Lease) error {
	err := s.writer.transaction(ctx, func(t *tx) error {
		return t.exec(endLease, args(l.Name, l.Holder, l.Term)...)
	})
	return mapError(ctx, "release lease", err)
}

// loadLease returns the row of a name, one that has ended where there is none.
func loadLease(t *tx, name string) (found lease, err error) {
	found.until = math.MinInt64
	err = t.query(func(values []driver.Value) error {
		r := row{values: values}
		found.Lease = repo.Lease{Name: r.text(), Holder: r.text(), Term: r.int()}
		found.until = r.int()
		return r.err
	}, selectLease, args(name)...)
	return found, err
}

// checkFence fails unless the lease is held. Nobody can take it before the
// transaction ends, which holds the write lock.
func checkFence(t *tx, fence *repo.Lease, now int64) error {
	if fence == nil {
		return nil
	}
	l, err := loadLease(t, fence.Name)
	if err != nil {
		return err
	}
	if l.Lease != *fence || now >= l.until {
		return fmt.Errorf("%w: %q of %q, term %d", repo.ErrLeaseLost, fence.Name, fence.Holder, fence.Term)
	}
	return nil
}
