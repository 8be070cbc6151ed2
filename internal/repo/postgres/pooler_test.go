//go:build pooler

package postgres_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
	"github.com/agenttrace/agenttrace/internal/repo/repotest"
)

// Behind a pooler, each transaction may be another session's. Run by `make pooler`.
func TestConformanceBehindAPooler(t *testing.T) {
	pooler := pgtest.StartPooler(t)
	for _, mode := range []string{"exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			drawFewer(t)
			repotest.Run(t, func(t *testing.T) repotest.Opener {
				dsn, err := pooler.DSN(migrated.Database(t))
				if err != nil {
					t.Fatal(err)
				}
				dsn = inMode(t, dsn, mode)
				return func(t *testing.T) repo.Store { return open(t, dsn, postgres.Options{SkipMigrations: true}) }
			})
		})
	}
}
