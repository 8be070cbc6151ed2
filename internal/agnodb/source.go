package agnodb

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// Options say where the tables are, and which traces are wanted. Zero values
// stand for the defaults.
type Options struct {
	Schema      string    // of the tables in PostgreSQL; default "ai"
	TracesTable string    // default "agno_traces"
	SpansTable  string    // default "agno_spans"
	Service     string    // service.name of all spans; default "unknown_service", as Agno's tracer has it
	Since       time.Time // only traces that start then or later; zero for all
	Until       time.Time // only traces that start before then; zero for all
}

// Source is a database of Agno's.
type Source struct {
	db      *sql.DB
	dialect dialect
	options Options
	traces  table
	spans   table

	pageTraces int // tests read smaller pages
}

// dialect is in what the two databases differ.
type dialect struct {
	placeholder func(n int) string
	asText      func(column string) string
	// bytewise orders and compares text by its bytes.
	bytewise string
}

var (
	sqliteDialect = dialect{
		placeholder: func(int) string { return "?" },
		asText:      func(column string) string { return "CAST(" + column + " AS TEXT)" },
	}
	postgresDialect = dialect{
		placeholder: func(n int) string { return fmt.Sprintf("$%d", n) },
		asText:      func(column string) string { return "(" + column + ")::text" },
		bytewise:    ` COLLATE "C"`,
	}
)

// table is a table and the columns that it really has.
type table struct {
	name    string // quoted
	columns []string
}

// Open opens the database that address names: sqlite:PATH or
// postgres://USER@HOST/DATABASE. The forms that SQLAlchemy knows, such as
// sqlite:///agno.db and postgresql+psycopg://…, are taken too. Tables that are
// not there, or lack what cannot be done without, are errors that say so. Close
// the source when it is no longer needed.
func Open(ctx context.Context, address string, o Options) (*Source, error) {
	o = o.withDefaults()
	s := &Source{options: o, pageTraces: pageTraces}
	traces, spans := quote(o.TracesTable), quote(o.SpansTable)
	var err error
	scheme, rest, _ := strings.Cut(address, ":")
	scheme, _, _ = strings.Cut(scheme, "+") // the driver that SQLAlchemy is told to use
	switch scheme {
	case "sqlite":
		s.dialect = sqliteDialect
		s.db, err = openSQLite(rest)
	case "postgres", "postgresql":
		s.dialect = postgresDialect
		traces, spans = quote(o.Schema)+"."+traces, quote(o.Schema)+"."+spans
		s.db, err = sql.Open("pgx", "postgres:"+rest)
	default:
		return nil, fmt.Errorf("cannot read from %q, want sqlite:PATH or postgres://USER@HOST/DATABASE", scheme+":…")
	}
	if err != nil {
		return nil, fmt.Errorf("open Agno's database: %w", err)
	}
	s.db.SetMaxOpenConns(2)
	if err = s.db.PingContext(ctx); err != nil {
		err = fmt.Errorf("open Agno's database: %w", err)
	} else {
		err = s.inspect(ctx, traces, spans)
	}
	if err != nil {
		s.db.Close()
		return nil, err
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	for _, field := range []struct {
		value   *string
		instead string
	}{{&o.Schema, "ai"}, {&o.TracesTable, "agno_traces"}, {&o.SpansTable, "agno_spans"}, {&o.Service, "unknown_service"}} {
		if *field.value == "" {
			*field.value = field.instead
		}
	}
	return o
}

// openSQLite opens a file that another process may be writing to. It never
// writes, and never makes a file that is not there.
func openSQLite(path string) (*sql.DB, error) {
	// SQLAlchemy's sqlite:///agno.db is relative, sqlite:////var/agno.db is not.
	if after, ok := strings.CutPrefix(path, "///"); ok {
		path = after
	}
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory, want SQLite's file", path)
	}
	options := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "query_only(1)"}}
	return sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?"+options.Encode())
}

// inspect finds out which columns there are: older versions of Agno have fewer.
func (s *Source) inspect(ctx context.Context, traces, spans string) error {
	for _, t := range []struct {
		table *table
		name  string
		needs []string
	}{
		{&s.traces, traces, []string{"trace_id", "start_time"}},
		{&s.spans, spans, []string{"span_id", "trace_id", "start_time"}},
	} {
		columns, err := s.columns(ctx, t.name)
		if err != nil {
			return fmt.Errorf("read Agno's table %s: %w (tables and schema of other names can be told)", t.name, err)
		}
		for _, needed := range t.needs {
			if !slices.Contains(columns, needed) {
				return fmt.Errorf("table %s has no column %s; is it one of Agno's? It has %s", t.name, needed, strings.Join(columns, ", "))
			}
		}
		*t.table = table{t.name, columns}
	}
	return nil
}

func (s *Source) columns(ctx context.Context, table string) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT * FROM "+table+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	return columns, rows.Err()
}

// Close closes the database.
func (s *Source) Close() error { return s.db.Close() }

// quote makes an identifier of a name.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// selected returns a list of columns as text, NULL for those that are not there.
func (s *Source) selected(t table, columns []string) string {
	list := make([]string, len(columns))
	for i, column := range columns {
		list[i] = "NULL"
		if slices.Contains(t.columns, column) {
			list[i] = s.dialect.asText(quote(column))
		}
	}
	return strings.Join(list, ", ")
}
