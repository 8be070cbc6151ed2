package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pressly/goose/v3"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// migrateTo brings the file at path up or down to a version of the schema.
func migrateTo(ctx context.Context, path string, version int64) (err error) {
	connector, err := newConnector(path, writing)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, folder)
	if err != nil {
		return err
	}
	if now, err := provider.GetDBVersion(ctx); err != nil || now > version {
		_, downErr := provider.DownTo(ctx, version)
		return errors.Join(err, downErr)
	}
	_, err = provider.UpTo(ctx, version)
	return err
}

// writeAsBefore stores spans of one trace and day as version 2 of the schema did, in
// which a span was found by an index.
func writeAsBefore(ctx context.Context, path string, records []model.Record) error {
	connector, err := newConnector(path, writing)
	if err != nil {
		return err
	}
	w := newWriter(connector)
	err = w.transaction(ctx, func(t *tx) error {
		b := batch{tx: t, id: 1, now: 1}
		for _, r := range records {
			if err := t.exec(b.span.of(r.Span), b.span.args...); err != nil {
				return err
			}
		}
		part := model.TraceOf(records[0].Span)
		for _, r := range records[1:] {
			part.Merge(model.TraceOf(r.Span))
		}
		return errors.Join(b.insertSegments(1000, otlp.BuildSegments(records)), b.mergeNew(part), b.noteChange(records), b.logChange())
	})
	return errors.Join(err, w.close())
}

// mergeNew inserts the row of a trace of which there is none.
func (b *batch) mergeNew(part *model.Trace) error { return insertTrace(b.tx, part) }

// spansOfBefore returns a workflow with an agent in it that calls a model, as a
// trace.
func spansOfBefore(t *testing.T) []model.Record {
	t.Helper()
	const start = 20_000 * model.NanosPerDay
	identity := model.Identity{AgentID: "support", AgentName: "Support", SessionID: "s-1", UserID: "u-1", RunID: "r-1"}
	spans := []*model.Span{
		{SpanID: model.SpanID{7: 1}, StartNano: start, EndNano: start + 90, Name: "flow.run", Type: model.TypeWorkflow, Identity: model.Identity{WorkflowID: "flow"}},
		{SpanID: model.SpanID{0x80, 7: 2}, ParentID: model.SpanID{7: 1}, StartNano: start + 10, EndNano: start + 80, Name: "Support.run", Type: model.TypeAgent, Failed: true, Identity: identity},
		{SpanID: model.SpanID{7: 3}, ParentID: model.SpanID{0x80, 7: 2}, StartNano: start + 20, EndNano: start + 70, Name: "chat", Type: model.TypeLLM, Model: "m", Usage: model.Usage{Input: 5}},
	}
	var records []model.Record
	for _, s := range spans {
		s.Project, s.TraceID, s.Service, s.Environment = "default", model.TraceID{15: 9}, "shop", "production"
		records = append(records, model.Record{Span: s, Raw: []byte{0x2a, 1, s.SpanID[7]}})
	}
	return records
}

// TestFileOfTheVersionBeforeGoesOn opens a file that knows no runs yet.
func TestFileOfTheVersionBeforeGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	records := spansOfBefore(t)
	if err := migrateTo(t.Context(), path, 2); err != nil {
		t.Fatal(err)
	}
	if err := writeAsBefore(t.Context(), path, records); err != nil {
		t.Fatal(err)
	}
	store, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()

	want := []*model.Run{model.RunOf(records[0].Span), model.RunOf(records[1].Span)}
	runs, err := store.Runs(t.Context(), "default", repo.RunQuery{Order: repo.RunsOldestFirst, Limit: 10})
	if diff := cmp.Diff(want, runs); err != nil || diff != "" {
		t.Errorf("%v, runs differ (-want +got):\n%s", err, diff)
	}
	id := records[0].Span.TraceID
	refs, err := store.Unsettled(t.Context(), "default", []model.TraceID{id})
	if err != nil || len(refs) != 1 || refs[0].MaxSpans != 3 {
		t.Fatalf("unsettled: %+v, %v", refs, err)
	}
	var places []repo.Place
	for segment, err := range store.Segments(t.Context(), "default", refs...) {
		if err != nil || segment.Write != 1 || segment.Spans != 3 {
			t.Fatalf("%+v, %v", segment, err)
		}
		places = append(places, segment.Place)
	}
	settlement := repo.Settlement{
		Project: "default", TraceID: id, Runs: want,
		Parts:    []model.TracePart{{Day: model.Day(records[0].Span.StartNano), Spans: 3, Runs: 2, Usage: model.Usage{Input: 5}}},
		Bills:    []model.Bill{{Project: "default", TraceID: id, StartNano: records[2].Span.StartNano, Kind: model.CallsOfModel, Model: "m", Calls: 1}},
		Segments: []repo.SettledSpans{{Replaces: places, Records: records, Writes: []repo.WriteID{1, 1, 1}}},
	}
	if err := store.Settle(t.Context(), nil, []repo.Settlement{settlement}); err != nil {
		t.Fatal(err)
	}
	trace, err := store.Trace(t.Context(), "default", id)
	if err != nil || !trace.Settled() || trace.Runs != 2 {
		t.Errorf("after it settled: %+v, %v", trace, err)
	}
	if runs, err = store.Runs(t.Context(), "default", repo.RunQuery{Identity: model.Identity{RunID: "r-1"}, Limit: 10}); err != nil || len(runs) != 1 || !runs[0].Settled {
		t.Errorf("the agent's run after it settled: %+v, %v", runs, err)
	}
}

