package agnodb

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tracev1 "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// agnos is a database of Agno's shape.
type agnos struct {
	db       *sql.DB
	address  string
	postgres bool
	prefix   string // of the tables' names
}

func eachDatabase(t *testing.T, test func(t *testing.T, a agnos)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a gno#1.db")
		db, err := sql.Open("sqlite", "file:"+strings.NewReplacer(" ", "%20", "#", "%23").Replace(path)+"?_pragma=journal_mode(wal)")
		test(t, made(t, agnos{db: db, address: "sqlite:" + path}, err))
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := pgtest.Database(t)
		db, err := sql.Open("pgx", dsn)
		test(t, made(t, agnos{db: db, address: strings.Replace(dsn, "postgres:", "postgresql+psycopg:", 1), postgres: true, prefix: "ai."}, err))
	})
}

func made(t *testing.T, a agnos, err error) agnos {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.db.Close() })
	if err := a.db.PingContext(t.Context()); err != nil { // which makes SQLite's file
		t.Fatal(err)
	}
	return a
}

func (a agnos) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if a.postgres {
		for i := range args {
			statement = strings.Replace(statement, "?", fmt.Sprintf("$%d", i+1), 1)
		}
	}
	if _, err := a.db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// create makes the tables as Agno does.
func (a agnos) create(t *testing.T) {
	t.Helper()
	number, json := "REAL", "JSON"
	if a.postgres {
		number, json = "BIGINT", "JSONB"
		a.exec(t, `CREATE SCHEMA ai`)
	}
	a.exec(t, `CREATE TABLE `+a.prefix+`agno_traces (trace_id VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, status VARCHAR NOT NULL,
		start_time VARCHAR NOT NULL, end_time VARCHAR NOT NULL, duration_ms `+number+` NOT NULL, run_id VARCHAR, session_id VARCHAR, user_id VARCHAR,
		agent_id VARCHAR, team_id VARCHAR, workflow_id VARCHAR, created_at VARCHAR NOT NULL)`)
	a.exec(t, `CREATE TABLE `+a.prefix+`agno_spans (span_id VARCHAR PRIMARY KEY, trace_id VARCHAR NOT NULL, parent_span_id VARCHAR, name VARCHAR NOT NULL,
		span_kind VARCHAR NOT NULL, status_code VARCHAR NOT NULL, status_message VARCHAR, start_time VARCHAR NOT NULL, end_time VARCHAR NOT NULL,
		duration_ms `+number+` NOT NULL, attributes `+json+`, created_at VARCHAR NOT NULL)`)
}

func traceHex(n int) string { return fmt.Sprintf("%032x", n) }

func iso(n int) string {
	return time.Date(2026, 3, 14, 15, 0, n, 0, time.UTC).Format("2006-01-02T15:04:05+00:00")
}

func (a agnos) trace(t *testing.T, n, start int) {
	t.Helper()
	a.exec(t, `INSERT INTO `+a.prefix+`agno_traces VALUES (?, 'Agent.run', 'OK', ?, ?, 5, ?, 'session', NULL, 'agent', NULL, NULL, ?)`,
		traceHex(n), iso(start), iso(start+1), fmt.Sprintf("run-%d", n), iso(start))
}

func (a agnos) span(t *testing.T, trace, n, start int, parent string) {
	t.Helper()
	a.exec(t, `INSERT INTO `+a.prefix+`agno_spans VALUES (?, ?, ?, 'Agent.run', 'INTERNAL', 'OK', NULL, ?, ?, 5, ?, ?)`,
		fmt.Sprintf("%08x%08x", trace, n), traceHex(trace), sql.NullString{String: parent, Valid: parent != ""}, iso(start), iso(start+1), `{"n": 7}`, iso(start))
}

