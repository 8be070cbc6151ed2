package floor

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/agenttrace/agenttrace/bench/proc"
)

// Cost is what something took.
type Cost struct{ Took, CPU time.Duration }

// SQLite inserts the rows of all tables of one file into another, which has the
// same tables, in so many transactions, each with its share of every table. Tables
// of the target that have rows already are left alone. Only the transactions are
// measured, not what is read in between.
func SQLite(ctx context.Context, source, target string, transactions int) (cost Cost, err error) {
	from, err := sql.Open("sqlite", fileURL(source, "mode=ro"))
	if err != nil {
		return cost, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := sql.Open("sqlite", fileURL(target, "mode=ro"))
	if err != nil {
		return cost, err
	}
	tables, err := openTables(ctx, from, to)
	if err = errors.Join(err, to.Close()); err != nil {
		return cost, err
	}
	// What the store writes with: durable, the cache of its size, and no layer of
	// database/sql in between.
	connector, err := sqlite.NewConnector(fileURL(target, "_synchronous=FULL&_pragma=cache_size(-65536)&_pragma=temp_store(MEMORY)"))
	if err != nil {
		return cost, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return cost, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	w := bareWriter{conn: conn, statements: map[string]driver.Stmt{}}
	// What reading leaves behind is collected outside of what is measured.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for n := range transactions {
		for _, t := range tables {
			if err := t.read(t.count*(n+1)/transactions - t.count*n/transactions); err != nil {
				return cost, err
			}
		}
		runtime.GC()
		began, cpu := time.Now(), proc.OwnCPU()
		if err := w.insert(ctx, tables); err != nil {
			return cost, err
		}
		cost.Took += time.Since(began)
		cost.CPU += proc.OwnCPU() - cpu
	}
	return cost, errors.Join(w.close(), closeAll(tables))
}

func fileURL(path, settings string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + settings
}

// table is one that is copied.
type table struct {
	insert string
	rows   *sql.Rows
	count  int
	width  int
	batch  [][]driver.NamedValue // read, and not yet inserted
}

// openTables begins to read the tables that have rows in the one file and none in
// the other.
func openTables(ctx context.Context, from, to *sql.DB) ([]*table, error) {
	names, err := texts(ctx, from, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	var tables []*table
	for _, name := range names {
		var here, there int
		if err := from.QueryRowContext(ctx, `SELECT count(*) FROM `+quote(name)).Scan(&here); err != nil {
			return nil, err
		}
		if err := to.QueryRowContext(ctx, `SELECT count(*) FROM `+quote(name)).Scan(&there); err != nil {
			return nil, err
		}
		if here == 0 || there > 0 {
			continue
		}
		// Generated columns are hidden.
		columns, err := texts(ctx, from, `SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid`, name)
		if err != nil {
			return nil, err
		}
		for i := range columns {
			columns[i] = quote(columns[i])
		}
		list := strings.Join(columns, ", ")
		rows, err := from.QueryContext(ctx, `SELECT `+list+` FROM `+quote(name))
		if err != nil {
			return nil, err
		}
		values := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
		tables = append(tables, &table{
			insert: `INSERT INTO ` + quote(name) + ` (` + list + `) VALUES (` + values + `)`,
			rows:   rows, count: here, width: len(columns),
		})
	}
	return tables, nil
}

func texts(ctx context.Context, db *sql.DB, query string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// read takes the next rows into the batch.
func (t *table) read(rows int) error {
	t.batch = t.batch[:0]
	for range rows {
		if !t.rows.Next() {
			return errors.Join(errors.New("the table has fewer rows than it had"), t.rows.Err())
		}
		values, places := make([]any, t.width), make([]any, t.width)
		for i := range values {
			places[i] = &values[i]
		}
		if err := t.rows.Scan(places...); err != nil {
			return err
		}
		row := make([]driver.NamedValue, t.width)
		for i, v := range values {
			row[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
		}
		t.batch = append(t.batch, row)
	}
	return nil
}

func closeAll(tables []*table) error {
	var errs []error
	for _, t := range tables {
		errs = append(errs, t.rows.Close())
	}
	return errors.Join(errs...)
}

// bareWriter inserts.
type bareWriter struct {
	conn       driver.Conn
	statements map[string]driver.Stmt
}

// insert writes the batches of all tables in one transaction.
func (w *bareWriter) insert(ctx context.Context, tables []*table) error {
	if err := w.exec(ctx, `BEGIN IMMEDIATE`, nil); err != nil {
		return err
	}
	for _, t := range tables {
		for _, row := range t.batch {
			if err := w.exec(ctx, t.insert, row); err != nil {
				return fmt.Errorf("%s: %w", t.insert, err)
			}
		}
	}
	return w.exec(ctx, `COMMIT`, nil)
}

func (w *bareWriter) exec(ctx context.Context, statement string, row []driver.NamedValue) error {
	s := w.statements[statement]
	if s == nil {
		var err error
		if s, err = w.conn.Prepare(statement); err != nil {
			return err
		}
		w.statements[statement] = s
	}
	_, err := s.(driver.StmtExecContext).ExecContext(ctx, row)
	return err
}

func (w *bareWriter) close() error {
	var errs []error
	for _, s := range w.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
