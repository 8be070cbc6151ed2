package postgres_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// TestCommitsAreDurableWhereTheDatabaseSaysOtherwise lets the change log note
// how it is written.
func TestCommitsAreDurableWhereTheDatabaseSaysOtherwise(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			for setting, want := range map[string]string{"off": "on", "on": "on", "remote_apply": "remote_apply"} {
				dsn := pgtest.Database(t)
				conn := connect(t, dsn)
				exec(t, conn, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = `+setting+`', current_database()); END $$`)
				store := opened(t, inMode(t, dsn, mode), postgres.Options{})
				exec(t, conn, `CREATE TABLE noted (setting text)`)
				exec(t, conn, `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
					BEGIN INSERT INTO noted SELECT current_setting('synchronous_commit'); RETURN NULL; END $$`)
				exec(t, conn, `CREATE TRIGGER note AFTER INSERT ON change_log EXECUTE FUNCTION note()`)
				write(t, store, records(span(1, 1, noon(0))))
				write(t, store, records(span(1, 2, noon(0))))
				if n := count(t, conn, `SELECT count(*) FROM noted WHERE setting = $1`, want); n != 2 {
					t.Errorf("with the default %q, %d of 2 writes committed with %q", setting, n, want)
				}
			}
		})
	}
}