func open(t *testing.T, a agnos, o Options) *Source {
	t.Helper()
	s, err := Open(t.Context(), a.address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// read returns a line for each batch.
func read(t *testing.T, s *Source, after Cursor) (lines []string, cursors []Cursor) {
	t.Helper()
	for b, err := range s.Batches(t.Context(), after) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s: %d, last %v", strings.TrimLeft(b.TraceID, "0"), b.Spans, b.Last))
		cursors = append(cursors, b.Next)
		var m tracev1.ResourceSpans
		if err := proto.Unmarshal(b.ResourceSpans, &m); err != nil {
			t.Fatal(err)
		}
		spans := 0
		for _, scope := range m.GetScopeSpans() {
			spans += len(scope.GetSpans())
		}
		if spans != b.Spans || (spans == 0) != (b.ResourceSpans == nil) {
			t.Errorf("%d spans in the message, %d said", spans, b.Spans)
		}
	}
	return lines, cursors
}

func TestTracesComeByTheirStartAndReadingGoesOnAnywhere(t *testing.T) {
	eachDatabase(t, func(t *testing.T, a agnos) {
		a.create(t)
		a.trace(t, 3, 10)
		a.span(t, 3, 1, 10, "")
		a.span(t, 3, 2, 11, "0000000300000001")
		a.trace(t, 2, 10)
		a.span(t, 2, 1, 10, "")
		a.trace(t, 1, 20) // its spans were lost
		s := open(t, a, Options{})
		a.span(t, 9, 1, 5, "") // nothing holds SQLite to Agno's foreign key, and older versions had none
		want := []string{"2: 1, last true", "3: 2, last true", "1: 0, last true", "9: 1, last true"}
		all, cursors := read(t, s, Cursor{})
		if diff := cmp.Diff(want, all); diff != "" {
			t.Fatal(diff)
		}
		for i, c := range cursors {
			if rest, _ := read(t, s, c); !slices.Equal(rest, want[i+1:]) {
				t.Errorf("after %+v: %v, want %v", c, rest, want[i+1:])
			}
		}
		if n, err := s.Count(t.Context()); n != (Count{Traces: 4, Spans: 4}) || err != nil {
			t.Error(n, err)
		}
	})
}

func TestOnlyTracesOfTheTimeAskedForAreRead(t *testing.T) {
	eachDatabase(t, func(t *testing.T, a agnos) {
		a.create(t)
		for n := range 5 {
			a.trace(t, n+1, n)
			a.span(t, n+1, 1, n, "")
			a.span(t, n+11, 1, n, "") // without a row
		}
		at := func(n int) time.Time { return time.Date(2026, 3, 14, 15, 0, n, 0, time.UTC) }
		s := open(t, a, Options{Since: at(1), Until: at(3)})
		want := []string{"2: 1, last true", "3: 1, last true", "c: 1, last true", "d: 1, last true"}
		if got, _ := read(t, s, Cursor{}); !slices.Equal(got, want) {
			t.Errorf("have %v, want %v", got, want)
		}
		if n, err := s.Count(t.Context()); n != (Count{Traces: 4, Spans: 4}) || err != nil {
			t.Error(n, err)
		}
		exact := open(t, a, Options{Since: at(1).Add(time.Nanosecond), Until: at(3).Add(time.Nanosecond)})
		if got, _ := read(t, exact, Cursor{}); len(got) != 4 || !strings.HasPrefix(got[0], "3:") || !strings.HasPrefix(got[1], "4:") {
			t.Errorf("have %v, want 3, 4, d and e", got)
		}
	})
}

func TestManySpansComeInSeveralBatches(t *testing.T) {
	eachDatabase(t, func(t *testing.T, a agnos) {
		a.create(t)
		a.trace(t, 1, 0)
		a.exec(t, `INSERT INTO `+a.prefix+`agno_spans WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 2500)
			SELECT `+map[bool]string{true: `lpad(to_hex(n), 16, '0')`, false: `printf('%016x', n)`}[a.postgres]+
			`, '`+traceHex(1)+`', NULL, 'x', 'INTERNAL', 'OK', NULL, '`+iso(0)+`', '`+iso(1)+`', 1, '{}', '' FROM c`)
		got, _ := read(t, open(t, a, Options{}), Cursor{})
		if want := []string{"1: 1000, last false", "1: 1000, last false", "1: 500, last true"}; !slices.Equal(got, want) {
			t.Errorf("have %v, want %v", got, want)
		}
		a.exec(t, `DELETE FROM `+a.prefix+`agno_spans WHERE span_id > '00000000000007d0'`) // 2,000
		got, _ = read(t, open(t, a, Options{}), Cursor{})
		if want := []string{"1: 1000, last false", "1: 1000, last true"}; !slices.Equal(got, want) {
			t.Errorf("have %v, want %v", got, want)
		}
	})
}

// TestAgnoMayWriteWhileABatchIsOnItsWay takes its time with a batch, as an import
// does whose server is away. Without a write-ahead log, which is what SQLite makes
// unless told otherwise, a reader that is not done keeps writers out.
func TestAgnoMayWriteWhileABatchIsOnItsWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agno.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(delete)")
	a := made(t, agnos{db: db, address: "sqlite:" + path}, err)
	a.create(t)
	a.trace(t, 1, 0)
	a.span(t, 1, 1, 0, "")
	a.exec(t, `INSERT INTO agno_spans WITH RECURSIVE c(n) AS (SELECT 2 UNION ALL SELECT n+1 FROM c WHERE n < ?)
		SELECT printf('%016x', n), '`+traceHex(1)+`', '0000000100000001', 'x', 'INTERNAL', 'OK', NULL, '`+iso(1)+`', '`+iso(2)+`', 1, '{}', '' FROM c`, batchSpans+200)
	got := 0
	for b, err := range open(t, a, Options{}).Batches(t.Context(), Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		got += b.Spans
		a.trace(t, 10+got, 100+got) // fails at once where the database is locked
		if b.Last {
			break
		}
	}
	if got != batchSpans+200 {
		t.Errorf("%d spans, want %d", got, batchSpans+200)
	}
}

