package settle

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// lastWords is how long a loop that ends may take to save its cursor and give up
// its lease.
const lastWords = 5 * time.Second

// Loop settles traces while it has the lease.
type Loop struct {
	config Config
	misfit misfits
	status atomic.Pointer[Status]
}

// New returns a loop that does nothing until it is run.
func New(c Config) *Loop {
	l := &Loop{config: c.withDefaults()}
	l.status.Store(new(Status))
	l.misfit.loop = l
	return l
}

// Run settles traces, or waits for the lease, until ctx ends. Then it saves how
// far it has come and gives up the lease.
func (l *Loop) Run(ctx context.Context) {
	retry := time.NewTicker(l.beat())
	defer retry.Stop()
	var away spell
	for ctx.Err() == nil {
		lease, held, err := l.takeLease(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			away.failed(ctx, l, "take the lease", err)
		default:
			away.over()
			if held {
				l.hold(ctx, lease)
			}
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
		}
	}
}

// beat is the time between two looks at the lease.
func (l *Loop) beat() time.Duration { return max(l.config.LeaseTime/3, time.Millisecond) }

func (l *Loop) takeLease(ctx context.Context) (repo.Lease, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, l.beat())
	defer cancel()
	return l.config.Store.TakeLease(ctx, name, l.config.Holder, l.config.LeaseTime)
}

// hold works under a lease until it is lost or ctx ends.
func (l *Loop) hold(ctx context.Context, lease repo.Lease) {
	l.config.Log.InfoContext(ctx, "settling traces", "term", lease.Term)
	l.config.Metrics.lease.Set(1)
	l.status.Store(&Status{Active: true})
	defer func() {
		l.config.Metrics.lease.Set(0)
		l.status.Store(new(Status))
	}()

	held, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	var keeping sync.WaitGroup
	keeping.Go(func() { l.keep(held, lease, lose) })
	t := newTerm(l, lease, lose)
	t.run(held)
	lose(nil)
	keeping.Wait()

	if errors.Is(context.Cause(held), repo.ErrLeaseLost) {
		l.config.Log.WarnContext(ctx, "lost the lease, another process may settle traces from now on")
		return
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	t.save(last)
	if err := l.config.Store.ReleaseLease(last, lease); err != nil {
		l.config.Log.WarnContext(ctx, "lease not given up, others wait for its end", "error", err)
	}
}

// keep prolongs the lease, and loses it when somebody else has it or when it may
// have ended. It returns when ctx ends.
func (l *Loop) keep(ctx context.Context, lease repo.Lease, lose context.CancelCauseFunc) {
	ticker := time.NewTicker(l.beat())
	defer ticker.Stop()
	end := time.Now().Add(l.config.LeaseTime)
	var away spell
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		asked := time.Now()
		now, held, err := l.takeLease(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			away.failed(ctx, l, "prolong the lease", err)
			held = time.Now().Before(end)
		default:
			away.over()
			held = held && now.Term == lease.Term
			end = asked.Add(l.config.LeaseTime)
		}
		if !held {
			lose(repo.ErrLeaseLost)
			return
		}
	}
}
