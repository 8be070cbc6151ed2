package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// waiting counts the store's queries that wait for a lock of the test's.
const waiting = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`

// blocked returns a store with one trace, a connection whose open transaction
// makes all who read or write that trace wait, and one to watch them from:
// within a transaction, what others do stands still.
func blocked(t *testing.T, mode string) (store *postgres.Store, locking, watching *pgx.Conn) {
	t.Helper()
	dsn := inMode(t, migrated.Database(t), mode)
	store = opened(t, dsn, postgres.Options{})
	write(t, store, records(span(1, 1, noon(0))))
	locking, watching = connect(t, dsn), connect(t, dsn)
	exec(t, locking, `BEGIN`)
	exec(t, locking, `LOCK TABLE trace_days, traces, spans, segments, open_segments, runs, bills IN ACCESS EXCLUSIVE MODE`)
	return store, locking, watching
}

// calls are a write and each way of reading; all meet the lock.
func calls() map[string]func(context.Context, *postgres.Store) error {
	id := span(1, 1, noon(0)).TraceID
	return map[string]func(context.Context, *postgres.Store) error{
		"Write": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Write(ctx, records(span(1, 2, noon(0)), span(2, 1, noon(0))))
			return err
		},
		"Trace": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Trace(ctx, "default", id)
			return err
		},
		"Traces": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Traces(ctx, "default", repo.TraceQuery{Limit: 10})
			return err
		},
		"Spans": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Spans(ctx, "default", repo.SpanQuery{TraceID: id, Limit: 10})
			return err
		},
		"Settle": func(ctx context.Context, s *postgres.Store) error {
			part := model.TracePart{Day: model.Day(noon(0)), Spans: 1}
			return s.Settle(ctx, nil, []repo.Settlement{{Project: "default", TraceID: id, Parts: []model.TracePart{part}}})
		},
		"Unsettled": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Unsettled(ctx, "default", []model.TraceID{id})
			return err
		},
		"Runs": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Runs(ctx, "default", repo.RunQuery{Limit: 10})
			return err
		},
		"Sessions": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Sessions(ctx, "default", repo.SessionQuery{Limit: 10})
			return err
		},
		"Bills": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Bills(ctx, "default", repo.BillQuery{MaxSums: 10})
			return err
		},
		"Segments": func(ctx context.Context, s *postgres.Store) error {
			for _, err := range s.Segments(ctx, "default", repo.TraceRef{ID: id, Range: model.TimeRange{Start: noon(0), End: noon(1)}}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func TestCancelledContextEndsTheQueryOnTheServer(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		store, _, watching := blocked(t, mode)
		for name, call := range calls() {
			t.Run(mode+"/"+name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				var running errgroup.Group
				running.Go(func() error { return call(ctx, store) })
				await(t, watching, 1, waiting)
				cancel()
				if err := running.Wait(); !errors.Is(err, context.Canceled) {
					t.Errorf("the call ended with %v", err)
				}
				await(t, watching, 0, waiting)
			})
		}
	}
}

// TestCancelledReadsKeepTheirConnection allows for a machine that is too busy to
// end a query in time: what went wrong then goes well another time.
func TestCancelledReadsKeepTheirConnection(t *testing.T) {
	t.Parallel()
	store, _, watching := blocked(t, "cache_statement")
	reads := calls()
	delete(reads, "Write")
	delete(reads, "Settle")
	for name, call := range reads {
		t.Run(name, func(t *testing.T) {
			deadline := time.Now().Add(30 * time.Second)
			for before, kept := cancelled(t, store, watching, call), false; !kept; {
				pid := cancelled(t, store, watching, call)
				if kept = pid == before; !kept && time.Now().After(deadline) {
					t.Fatal("the next call has another connection")
				}
				before = pid
			}
		})
	}
}

// cancelled cancels a call that waits, and returns the process that served it.
func cancelled(t *testing.T, store *postgres.Store, watching *pgx.Conn, call func(context.Context, *postgres.Store) error) (pid int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running errgroup.Group
	running.Go(func() error { return call(ctx, store) })
	await(t, watching, 1, waiting)
	pid = count(t, watching, `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	cancel()
	if err := running.Wait(); !errors.Is(err, context.Canceled) {
		t.Fatalf("the call ended with %v", err)
	}
	return pid
}

func TestKilledBackendIsUnavailableAndThePoolRecovers(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		for name, call := range calls() {
			t.Run(mode+"/"+name, func(t *testing.T) {
				store, locking, watching := blocked(t, mode)
				var running errgroup.Group
				running.Go(func() error { return call(t.Context(), store) })
				await(t, watching, 1, waiting)
				exec(t, watching, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
				if err := running.Wait(); !errors.Is(err, repo.ErrUnavailable) {
					t.Errorf("the call ended with %v, want ErrUnavailable", err)
				}
				exec(t, locking, `ROLLBACK`)
				if err := call(t.Context(), store); err != nil {
					t.Errorf("the same call afterwards: %v", err)
				}
			})
		}
	}
}

func TestBrokenOffSegmentsFreeTheirConnection(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{ReadConns: 1})
	for i := range byte(20) {
		write(t, store, records(span(1, i, noon(0)+int64(i))))
	}
	for range 5 {
		for _, err := range store.Segments(t.Context(), "default", repo.TraceRef{ID: model.TraceID{15: 1}}) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		// With the only connection lost, this would wait for ever.
		if err := store.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStatementTimeoutEndsReadsOnly(t *testing.T) {
	t.Parallel()
	store, locking, watching := blocked(t, "cache_statement")
	hasty := opened(t, locking.Config().ConnString(), postgres.Options{StatementTimeout: 50 * time.Millisecond})
	_, err := hasty.Trace(t.Context(), "default", model.TraceID{15: 1})
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("a read that takes too long ended with %v", err)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	var writing errgroup.Group
	writing.Go(func() error { return calls()["Write"](t.Context(), hasty) })
	await(t, watching, 1, waiting+` AND clock_timestamp() - query_start > interval '200 ms'`)
	exec(t, locking, `ROLLBACK`)
	if err := writing.Wait(); err != nil {
		t.Errorf("a write that waited: %v", err)
	}
}

// TestStoreWithoutItsServerIsUnavailableUntilItIsBack lets a call fail that
// meets a connection from before: after that one, all are made anew.
func TestStoreWithoutItsServerIsUnavailableUntilItIsBack(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	store := opened(t, cluster.DSN("postgres"), postgres.Options{})
	again := func() error {
		_, err := store.Write(t.Context(), records(span(1, 1, noon(0))))
		return err
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Kill(); err != nil {
		t.Fatal(err)
	}
	// The processes that serve connections see that the first one has gone when
	// they next wait for something.
	err := again()
	for err == nil {
		err = again()
	}
	if !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("without a server, Write ended with %v", err)
	}
	if _, err := postgres.Open(t.Context(), cluster.DSN("postgres"), postgres.Options{}); !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("without a server, Open ended with %v", err)
	}
	if err := cluster.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil && !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("the first Write afterwards ended with %v", err)
	}
	write(t, store, records(span(1, 2, noon(0))))
	trace, err := store.Trace(t.Context(), "default", model.TraceID{15: 1})
	if err != nil || trace.Spans != 2 {
		t.Errorf("afterwards the trace is %+v, %v", trace, err)
	}
}
