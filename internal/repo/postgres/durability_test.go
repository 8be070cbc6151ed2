package postgres_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// TestCommitsAreDurableWhereTheDatabaseSaysOtherwise lets the change log and the
// runs note how they are written.
func TestCommitsAreDurableWhereTheDatabaseSaysOtherwise(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			for setting, want := range map[string]string{"off": "on", "on": "on", "remote_apply": "remote_apply"} {
				dsn := migrated.Database(t)
				conn := connect(t, dsn)
				exec(t, conn, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = `+setting+`', current_database()); END $$`)
				store := opened(t, inMode(t, dsn, mode), postgres.Options{})
				exec(t, conn, `CREATE TABLE noted (setting text)`)
				exec(t, conn, `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
					BEGIN INSERT INTO noted SELECT current_setting('synchronous_commit'); RETURN NULL; END $$`)
				exec(t, conn, `CREATE TRIGGER note AFTER INSERT ON change_log EXECUTE FUNCTION note()`)
				exec(t, conn, `CREATE TRIGGER note AFTER INSERT ON open_runs EXECUTE FUNCTION note()`)
				exec(t, conn, `CREATE TRIGGER note AFTER INSERT ON runs EXECUTE FUNCTION note()`)
				agent := span(1, 1, noon(0))
				agent.Type = model.TypeAgent
				write(t, store, records(agent))
				write(t, store, records(span(1, 2, noon(0))))
				if err := store.Settle(t.Context(), nil, settlementsOf(t, records(agent))); err != nil {
					t.Fatal(err)
				}
				// A write enters changes, and one of them a run; so does the settlement.
				if n := count(t, conn, `SELECT count(*) FROM noted WHERE setting = $1`, want); n != 4 {
					t.Errorf("with the default %q, %d of 4 statements were committed with %q", setting, n, want)
				}
			}
		})
	}
}
