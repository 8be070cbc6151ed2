package postgres_test

import (
	"flag"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
	"github.com/agenttrace/agenttrace/internal/repo/repotest"
)

// modes are those of the driver: as it is without a pooler, and two that work behind
// one. They differ in how values travel, which goroutines have no part in: under the
// race detector the first stands for all.
func modes() []string {
	if raceEnabled {
		return []string{"cache_statement"}
	}
	return []string{"cache_statement", "exec", "simple_protocol"}
}

func TestConformance(t *testing.T) {
	for i, mode := range modes() {
		t.Run(mode, func(t *testing.T) {
			run := repotest.Run
			if i > 0 {
				run = repotest.RunOneByOne
			}
			if i > 0 || raceEnabled {
				drawFewer(t)
			}
			run(t, func(t *testing.T) repotest.Opener {
				dsn := inMode(t, migrated.Database(t), mode)
				return func(t *testing.T) repo.Store { return open(t, dsn, postgres.Options{SkipMigrations: true}) }
			})
		})
	}
}

// drawFewer lets the laws that are properties be drawn 20 times until t ends: what a
// mode does to a value shows at once, as goroutines do to what they share, and what the
// values mean is tested in the first mode, without the race detector.
// Laws of t are the only tests that run meanwhile.
func drawFewer(t *testing.T) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	before := checks.Value.String()
	if err := checks.Value.Set("20"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := checks.Value.Set(before); err != nil {
			t.Error(err)
		}
	})
}

func TestQueriesFindWhatTheLanguageSays(t *testing.T) {
	repotest.RunQueries(t, func(t *testing.T) repotest.Opener {
		dsn := migrated.Database(t)
		return func(t *testing.T) repo.Store { return open(t, dsn, postgres.Options{SkipMigrations: true}) }
	})
}

// inEachMode runs a test on a new database in each mode, with a store and a connection
// beside it.
func inEachMode(t *testing.T, o postgres.Options, test func(t *testing.T, store *postgres.Store, conn *pgx.Conn)) {
	t.Helper()
	for _, mode := range modes() {
		t.Run(mode, func(t *testing.T) {
			dsn := inMode(t, migrated.Database(t), mode)
			test(t, opened(t, dsn, o), connect(t, dsn))
		})
	}
}

func inMode(t testing.TB, dsn, mode string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("default_query_exec_mode", mode)
	u.RawQuery = q.Encode()
	return u.String()
}

// opened returns a store that is closed when the test is done, after all
// connections that were made since.
func opened(t testing.TB, dsn string, o postgres.Options) *postgres.Store {
	t.Helper()
	s := open(t, dsn, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func open(t testing.TB, dsn string, o postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
