package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"time"
)

// writer owns the one connection that writes. It speaks to the driver below
// database/sql: that layer converts, locks and allocates for each argument,
// which costs more than SQLite's own work on a row.
type writer struct {
	turn      chan struct{} // holds one token; who has it may use the fields below
	connector driver.Connector
	conn      driver.Conn
	stmts     map[string]driver.Stmt
	stopped   bool
	grown     chan struct{} // told when the log has pagesToMove, closed when the writer stops
}

func newWriter(c driver.Connector) *writer {
	w := &writer{turn: make(chan struct{}, 1), connector: c, grown: make(chan struct{}, 1)}
	w.turn <- struct{}{}
	return w
}

// transaction runs fn in one immediate transaction and commits it. It waits for
// its turn and for locks of other processes until ctx ends. When fn fails,
// nothing is changed.
//
// fn runs to its end without being interrupted, since a goroutine for each
// statement, which is how the driver interrupts, would cost more than most
// statements: what takes long must look at ctx itself.
func (w *writer) transaction(ctx context.Context, fn func(tx *tx) error) (err error) {
	select {
	case <-w.turn:
		defer func() { w.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := w.open(ctx); err != nil {
		return err
	}
	t := &tx{writer: w, ctx: context.WithoutCancel(ctx)}
	if err := retryBusy(ctx, func() error { return t.exec(`BEGIN IMMEDIATE`) }); err != nil {
		return err
	}
	committed := false
	defer func() {
		// SQLite rolls back by itself after some errors: then this fails, as
		// there is no transaction. A new connection is a sure end for both.
		if !committed && t.exec(`ROLLBACK`) != nil {
			err = errors.Join(err, w.disconnect())
		}
	}()
	if err := fn(t); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err = t.exec(`COMMIT`)
	committed = err == nil
	if committed {
		t.tellGrown()
	}
	return err
}

// tellGrown tells when pages are worth a checkpoint. Whoever is told may be busy with
// the one before; and what fails here concerns no commit.
func (t *tx) tellGrown() {
	var pages, moved int64
	_ = t.query(func(row []driver.Value) error {
		pages, _ = row[1].(int64)
		moved, _ = row[2].(int64)
		return nil
	}, measureLog)
	if pages-moved < pagesToMove {
		return
	}
	select {
	case t.writer.grown <- struct{}{}:
	default:
	}
}

// pause runs fn while nothing is written.
func (w *writer) pause(fn func()) {
	<-w.turn
	defer func() { w.turn <- struct{}{} }()
	fn()
}

// busyPause keeps a lock that is refused at once, without SQLite's own wait,
// from being asked for in a busy loop.
const busyPause = 5 * time.Millisecond

// retryBusy repeats do until no other connection is in its way or ctx ends.
func retryBusy(ctx context.Context, do func() error) error {
	for {
		err := do()
		if !isBusy(err) {
			return err
		}
		pause := time.NewTimer(busyPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// open connects where there is no connection.
func (w *writer) open(ctx context.Context) error {
	if w.stopped {
		return errClosed
	}
	if w.conn != nil {
		return nil
	}
	return retryBusy(ctx, func() error {
		conn, err := w.connector.Connect(ctx)
		if err != nil {
			return err
		}
		w.conn, w.stmts = conn, make(map[string]driver.Stmt)
		return nil
	})
}

func (w *writer) disconnect() error {
	if w.conn == nil {
		return nil
	}
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	errs = append(errs, w.conn.Close())
	w.conn, w.stmts = nil, nil
	return errors.Join(errs...)
}

// stop ends writing, when the transaction that runs has ended.
func (w *writer) stop() {
	<-w.turn
	defer func() { w.turn <- struct{}{} }()
	if !w.stopped {
		w.stopped = true
		close(w.grown)
	}
}

// close disconnects a writer that was stopped.
func (w *writer) close() error {
	<-w.turn
	defer func() { w.turn <- struct{}{} }()
	return w.disconnect()
}

// prepare returns the statement for a query, which stays prepared as long as
// the connection lives. Queries are constants or put together of few, so there are few.
func (w *writer) prepare(query string) (driver.Stmt, error) {
	if s, ok := w.stmts[query]; ok {
		return s, nil
	}
	s, err := w.conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	w.stmts[query] = s
	return s, nil
}

// tx is a running write transaction.
type tx struct {
	writer *writer
	ctx    context.Context // never ends; it carries values only
	result driver.Result
}

// exec runs a statement that returns no rows.
func (t *tx) exec(query string, args ...driver.NamedValue) error {
	s, err := t.writer.prepare(query)
	if err != nil {
		return err
	}
	t.result, err = s.(driver.StmtExecContext).ExecContext(t.ctx, args)
	return err
}

// changed returns how many rows the last exec inserted, updated or deleted.
func (t *tx) changed() (int64, error) { return t.result.RowsAffected() }

// query hands each row to fn, which must not keep it.
func (t *tx) query(fn func(row []driver.Value) error, query string, args ...driver.NamedValue) (err error) {
	s, err := t.writer.prepare(query)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(t.ctx, args)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := fn(row); err != nil {
			return err
		}
	}
}

// args numbers values as the driver wants them.
func args(values ...driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(values))
	for i, v := range values {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named
}

// text makes absent text NULL.
func text(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}

// blob makes an absent blob NULL.
func blob(b []byte) driver.Value {
	if len(b) == 0 {
		return nil
	}
	return b
}

// truth is how a boolean is stored.
func truth(b bool) driver.Value {
	if b {
		return int64(1)
	}
	return int64(0)
}
