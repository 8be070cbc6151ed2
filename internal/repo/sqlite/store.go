package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// Options changes how a store is opened. The zero value is good for a server.
type Options struct {
	// SkipMigrations opens the file as it is: for those who migrate apart.
	SkipMigrations bool
	// Readers is how many queries may run at once; 0 for 8.
	Readers int
	// Now is the clock of change-log entries; nil for time.Now.
	Now func() time.Time
}

const defaultReaders = 8

// Store is a [repo.Store] in one SQLite file. Create it with [Open].
type Store struct {
	file         string
	now          func() time.Time
	writer       *writer
	checkpointer *checkpointer

	// running is held for reading by each call on reads, so that Close waits
	// for them: a sql.DB does not.
	running sync.RWMutex
	closed  bool
	reads   *sql.DB

	statements sync.Map // what prepare made, by query

	fewRuns int // see hasFewRuns; a test sets it to none
}

var _ repo.Store = (*Store)(nil)

// Open opens the file at path, creates it and its directory where they are
// missing, readable by their owner alone, and migrates it to the newest schema.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	file, err := prepareFile(path)
	if err != nil {
		return nil, err
	}
	if !o.SkipMigrations {
		if err := migrate(ctx, file); err != nil {
			return nil, err
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Readers <= 0 {
		o.Readers = defaultReaders
	}
	forReads, err := newConnector(file, reading)
	if err != nil {
		return nil, err
	}
	forWrites, err := newConnector(file, writing)
	if err != nil {
		return nil, err
	}
	s := &Store{file: file, now: o.Now, reads: sql.OpenDB(forReads), writer: newWriter(forWrites), fewRuns: fewRuns}
	s.reads.SetMaxOpenConns(o.Readers)
	s.reads.SetMaxIdleConns(o.Readers)
	s.checkpointer = startCheckpointer(s.writer, forReads)
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Ping reads one row through the read pool.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "ping", func(db *sql.DB) error {
		var floor int64
		return db.QueryRowContext(ctx, `SELECT floor FROM change_log_floor`).Scan(&floor)
	})
}

// Close waits for running calls, moves the write-ahead log into the file and
// closes it.
func (s *Store) Close() error {
	s.running.Lock()
	s.closed = true
	err := s.reads.Close()
	s.running.Unlock()
	// The last connection to close empties the log, so the readers, who may
	// not write, went first.
	s.writer.stop()
	return errors.Join(err, s.checkpointer.close(), s.writer.close())
}

// read runs fn on the read pool, unless the store is closed, and maps its error.
func (s *Store) read(ctx context.Context, doing string, fn func(db *sql.DB) error) error {
	s.running.RLock()
	defer s.running.RUnlock()
	if s.closed {
		return fmt.Errorf("%s: %w", doing, errClosed)
	}
	return mapError(ctx, doing, fn(s.reads))
}

// prepare returns the statement for a constant query that is asked again and
// again: to prepare it takes as long as to read five rows. It stays prepared on
// each connection that has run it, until the store is closed.
func (s *Store) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if known, ok := s.statements.Load(query); ok {
		return known.(*sql.Stmt), nil
	}
	made, err := s.reads.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if known, ok := s.statements.LoadOrStore(query, made); ok {
		return known.(*sql.Stmt), made.Close() // somebody else was first
	}
	return made, nil
}

// readPrepared is readRows for such a query.
func (s *Store) readPrepared(ctx context.Context, query string, args []any, fn func(r *row) error) error {
	statement, err := s.prepare(ctx, query)
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, fn)
}

// readSnapshot is read for several queries that must see the same commits.
func (s *Store) readSnapshot(ctx context.Context, doing string, fn func(tx *sql.Tx) error) error {
	return s.read(ctx, doing, func(db *sql.DB) error {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}
		// There is nothing to lose: an error here has been reported by fn.
		defer func() { _ = tx.Rollback() }()
		return fn(tx)
	})
}

// prepareFile returns the absolute name of the database file, which exists
// when it returns.
func prepareFile(path string) (string, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return "", fmt.Errorf("sqlite store needs a file path, not %q: a store in memory would lose what it acknowledged", path)
	}
	file, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlite store at %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", fmt.Errorf("create directory of sqlite store: %w", err)
	}
	// SQLite would create it readable by all; its log files copy this mode. A
	// file that exists is not touched: closing it here would drop the locks
	// that another connection of this process holds on it.
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return file, nil
	}
	if err != nil {
		return "", fmt.Errorf("create sqlite store: %w", err)
	}
	return file, f.Close()
}

// access says what a connection is for.
type access bool

const (
	reading access = false
	writing access = true
)

// newConnector returns what opens connections to file.
func newConnector(file string, a access) (driver.Connector, error) {
	q := url.Values{}
	q.Set("_synchronous", "FULL")
	q.Add("_pragma", "temp_store(MEMORY)")
	if a == writing {
		// SQLite's own wait for a lock cannot be interrupted: it happens in
		// slices, so that a context that ends meanwhile is noticed.
		q.Set("_busy_timeout", "250")
		q.Set("_txlock", "immediate")
		q.Add("_pragma", "cache_size(-65536)")
		q.Add("_pragma", fmt.Sprintf("wal_autocheckpoint(%d)", pagesToStop))
		// A log that grew behind a long query is cut back to 64 MB.
		q.Add("_pragma", "journal_size_limit(67108864)")
	} else {
		// Readers wait only while the log is recovered after a crash.
		q.Set("_busy_timeout", "2000")
		q.Set("_query_only", "1")
		q.Add("_pragma", "cache_size(-16384)")
	}
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(file)}).EscapedPath() + "?" + q.Encode()
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlite store at %s: %w", file, err)
	}
	return connector, nil
}
