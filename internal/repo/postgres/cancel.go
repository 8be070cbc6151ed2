package postgres

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

const (
	// readToEnd is how long the rest of an answer is read that nobody wants any more.
	readToEnd = 20 * time.Millisecond
	// patience is how long a query may take to end that was asked to.
	patience = time.Second
)

// canceler ends a query whose context has ended: it asks the server to, and so
// keeps the connection. Another would know no statement and cost more than most
// answers. The driver's own handler may be called back while its request is on
// its way, and then waits for what it hopes is long enough.
type canceler struct {
	conn    *pgconn.PgConn
	request *time.Timer
	arrived chan error
}

func newCanceler(conn *pgconn.PgConn) ctxwatch.Handler { return &canceler{conn: conn} }

// HandleCancel is called when the context ends.
func (c *canceler) HandleCancel(ctx context.Context) {
	deadline := time.Now().Add(readToEnd + patience)
	_ = c.conn.Conn().SetDeadline(deadline)
	arrived := make(chan error, 1)
	c.arrived = arrived
	c.request = time.AfterFunc(readToEnd, func() {
		ctx, stop := context.WithDeadline(context.WithoutCancel(ctx), deadline)
		defer stop()
		arrived <- cmp.Or(c.conn.CancelRequest(ctx), ctx.Err())
	})
}

// HandleUnwatchAfterCancel is called when the query has ended. A request that was
// made must have arrived, or it could end the next query. The server says so when
// it has sent the signal, and forgets one that finds nothing to end. Where it does
// not say so, the deadline stays and ends the connection.
func (c *canceler) HandleUnwatchAfterCancel() {
	if c.request.Stop() || <-c.arrived == nil {
		_ = c.conn.Conn().SetDeadline(time.Time{})
	}
}

// newDisconnecter gives up the connection with the query. A pooler may pass on a
// request to cancel when somebody else has the connection.
func newDisconnecter(conn *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn(), DeadlineDelay: readToEnd}
}
