package settle

import (
	"context"
	"errors"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
)

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second

	// callTimeout bounds one call of the store, so that a database that hangs is
	// one that is away.
	callTimeout = 2 * time.Minute

	// insistence is how long a call is repeated that fails as if the store were
	// away. A store that is away also lets the lease run out, which ends the
	// calls; one that prolongs it meanwhile is there, and cannot do just this.
	insistence = 30 * time.Second
)

// spell is a time in which something fails again and again. It is logged once.
type spell struct{ pause time.Duration }

// failed counts a failure and returns how long to wait: longer each time.
func (s *spell) failed(ctx context.Context, l *Loop, doing string, err error) time.Duration {
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return 0 // it was ended, it has not failed
	}
	l.config.Metrics.failures.WithLabelValues(reasonStore).Inc()
	if s.pause == 0 {
		l.config.Log.WarnContext(ctx, "settling cannot "+doing+", will try again", "error", err)
		s.pause = firstPause / 2
	}
	s.pause = min(2*s.pause, longestPause)
	return s.pause
}

func (s *spell) over() { s.pause = 0 }

// insist calls f again and again until it succeeds, fails for another reason than
// that the store is away, or has failed for longer than that could be. When ctx
// ends, it returns its error.
func (l *Loop) insist(ctx context.Context, doing string, f func(context.Context) error) error {
	var away spell
	end := time.Now().Add(max(insistence, 2*l.config.LeaseTime))
	for {
		err := attempt(ctx, f)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !passing(err), !time.Now().Before(end):
			return err
		}
		if err := rest(ctx, away.failed(ctx, l, doing, err)); err != nil {
			return err
		}
	}
}

func attempt(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return f(ctx)
}

// passing reports whether the same call may succeed later.
func passing(err error) bool {
	return errors.Is(err, repo.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}

// rest waits.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
