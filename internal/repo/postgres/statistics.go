package postgres

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// A day's partitions are analyzed when they have this many spans, and again
// whenever they have grown by the factor: often enough for good plans, seldom
// enough to be free. From some size on, autovacuum is in time.
const (
	firstAnalyze   = 10_000
	analyzeGrowth  = 10
	lastAnalyze    = 3_000_000
	analyzeTimeout = time.Minute

	// A table of less than smallTable bytes is looked at with smallTarget at most: what
	// is learnt of it is old soon.
	smallTable  = 64 << 20
	smallTarget = 10
)

// analyzeOptions say how closely PostgreSQL looks at a table: how many entries the
// histograms get, for each of which it reads 300 rows, and at which columns. Wide
// tables are searched by some of theirs only; what is read by its key needs little, and
// so does a table that is small: see [statistics.look].
var analyzeOptions = map[string]struct {
	target  int
	columns string // all of them if empty
}{
	"traces": {30, `(project, trace_id, day_ns, start_ns, end_ns, errors, status, part, name, service, environment)`},
	"runs": {30, `(project, trace_id, start_ns, end_ns, type, failed, settled, name, service, environment,
		agent_id, team_id, workflow_id, session_id, user_id, run_id)`},
	"bills": {30, `(project, trace_id, start_ns, kind, model, tool_name, provider, agent, team, workflow,
		session_id, user_id, run_id, service, environment)`},
	"spans": {30, `(project, trace_id, start_ns, end_ns, type, status, failed, name, service, environment,
		agent_id, team_id, workflow_id, session_id, user_id, run_id, model, provider, tool_name)`},
	"open_runs":     {10, ""},
	"open_segments": {1, `(project, trace_id, start_ns, span_id)`},
	"segments":      {1, `(project, trace_id, start_ns, span_id)`},
	"trace_days":    {1, ""},
}

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

// wrote counts the records of a batch that was committed and, when a look at one of
// its days is due, has it done beside what the caller does next.
func (s *statistics) wrote(ctx context.Context, b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for day, spans := range b.spans {
		if s.days[day] == nil {
			s.days[day] = &fill{due: firstAnalyze}
		}
		s.days[day].spans += spans
	}
	if s.cancel != nil || s.closed {
		return // a day that is due now still is at the next write
	}
	for _, day := range b.days {
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
			s.look(ctx, table, table+"_"+suffix(day))
		}
		s.look(ctx, "trace_days", "trace_days")
		s.mu.Lock()
		defer s.mu.Unlock()
		cancel()
		s.cancel = nil
	})
}

// grownSQL returns how large a table is, if it has at least doubled since PostgreSQL
// counted its pages. Another server may have had it analyzed, or autovacuum; and a server
// that was just started takes a day that is full for one that fills up.
const grownSQL = `
SELECT pg_relation_size(oid) FROM pg_class
WHERE oid = to_regclass($1) AND pg_relation_size(oid) >= 2 * relpages::bigint * current_setting('block_size')::bigint
    AND pg_relation_size(oid) > 0`

// look has a table analyzed that has grown, at less than PostgreSQL would by itself. An
// error costs no more than a plan: the day may be dropped by now, or the account may
// not analyze.
func (s *statistics) look(ctx context.Context, of, table string) {
	var size int64
	if err := s.pool.QueryRow(ctx, grownSQL, table).Scan(&size); err != nil {
		return // mostly since it has not grown
	}
	o := analyzeOptions[of]
	if size < smallTable {
		o.target = min(o.target, smallTarget)
	}
	_, _ = s.pool.Exec(ctx, `SET LOCAL default_statistics_target = `+strconv.Itoa(o.target)+`; ANALYZE `+table+o.columns)
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
