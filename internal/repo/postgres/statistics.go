package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/agenttrace/agenttrace/internal/model"
)

// A day's partitions are analyzed when they have this many spans, and again
// whenever they have grown by the factor: often enough for good plans, seldom
// enough to be free. From some size on, autovacuum is in time.
const (
	firstAnalyze   = 10_000
	analyzeGrowth  = 4
	lastAnalyze    = 3_000_000
	analyzeTimeout = time.Minute
)

// statistics has PostgreSQL look at the partitions of days that fill up. New
// ones count as nearly empty until then, and autovacuum comes once a minute, in
// which two million spans may arrive: a list by agent took 160 ms instead of 7.
type statistics struct {
	pool    *pgxpool.Pool
	running sync.WaitGroup

	mu     sync.Mutex
	days   map[int64]*fill
	cancel context.CancelFunc // of the one that runs; nil when none does
	closed bool
}

// fill is how many spans this process wrote to a day, and at how many the next
// look is due.
type fill struct{ spans, due int }

func newStatistics(pool *pgxpool.Pool) *statistics {
	return &statistics{pool: pool, days: make(map[int64]*fill)}
}

// wrote counts the records of a write that was committed and, when a look at
// one of their days is due, has it done beside what the caller does next.
func (s *statistics) wrote(ctx context.Context, records []model.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		day := model.Day(r.Span.StartNano)
		if s.days[day] == nil {
			s.days[day] = &fill{due: firstAnalyze}
		}
		s.days[day].spans++
	}
	if s.cancel != nil || s.closed {
		return // a day that is due now still is at the next write
	}
	for _, r := range records {
		day := model.Day(r.Span.StartNano)
		if f := s.days[day]; f.spans >= f.due && f.due <= lastAnalyze {
			f.due = f.spans * analyzeGrowth
			s.start(ctx, day)
			return
		}
	}
}

// start analyzes a day's partitions in the background. The caller holds mu.
func (s *statistics) start(ctx context.Context, day int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), analyzeTimeout)
	s.cancel = cancel
	s.running.Go(func() {
		for _, table := range partitioned {
			// An error costs no more than a plan: the day may be dropped by
			// now, or the account may not analyze.
			_, _ = s.pool.Exec(ctx, `ANALYZE `+table+`_`+suffix(day))
		}
		_, _ = s.pool.Exec(ctx, `ANALYZE trace_days`)
		s.mu.Lock()
		defer s.mu.Unlock()
		cancel()
		s.cancel = nil
	})
}

// close ends what runs and waits for it.
func (s *statistics) close() {
	s.mu.Lock()
	s.closed = true
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.running.Wait()
}
