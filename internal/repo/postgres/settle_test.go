package postgres_test

import (
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// settled returns a store with an agent's trace on day 0, and what settles it.
func settled(t *testing.T, dsn string) (*postgres.Store, []repo.Settlement) {
	t.Helper()
	store := opened(t, dsn, postgres.Options{})
	agent, call := span(1, 1, noon(0)), span(1, 2, noon(0)+1)
	agent.Type, call.Type, call.ParentID = model.TypeAgent, model.TypeLLM, agent.SpanID
	call.Model, call.Usage.Input = "gpt-5", 7
	batch := records(agent, call)
	write(t, store, batch)
	return store, settlementsOf(t, batch)
}

// hasSettled demands the run and the bill of the trace that settled makes, once each.
func hasSettled(t *testing.T, store *postgres.Store) {
	t.Helper()
	found, err := store.Runs(t.Context(), "default", repo.RunQuery{Limit: 10})
	if err != nil || len(found) != 1 || !found[0].Settled || found[0].Own.Usage.Input != 7 {
		t.Errorf("runs: %+v, %v", found, err)
	}
	sums, err := store.Bills(t.Context(), "default", repo.BillQuery{MaxSums: 1})
	if err != nil || len(sums) != 1 || sums[0].ModelCalls.Calls != 1 {
		t.Errorf("bills: %+v, %v", sums, err)
	}
}

// TestLeaseIsProlongedWhileOthersWaitForTheSettlement holds the row of a lease as
// an open Settle does.
func TestLeaseIsProlongedWhileOthersWaitForTheSettlement(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store, settling, watching := opened(t, dsn, postgres.Options{}), connect(t, dsn), connect(t, dsn)
	lease, got, err := store.TakeLease(t.Context(), "settle", "one", time.Hour)
	if err != nil || !got {
		t.Fatalf("took %t, %v", got, err)
	}
	exec(t, settling, `BEGIN`)
	exec(t, settling, `SELECT FROM leases FOR KEY SHARE`)
	if _, got, err := store.TakeLease(t.Context(), "settle", "two", time.Hour); err != nil || got {
		t.Errorf("somebody else took it: %t, %v", got, err)
	}
	if again, got, err := store.TakeLease(t.Context(), "settle", "one", time.Hour); err != nil || !got || again != lease {
		t.Errorf("prolonged, %+v is %+v, %t, %v", lease, again, got, err)
	}
	if err := store.ReleaseLease(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	var next errgroup.Group
	next.Go(func() error {
		_, got, err := store.TakeLease(t.Context(), "settle", "two", time.Hour)
		if !got {
			t.Error("nobody has it, and still it was not to be had")
		}
		return err
	})
	await(t, watching, 1, waiting)
	exec(t, settling, `ROLLBACK`)
	if err := next.Wait(); err != nil {
		t.Error(err)
	}
}

// TestWhatIsThereThoughNothingSettledIsReplaced has a row of traces deny that its trace
// has settled.
func TestWhatIsThereThoughNothingSettledIsReplaced(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store, settlements := settled(t, dsn)
	for range 2 {
		if err := store.Settle(t.Context(), nil, settlements); err != nil {
			t.Fatal(err)
		}
		hasSettled(t, store)
		exec(t, connect(t, dsn), `UPDATE traces SET settled_spans = 0`)
	}
}

// TestTablesThatAnEarlierVersionDidNotMakeAreMadeWhenTheyAreNeeded leaves a day as
// a server of before these tables does.
func TestTablesThatAnEarlierVersionDidNotMakeAreMadeWhenTheyAreNeeded(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dsn := migrated.Database(t)
			store, settlements := settled(t, inMode(t, dsn, mode))
			exec(t, connect(t, dsn), `DROP TABLE runs_20260504, bills_20260504`)
			if err := store.Settle(t.Context(), nil, settlements); err != nil {
				t.Fatal(err)
			}
			hasSettled(t, store)
			exec(t, connect(t, dsn), `DROP TABLE runs_20260504, bills_20260504`)
			late := span(1, 3, noon(0)+2)
			late.Type = model.TypeAgent
			write(t, store, records(late))
			if found, err := store.Runs(t.Context(), "default", repo.RunQuery{Limit: 10}); err != nil || len(found) != 1 || found[0].Settled {
				t.Errorf("runs: %+v, %v", found, err)
			}
		})
	}
}

// TestSettledTracesStayWhereTheyAre holds what the room on their pages is for: no
// index learns of a trace twice. Their runs are in one table at a time.
func TestSettledTracesStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store, settlements := settled(t, dsn)
	const moved = `SELECT coalesce(sum(n_tup_upd - n_tup_hot_upd), 0) FROM pg_stat_user_tables WHERE relname = 'traces_20260504'`
	const updated = `SELECT count(*) FROM pg_stat_user_tables WHERE relname = 'traces_20260504' AND n_tup_upd > 0`
	const open = `SELECT count(*) FROM open_runs`
	conn := connect(t, dsn)
	runs := 0
	for _, s := range settlements {
		runs += len(s.Runs)
	}
	if n := count(t, conn, open); n != runs {
		t.Errorf("%d of %d runs are open", n, runs)
	}
	if err := store.Settle(t.Context(), nil, settlements); err != nil {
		t.Fatal(err)
	}
	if n := count(t, conn, open); n != 0 {
		t.Errorf("%d runs that have settled are open", n)
	}
	if err := store.Close(); err != nil { // what it did is counted then
		t.Fatal(err)
	}
	await(t, conn, 1, updated)
	if n := count(t, conn, moved); n != 0 {
		t.Errorf("%d rows moved", n)
	}
}
