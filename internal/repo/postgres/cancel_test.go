package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// A query that ends by itself just when it is asked to is what the request may
// miss: it must not find the next one instead.
func TestCancellingEndsNoOtherQuery(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	config.BuildContextWatcherHandler = newCanceler
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for i := range 40 {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		seconds := (readToEnd + time.Duration(i%20-5)*200*time.Microsecond).Seconds()
		_, _ = conn.Exec(ctx, `SELECT pg_sleep($1)`, seconds) // ends one way or the other
		if conn.IsClosed() {
			return // so busy a machine takes more than the patience that there is
		}
		if _, err := conn.Exec(t.Context(), `SELECT pg_sleep(0.01)`); err != nil {
			t.Fatalf("the next query ended with %v", err)
		}
	}
}