func TestTheFirstThatIsASpanHasTheIDsOfItsTrace(t *testing.T) {
	eachDatabase(t, func(t *testing.T, a agnos) {
		a.create(t)
		a.trace(t, 1, 0)
		a.exec(t, `INSERT INTO `+a.prefix+`agno_spans VALUES ('broken', ?, NULL, 'x', 'INTERNAL', 'OK', NULL, ?, ?, 5, '{}', ?)`, traceHex(1), iso(0), iso(0), iso(0))
		a.span(t, 1, 1, 1, "")
		for b, err := range open(t, a, Options{}).Batches(t.Context(), Cursor{}) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Spans != 1 || len(b.Problems) != 1 || !strings.Contains(string(b.ResourceSpans), "run-1") {
				t.Errorf("%d spans, problems %q, %q", b.Spans, b.Problems, b.ResourceSpans)
			}
		}
	})
}

func TestPagesOfTracesLoseNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, a agnos) {
		a.create(t)
		number := map[bool]string{true: `lpad(to_hex(n), 32, '0')`, false: `printf('%032x', n)`}[a.postgres]
		a.exec(t, `INSERT INTO `+a.prefix+`agno_traces WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 1100)
			SELECT `+number+`, 'x', 'OK', '`+iso(0)+`', '`+iso(1)+`', 1, NULL, NULL, NULL, NULL, NULL, NULL, '' FROM c`)
		s := open(t, a, Options{})
		s.pageTraces = 500
		got, _ := read(t, s, Cursor{})
		if len(got) != 1100 || got[0] != "1: 0, last true" || got[1099] != "44c: 0, last true" {
			t.Errorf("%d traces, from %s to %s", len(got), got[0], got[len(got)-1])
		}
	})
}

