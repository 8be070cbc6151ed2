package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// Options changes how a store is opened. The zero value is good for a server.
type Options struct {
	// SkipMigrations opens the database as it is: for those who migrate apart.
	SkipMigrations bool
	// WriteConns, ReadConns and MaintenanceConns are the greatest numbers of
	// connections for each purpose; 0 for 8, 16 and 4. Maintenance needs three:
	// two for dropping days and one for making others meanwhile.
	WriteConns       int
	ReadConns        int
	MaintenanceConns int
	// StatementTimeout ends a query that computes for longer; 0 for a minute,
	// negative for never. Segments has no limit: its readers may be slow.
	StatementTimeout time.Duration
	// Now is the clock of change-log entries; nil for time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	set := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	set(&o.WriteConns, 8)
	set(&o.ReadConns, 16)
	set(&o.MaintenanceConns, 4)
	o.MaintenanceConns = max(o.MaintenanceConns, 3)
	if o.StatementTimeout == 0 {
		o.StatementTimeout = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Store is a [repo.Store] in a PostgreSQL database. Create it with [Open].
type Store struct {
	now         func() time.Time
	writes      *pgxpool.Pool
	reads       *pgxpool.Pool
	maintenance *pgxpool.Pool
	partitions  *partitions
	statistics  *statistics
	trust       trust
	dropping    chan struct{} // held by the one running Drop
	guessedDay  atomic.Int64  // where ReadTrace looks at first, or noDay
}

var _ repo.Store = (*Store)(nil)

// Open connects to the database that dsn names, a URL or a list of settings as
// libpq knows them, and migrates it to the newest schema.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	o = o.withDefaults()
	if !o.SkipMigrations {
		if err := Migrate(ctx, dsn); err != nil {
			return nil, err
		}
	}
	s := &Store{now: o.Now, dropping: make(chan struct{}, 1)}
	s.guessedDay.Store(noDay)
	for _, p := range []struct {
		pool   **pgxpool.Pool
		conns  int
		adjust func(*pgxpool.Config)
	}{
		{&s.writes, o.WriteConns, func(c *pgxpool.Config) { c.AfterConnect = prepareWrites }},
		{&s.reads, o.ReadConns, o.forReads},
		{&s.maintenance, o.MaintenanceConns, func(*pgxpool.Config) {}},
	} {
		pool, err := newPool(ctx, dsn, p.conns, p.adjust)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		*p.pool = pool
	}
	s.partitions = newPartitions(s.maintenance)
	s.statistics = newStatistics(s.maintenance)
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func newPool(ctx context.Context, dsn string, conns int, adjust func(*pgxpool.Config)) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	config.MaxConns = int32(min(conns, 1000))
	adjust(config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return pool, nil
}

// A plan that is kept takes PostgreSQL some 190 KB, in each connection. Statements that
// ask a day's partition are as many as days are looked at: pgx would keep 512.
const (
	pgxStatements  = 512
	keptStatements = 128
)

// forReads sets up connections for queries that somebody may break off. In other
// modes than the usual one there is a pooler in between, see the package comment.
func (o Options) forReads(config *pgxpool.Config) {
	if config.ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement {
		config.ConnConfig.BuildContextWatcherHandler = newDisconnecter
		return
	}
	config.ConnConfig.BuildContextWatcherHandler = newCanceler
	if config.ConnConfig.StatementCacheCapacity == pgxStatements {
		config.ConnConfig.StatementCacheCapacity = keptStatements
	}
	maps.Copy(config.ConnConfig.RuntimeParams, map[string]string{
		// A plan for any argument would lock and look at all partitions.
		"plan_cache_mode": "force_custom_plan",
		// Compiling takes longer than any query here runs.
		"jit":               "off",
		"statement_timeout": strconv.FormatInt(max(0, o.StatementTimeout.Milliseconds()), 10),
	})
}

// Ping asks for something that only a migrated database has.
func (s *Store) Ping(ctx context.Context) error {
	var below int64
	err := s.reads.QueryRow(ctx, `SELECT below FROM change_log_trimmed`).Scan(&below)
	return s.explain(ctx, "ping", err)
}

// Close waits for running calls and closes all connections.
func (s *Store) Close() error {
	if s.statistics != nil {
		s.statistics.close()
	}
	for _, pool := range s.pools() {
		pool.Close()
	}
	return nil
}

// pools returns those that are open.
func (s *Store) pools() []*pgxpool.Pool {
	return slices.DeleteFunc([]*pgxpool.Pool{s.writes, s.reads, s.maintenance}, func(p *pgxpool.Pool) bool { return p == nil })
}
