package postgres

import (
	"database/sql"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// earlierDays has the partitions of two days, of which one is the last there is,
// and an agent's trace of two spans on the first of them.
const earlierDays = `
CREATE TABLE traces_20260504 PARTITION OF traces FOR VALUES FROM (1777852800000000000) TO (1777939200000000000);
CREATE TABLE spans_20260504 PARTITION OF spans FOR VALUES FROM (1777852800000000000) TO (1777939200000000000);
CREATE TABLE segments_20260504 PARTITION OF segments FOR VALUES FROM (1777852800000000000) TO (1777939200000000000);
CREATE TABLE traces_22620411 PARTITION OF traces FOR VALUES FROM (9223286400000000000) TO (MAXVALUE);
CREATE TABLE spans_22620411 PARTITION OF spans FOR VALUES FROM (9223286400000000000) TO (MAXVALUE);
CREATE TABLE segments_22620411 PARTITION OF segments FOR VALUES FROM (9223286400000000000) TO (MAXVALUE);
INSERT INTO days VALUES (1777852800000000000), (9223286400000000000);
INSERT INTO trace_days (project, trace_id, first_day_ns, last_day_ns)
VALUES ('default', '00000000000000000000000000000001', 1777852800000000000, 1777852800000000000);
INSERT INTO traces (trace_id, day_ns, start_ns, end_ns, spans, errors, llm_calls, tool_calls, input_tokens, cache_read_tokens,
    cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens,
    writes, status, head_type, project, head_key, input_preview)
VALUES ('00000000000000000000000000000001', 1777852800000000000, 1777852800000000007, 1777852800000000009, 2, 0, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 1, 'default', '\x00000000000000000700000000000000ff', 'hello');
INSERT INTO spans (trace_id, span_id, parent_id, start_ns, end_ns, kind, type, status, failed, project, name, agent_id, input_tokens)
VALUES
    ('00000000000000000000000000000001', 255, NULL, 1777852800000000007, 1777852800000000009, 1, 1, 1, false, 'default', 'Agent.run', 'support', NULL),
    ('00000000000000000000000000000001', 2, 255, 1777852800000000008, 1777852800000000009, 1, 5, 1, false, 'default', 'chat', NULL, 5);`

// migratedWithData returns a store on a database that was used by an earlier
// version.
func migratedWithData(t *testing.T) *Store {
	t.Helper()
	dsn := pgtest.Database(t)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*config)
	if err := errors.Join(upTo(t, db, 2), do(t, db, earlierDays), db.Close()); err != nil {
		t.Fatal(err)
	}
	store, err := Open(t.Context(), dsn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func upTo(t *testing.T, db *sql.DB, version int64) error {
	provider, err := migrationsOf(db)
	if err == nil {
		_, err = provider.UpTo(t.Context(), version)
	}
	return err
}

func do(t *testing.T, db *sql.DB, statements string) error {
	_, err := db.ExecContext(t.Context(), statements)
	return err
}

func TestMigrationKnowsRunsOfSpansThatWereThere(t *testing.T) {
	t.Parallel()
	store := migratedWithData(t)
	got, err := store.Runs(t.Context(), "default", repo.RunQuery{Limit: 10})
	want := []*model.Run{{
		Project: "default", TraceID: model.TraceID{15: 1}, SpanID: model.SpanID{7: 255}, StartNano: 1777852800000000007, EndNano: 1777852800000000009,
		Type: model.TypeAgent, Name: "Agent.run", Status: model.StatusOK, Identity: model.Identity{AgentID: "support"},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	trace, err := store.Trace(t.Context(), "default", model.TraceID{15: 1})
	if err != nil || trace.Settled() || trace.Spans != 2 {
		t.Errorf("the trace is %+v, %v", trace, err)
	}
}

// TestMigratedDatabaseTakesWritesAndSettlements writes to days that had
// partitions already, to the end of time.
func TestMigratedDatabaseTakesWritesAndSettlements(t *testing.T) {
	t.Parallel()
	store := migratedWithData(t)
	last := &model.Span{
		Project: "default", TraceID: model.TraceID{15: 2}, SpanID: model.SpanID{7: 1}, StartNano: math.MaxInt64, EndNano: math.MaxInt64, Type: model.TypeTeam,
	}
	if _, err := store.Write(t.Context(), []model.Record{{Span: last}}); err != nil {
		t.Fatal(err)
	}
	day := model.Day(1777852800000000007)
	run := model.RunOf(&model.Span{Project: "default", TraceID: model.TraceID{15: 1}, SpanID: model.SpanID{7: 255}, StartNano: 1777852800000000007, Type: model.TypeAgent})
	err := store.Settle(t.Context(), nil, []repo.Settlement{{
		Project: "default", TraceID: model.TraceID{15: 1}, Parts: []model.TracePart{{Day: day, Spans: 2, Runs: 1}}, Runs: []*model.Run{run},
		Bills: []model.Bill{{Project: "default", TraceID: model.TraceID{15: 1}, StartNano: day + 8, Kind: model.CallsOfModel, Calls: 1}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for traces, settled := range map[byte]bool{1: true, 2: false} {
		got, err := store.Runs(t.Context(), "default", repo.RunQuery{TraceID: model.TraceID{15: traces}, Limit: 10})
		if err != nil || len(got) != 1 || got[0].Settled != settled {
			t.Errorf("trace %d: runs %+v, %v", traces, got, err)
		}
	}
}

// TestMigratedDaysAreLikeNewOnes compares the partitions that the migration made
// with those of a day that the store makes.
func TestMigratedDaysAreLikeNewOnes(t *testing.T) {
	t.Parallel()
	store := migratedWithData(t)
	if err := store.Prepare(t.Context(), model.TimeRange{Start: 1777939200000000000, End: 1777939200000000001}); err != nil {
		t.Fatal(err)
	}
	const like = `
		SELECT count(*) FROM pg_class old JOIN pg_class new ON new.relname = replace(old.relname, '20260504', '20260505')
		WHERE old.relname IN ('runs_20260504', 'bills_20260504', 'open_runs_20260504', 'open_segments_20260504') AND coalesce(old.reloptions, '{}') = coalesce(new.reloptions, '{}')
			AND (SELECT count(*) FROM pg_index WHERE indrelid = old.oid) = (SELECT count(*) FROM pg_index WHERE indrelid = new.oid)`
	var n int
	if err := store.reads.QueryRow(t.Context(), like).Scan(&n); err != nil || n != 4 {
		t.Errorf("%d of 4 partitions are like those of another day, %v", n, err)
	}
}

func TestMigrationsCanBeTakenBack(t *testing.T) {
	t.Parallel()
	store := migratedWithData(t)
	db := stdlib.OpenDB(*store.reads.Config().ConnConfig.Copy())
	provider, err := migrationsOf(db)
	if err == nil {
		_, err = provider.DownTo(t.Context(), 2)
	}
	if err := errors.Join(err, upTo(t, db, 6), db.Close()); err != nil {
		t.Error(err)
	}
}