func TestOlderTablesOfOtherNamesAreRead(t *testing.T) {
	eachDatabase(t, func(t *testing.T, a agnos) {
		o := Options{TracesTable: `my "traces"`, SpansTable: "Spans", Service: "shop"}
		if a.postgres {
			a.exec(t, `CREATE SCHEMA "Old"`)
			a.prefix, o.Schema = `"Old".`, "Old"
		}
		a.exec(t, `CREATE TABLE `+a.prefix+`"my ""traces""" (trace_id VARCHAR, start_time VARCHAR, session_id VARCHAR)`)
		a.exec(t, `CREATE TABLE `+a.prefix+`"Spans" (span_id VARCHAR, trace_id VARCHAR, start_time VARCHAR)`)
		a.exec(t, `INSERT INTO `+a.prefix+`"my ""traces""" VALUES (?, ?, 's')`, traceHex(1), iso(0))
		a.exec(t, `INSERT INTO `+a.prefix+`"Spans" VALUES (?, ?, ?)`, "0102030405060708", traceHex(1), iso(0))
		for b, err := range open(t, a, o).Batches(t.Context(), Cursor{}) {
			if err != nil {
				t.Fatal(err)
			}
			var m tracev1.ResourceSpans
			if err := proto.Unmarshal(b.ResourceSpans, &m); err != nil {
				t.Fatal(err)
			}
			attributes := m.GetScopeSpans()[0].GetSpans()[0].GetAttributes()
			if m.GetResource().GetAttributes()[0].GetValue().GetStringValue() != "shop" || len(attributes) != 1 || attributes[0].GetKey() != "session.id" {
				t.Errorf("%v", &m)
			}
		}
	})
}

func TestADatabaseThatIsNotAgnosIsRefusedAndNotTouched(t *testing.T) {
	eachDatabase(t, func(t *testing.T, a agnos) {
		if a.postgres {
			a.exec(t, `CREATE SCHEMA ai`)
		}
		if _, err := Open(t.Context(), a.address, Options{}); err == nil || !strings.Contains(err.Error(), "agno_traces") {
			t.Error(err)
		}
		a.exec(t, `CREATE TABLE `+a.prefix+`agno_traces (id INTEGER)`)
		if _, err := Open(t.Context(), a.address, Options{}); err == nil || !strings.Contains(err.Error(), "has no column trace_id") {
			t.Error(err)
		}
	})
	missing := filepath.Join(t.TempDir(), "none.db")
	for _, address := range []string{"mysql://x", "", missing, "sqlite:" + missing, "sqlite:" + t.TempDir()} {
		if s, err := Open(context.Background(), address, Options{}); err == nil {
			s.Close()
			t.Errorf("%q is opened", address)
		}
	}
	if _, err := Open(t.Context(), "postgres://me:hush@127.0.0.1:1/agno?connect_timeout=5", Options{}); err == nil || !strings.HasPrefix(err.Error(), "open Agno's database: ") ||
		strings.Contains(err.Error(), "other names") || strings.Contains(err.Error(), "hush") {
		t.Errorf("where nothing listens: %v", err)
	}
	if files, err := filepath.Glob(missing + "*"); len(files) > 0 || err != nil {
		t.Errorf("reading has made %v", files)
	}
}

func TestReadingWhileAgnoWrites(t *testing.T) {
	eachDatabase(t, func(t *testing.T, a agnos) {
		a.create(t)
		a.trace(t, 1, 0)
		a.span(t, 1, 1, 0, "")
		s := open(t, a, Options{})
		n := 0
		for _, err := range s.Batches(t.Context(), Cursor{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 1 {
				a.trace(t, 2, 5) // while a page of it is being read
				a.span(t, 2, 1, 5, "")
			}
		}
		if got, _ := read(t, s, Cursor{}); len(got) != 2 {
			t.Errorf("have %v", got)
		}
		if _, err := s.db.ExecContext(t.Context(), `DELETE FROM `+a.prefix+`agno_traces`); err == nil && !a.postgres {
			t.Error("the source may write")
		}
	})
}