// storeRuns stores three runs, of which two have settled, and returns them.
func storeRuns(t *testing.T, store *Store) []*model.Run {
	t.Helper()
	records := spansOfBefore(t)
	records[2].Span.TraceID = model.TraceID{15: 10}
	records[2].Span.Type = model.TypeTeam // which does not settle
	records[1].Span.Identity = model.Identity{
		AgentID: "support", AgentName: "Support", TeamID: "desk", TeamName: "Desk", WorkflowID: "flow", WorkflowName: "Flow",
		SessionID: "s-1", UserID: "u-1", RunID: "r-1",
	}
	if _, err := store.Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	settled := []*model.Run{model.RunOf(records[0].Span), model.RunOf(records[1].Span)}
	for i, run := range settled {
		run.Own = model.Tally{Spans: 3, ModelCalls: 2, Retries: 1, Usage: model.Usage{Input: 5, Total: 7}, Cost: model.Cost{Nano: 11, Computed: 11, ComputedCalls: 2}}
		run.Detail = model.RunDetail{RootSpanID: records[0].Span.SpanID, Children: int64(1 - i), InputPreview: "hello", Total: run.Own}
	}
	// What is something else than the span says, in every column.
	settled[0].Identity = model.Identity{
		AgentID: "a", AgentName: "A", TeamID: "t", TeamName: "T", WorkflowID: "w", WorkflowName: "W", SessionID: "s-2", UserID: "u-1", RunID: "r-2",
	}
	settled[0].Type, settled[0].Status, settled[0].Failed, settled[0].EndNano = model.TypeTeam, model.StatusError, true, settled[0].EndNano+1
	settled[0].Name, settled[0].Service, settled[0].Environment = "other", "desk", "staging"
	// And nothing, where it says something, but for its run's id.
	settled[1].Identity, settled[1].Failed = model.Identity{RunID: "r-1"}, false
	settled[1].Name, settled[1].Service, settled[1].Environment = "", "", ""
	err := store.Settle(t.Context(), nil, []repo.Settlement{{
		Project: "default", TraceID: records[0].Span.TraceID, Runs: settled,
		Parts: []model.TracePart{{Day: model.Day(records[0].Span.StartNano), Spans: 2, Runs: 2}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	runs := listRuns(t, store, repo.RunQuery{})
	if len(runs) != 3 || runs[0].Own != settled[0].Own || !runs[0].Settled || runs[2].Settled {
		t.Fatalf("the runs are %+v", runs)
	}
	return runs
}

func listRuns(t *testing.T, store *Store, q repo.RunQuery) []*model.Run {
	t.Helper()
	q.Order, q.Limit = repo.RunsCostliestFirst, 10
	runs, err := store.Runs(t.Context(), "default", q)
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// reopen opens a file again that was changed as do says.
func reopen(t *testing.T, store *Store, do func(ctx context.Context, path string) error) *Store {
	t.Helper()
	path := store.file
	if err := errors.Join(store.Close(), do(t.Context(), path)); err != nil {
		t.Fatal(err)
	}
	store, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// schemaOf is what reopen does to migrate a file to a version and back.
func schemaOf(version int64) func(ctx context.Context, path string) error {
	return func(ctx context.Context, path string) error { return migrateTo(ctx, path, version) }
}

// schemaWith is schemaOf, and changes what is stored then.
func schemaWith(version int64, statements ...string) func(ctx context.Context, path string) error {
	return func(ctx context.Context, path string) error {
		if err := migrateTo(ctx, path, version); err != nil {
			return err
		}
		connector, err := newConnector(path, writing)
		if err != nil {
			return err
		}
		w := newWriter(connector)
		err = w.transaction(ctx, func(tx *tx) error {
			for _, statement := range statements {
				if err := tx.exec(statement); err != nil {
					return err
				}
			}
			return nil
		})
		return errors.Join(err, w.close())
	}
}

// TestRunsSurviveOneRowBecomingTwo takes runs to the version that had one row for
// each, and back.
func TestRunsSurviveOneRowBecomingTwo(t *testing.T) {
	store := openTestStore(t)
	want := storeRuns(t, store)
	store = reopen(t, store, schemaOf(3))
	if diff := cmp.Diff(want, listRuns(t, store, repo.RunQuery{})); diff != "" {
		t.Errorf("runs differ (-want +got):\n%s", diff)
	}
}

// TestRunsAreSpansThatWereNoneBefore begins with a run that settled though the version
// that stored its span did not take it for one.
func TestRunsAreSpansThatWereNoneBefore(t *testing.T) {
	store := openTestStore(t)
	want := storeRuns(t, store)
	store = reopen(t, store, schemaWith(6, `UPDATE spans SET type = 13 WHERE id IN (SELECT id FROM settled_runs)`))
	if diff := cmp.Diff(want, listRuns(t, store, repo.RunQuery{})); diff != "" {
		t.Errorf("runs differ (-want +got):\n%s", diff)
	}
}

// TestRunsGetTheIdsOfTheirSpans begins with ids of their own, as version 4 had.
func TestRunsGetTheIdsOfTheirSpans(t *testing.T) {
	store := openTestStore(t)
	want := storeRuns(t, store)
	store = reopen(t, store, schemaWith(4, `UPDATE runs SET id = 100 - id`, `UPDATE settled_runs SET id = 100 - id`))
	for _, c := range []struct {
		query repo.RunQuery
		want  []*model.Run
	}{
		{repo.RunQuery{}, want},
		{repo.RunQuery{TraceID: want[0].TraceID}, want[:2]},
		{repo.RunQuery{Identity: model.Identity{RunID: "r-1"}}, want[1:2]},
		{repo.RunQuery{Of: []repo.RunRef{{TraceID: want[2].TraceID, SpanID: want[2].SpanID, StartNano: want[2].StartNano}}}, want[2:]},
	} {
		if diff := cmp.Diff(c.want, listRuns(t, store, c.query)); diff != "" {
			t.Errorf("%+v: runs differ (-want +got):\n%s", c.query, diff)
		}
	}
}

// TestSegmentsGetTheIdsOfTheirSpans begins with ids of their own, as version 7 had:
// of traces on two days, which came in several writes, of which one has settled.
func TestSegmentsGetTheIdsOfTheirSpans(t *testing.T) {
	store := openTestStore(t)
	record := func(trace byte, n int) model.Record {
		span := &model.Span{Project: "a", TraceID: model.TraceID{15: trace}, SpanID: model.SpanID{7: byte(n)}, StartNano: int64(n) * 8 * model.NanosPerHour, Name: "s"}
		return model.Record{Span: span, Raw: []byte{0x2a, 1, byte(n)}}
	}
	for _, batch := range [][]model.Record{
		{record(1, 1), record(1, 4), record(2, 1)}, {record(2, 2), record(1, 2), record(1, 5)}, {record(2, 4), record(1, 3)},
	} {
		if _, err := store.Write(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	first := []model.Record{record(1, 1), record(1, 2)} // on one day, of two writes
	read := func(trace byte) (all []repo.Segment) {
		t.Helper()
		for segment, err := range store.Segments(t.Context(), "a", repo.TraceRef{ID: model.TraceID{15: trace}}) {
			if err != nil {
				t.Fatal(err)
			}
			segment.Data = slices.Clone(segment.Data)
			all = append(all, segment)
		}
		return all
	}
	before := read(1)
	err := store.Settle(t.Context(), nil, []repo.Settlement{{
		Project: "a", TraceID: model.TraceID{15: 1}, Parts: []model.TracePart{{Day: 0, Spans: 2}, {Day: model.NanosPerDay, Spans: 3}},
		Segments: []repo.SettledSpans{{Replaces: []repo.Place{before[0].Place, before[1].Place}, Records: first, Writes: []repo.WriteID{1, 2}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]repo.Segment{read(1), read(2)}
	if a, b := len(want[0]), len(want[1]); a != 4 || b != 3 || want[0][0].Spans != 2 {
		t.Fatalf("the traces have %d and %d segments", a, b)
	}
	store = reopen(t, store, schemaWith(7, `UPDATE segments SET id = 1000 - id`))
	places := cmpopts.IgnoreFields(repo.Place{}, "ID")
	if diff := cmp.Diff(want, [][]repo.Segment{read(1), read(2)}, places); diff != "" {
		t.Errorf("segments differ (-want +got):\n%s", diff)
	}
	if _, err := store.Drop(t.Context(), model.NanosPerDay); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]repo.Segment{want[0][1:], want[1][2:]}, [][]repo.Segment{read(1), read(2)}, places); diff != "" {
		t.Errorf("without the first day, segments differ (-want +got):\n%s", diff)
	}
	left := 0
	if err := store.reads.QueryRowContext(t.Context(), `SELECT count(*) FROM segments`).Scan(&left); err != nil || left != 4 {
		t.Errorf("%d segments are left, %v; want 4", left, err)
	}
}

func TestSchemaGoesDownToTheVersionBefore(t *testing.T) {
	store := openTestStore(t)
	records := spansOfBefore(t)
	if _, err := store.Write(t.Context(), records[:2]); err != nil {
		t.Fatal(err)
	}
	store = reopen(t, store, schemaOf(2))
	if _, err := store.Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if runs, err := store.Runs(t.Context(), "default", repo.RunQuery{Limit: 10}); err != nil || len(runs) != 2 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
}

// TestSpansAreFoundByRangesAfterMigrating stores what a file of version 4 found by
// an index of each span: traces whose spans are among those of others, that are in
// several projects, and of which spans are gone.
func TestSpansAreFoundByRangesAfterMigrating(t *testing.T) {
	store := openTestStore(t)
	record := func(project string, trace, n int) model.Record {
		return model.Record{Raw: []byte{0x2a, 1, byte(n)}, Span: &model.Span{
			Project: project, TraceID: model.TraceID{15: byte(trace)}, SpanID: model.SpanID{7: byte(n)}, StartNano: int64(n) * model.NanosPerHour, Name: "s",
		}}
	}
	write := func(records ...model.Record) repo.Written {
		t.Helper()
		written, err := store.Write(t.Context(), records)
		if err != nil {
			t.Fatal(err)
		}
		return written
	}
	for n := 1; n <= 30; n += 3 { // spans of trace 1 of two projects, and one of trace 2
		write(record("a", 1, n), record("a", 1, n+1), record("a", 2, n+2), record("b", 1, n))
	}
	if _, err := store.Drop(t.Context(), model.NanosPerDay); err != nil { // the first 23
		t.Fatal(err)
	}
	type key struct {
		project string
		trace   byte
	}
	list := func() map[key][]*model.Span {
		found := make(map[key][]*model.Span)
		for _, k := range []key{{"a", 1}, {"a", 2}, {"b", 1}} {
			for spans, err := range store.TraceSpans(t.Context(), k.project, nil, repo.TraceRef{ID: model.TraceID{15: k.trace}}) {
				if err != nil {
					t.Fatal(err)
				}
				found[k] = spans
			}
		}
		return found
	}
	want := list()
	if a, b := len(want[key{"a", 1}]), len(want[key{"b", 1}]); a != 4 || b != 2 {
		t.Fatalf("%d and %d spans are left of trace 1, want 4 and 2", a, b)
	}
	store = reopen(t, store, schemaOf(4))
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Errorf("spans differ (-want +got):\n%s", diff)
	}
	if w := write(record("a", 1, 28), record("a", 1, 40)); w.Stored != 1 || w.Duplicates != 1 {
		t.Errorf("of a span that is stored and one that is not, %+v", w)
	}
	if got := len(list()[key{"a", 1}]); got != 5 {
		t.Errorf("the trace has %d spans, want 5", got)
	}
}

// The id of a span that is gone is given again once all behind it are: a range that
// was made by migrating must not reach it.
func TestMigratedRangesEndWithASpan(t *testing.T) {
	store := openTestStore(t)
	write := func(trace byte, day int64) {
		t.Helper()
		span := &model.Span{Project: "a", TraceID: model.TraceID{15: trace}, SpanID: model.SpanID{7: byte(day)}, StartNano: day*model.NanosPerDay + 1, Name: "s"}
		if _, err := store.Write(t.Context(), []model.Record{{Raw: []byte{0x2a, 1, byte(day)}, Span: span}}); err != nil {
			t.Fatal(err)
		}
	}
	drop := func(day int64) {
		t.Helper()
		if _, err := store.Drop(t.Context(), day*model.NanosPerDay); err != nil {
			t.Fatal(err)
		}
	}
	write(1, 3)
	write(2, 1) // leaves a hole behind the span of trace 1
	write(3, 2)
	drop(2)
	store = reopen(t, store, schemaOf(4))
	drop(3)
	write(1, 4)
	found := 0
	for spans, err := range store.TraceSpans(t.Context(), "a", nil, repo.TraceRef{ID: model.TraceID{15: 1}}) {
		if err != nil {
			t.Fatal(err)
		}
		found += len(spans)
	}
	if found != 2 {
		t.Errorf("the trace has %d spans, want 2", found)
	}
}
