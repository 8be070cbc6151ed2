package postgres_test

import (
	"net/url"
	"testing"

	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
	"github.com/agenttrace/agenttrace/internal/repo/repotest"
)

// The modes of the driver: as it is without a pooler, and two that work behind
// one.
var modes = []string{"cache_statement", "exec", "simple_protocol"}

func TestConformance(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			repotest.Run(t, func(t *testing.T) repotest.Opener {
				dsn := inMode(t, pgtest.Database(t), mode)
				return func(t *testing.T) repo.Store { return open(t, dsn, postgres.Options{}) }
			})
		})
	}
}

func TestQueriesFindWhatTheLanguageSays(t *testing.T) {
	repotest.RunQueries(t, func(t *testing.T) repotest.Opener {
		dsn := pgtest.Database(t)
		return func(t *testing.T) repo.Store { return open(t, dsn, postgres.Options{}) }
	})
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
