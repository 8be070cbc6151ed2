package postgres_test

import (
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

func TestInspectionLeavesOutDaysOfWhichATableIsMissing(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store := opened(t, dsn, postgres.Options{})
	if err := store.Prepare(t.Context(), model.TimeRange{Start: noon(0), End: noon(2)}); err != nil {
		t.Fatal(err)
	}
	exec(t, connect(t, dsn), `DROP TABLE bills_20260505`)
	in, err := store.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	midnight := int64(12 * time.Hour)
	if len(in.Days) != 2 || in.Days[0] != noon(0)-midnight || in.Days[1] != noon(2)-midnight {
		t.Errorf("the days are %v, want the first and the third", in.Days)
	}
}

func TestInspectionComparesClocks(t *testing.T) {
	t.Parallel()
	late := func() time.Time { return time.Now().Add(-time.Hour) }
	store := opened(t, migrated.Database(t), postgres.Options{Now: late})
	in, err := store.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if off := in.Clock.Ahead - time.Hour; off.Abs() > time.Minute {
		t.Errorf("the database's clock is %v ahead of one that is an hour late", in.Clock.Ahead)
	}
}

func TestInspectionTellsOfMigrationsThatAreMissing(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store := opened(t, dsn, postgres.Options{})
	exec(t, connect(t, dsn), `DELETE FROM agenttrace_migrations WHERE version_id = (SELECT max(version_id) FROM agenttrace_migrations)`)
	in, err := store.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if in.Schema != in.KnownSchema-1 {
		t.Errorf("schema %d of %d with the last migration gone", in.Schema, in.KnownSchema)
	}
}
