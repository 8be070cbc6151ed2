package postgres

import (
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// flight is a query of several statements, some of which are COPY, and the rows for
// these, which are sent behind it without waiting for an answer: PostgreSQL takes them
// in order. An error ends the whole query, and rows that nobody wants any more are
// dropped.
//
// The driver's CopyFrom takes one COPY at a time, waits for its answer and has two
// goroutines for it: a fifth of the time that a transaction of some fifteen spans takes.
type flight struct {
	binaryRow     // messages that are not sent yet
	message   int // where the last CopyData among them begins
	out       io.Writer
	conn      *pgconn.PgConn
	landed    bool  // all was answered
	lost      error // why no more can be sent or read
}

// flights keeps the memory of one for another.
var flights = sync.Pool{New: func() any { return new(flight) }}

const (
	// flightChunk is after how many bytes of rows they are sent.
	flightChunk = 64 << 10
	// flightKept is how large the memory of a flight may be that is kept: a row may
	// have a segment of any size.
	flightKept = 1 << 20
)

// fly sends a query over conn with what load puts behind it, and returns the first
// error. When ctx ends before the answer has come, the query is cancelled and the
// connection closed.
func fly(ctx context.Context, conn *pgx.Conn, query string, load func(f *flight)) (err error) {
	f := flights.Get().(*flight)
	f.conn = conn.PgConn()
	f.out = f.conn.Conn()
	stop := context.AfterFunc(ctx, func() { _ = f.conn.Conn().SetDeadline(time.Unix(0, 1)) })
	defer func() {
		if !stop() || !f.landed {
			f.abandon(ctx)
			err = cmp.Or(err, ctx.Err())
			return
		}
		if cap(f.buf) <= flightKept {
			*f = flight{binaryRow: binaryRow{buf: f.buf[:0]}}
			flights.Put(f)
		}
	}()
	f.query(query)
	load(f)
	return f.land()
}

// abandon closes the connection. A backend that waits for a lock does not see that,
// and is told; nor has a pooler given the connection to somebody else, as long as the
// transaction is open.
func (f *flight) abandon(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer stop()
	_ = f.conn.CancelRequest(ctx) // there may be nothing left that listens
	_ = f.conn.Close(ctx)
}

func (f *flight) query(statements string) {
	f.buf = append(f.buf, 'Q')
	f.buf = binary.BigEndian.AppendUint32(f.buf, uint32(4+len(statements)+1))
	f.buf = append(append(f.buf, statements...), 0)
}

// copyHead begins the rows of a COPY: a signature, then no flags and no extension.
const copyHead = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// begin begins the rows of the next COPY of the query, in the binary format.
func (f *flight) begin() {
	f.beginMessage()
	f.buf = append(f.buf, copyHead...)
}

// row begins a row of so many columns.
func (f *flight) row(columns uint16) {
	if len(f.buf)-f.message >= flightChunk {
		f.endMessage()
		f.send()
		f.beginMessage()
	}
	f.buf = binary.BigEndian.AppendUint16(f.buf, columns)
}

// end ends the rows of a COPY.
func (f *flight) end() {
	f.buf = binary.BigEndian.AppendUint16(f.buf, 0xffff) // no more rows
	f.endMessage()
	f.buf = append(f.buf, 'c', 0, 0, 0, 4) // CopyDone
}

// beginMessage begins a CopyData. Its length is known when it ends.
func (f *flight) beginMessage() {
	f.message = len(f.buf)
	f.buf = append(f.buf, 'd', 0, 0, 0, 0)
}

func (f *flight) endMessage() {
	binary.BigEndian.PutUint32(f.buf[f.message+1:], uint32(len(f.buf)-f.message-1))
}

// send sends what is complete.
func (f *flight) send() {
	if f.lost == nil {
		_, f.lost = f.out.Write(f.buf)
	}
	f.buf, f.message = f.buf[:0], 0
}

// land sends what is left and reads the answers. It returns the first error.
func (f *flight) land() error {
	f.send()
	var failed error
	for f.lost == nil && !f.landed {
		// The context is fly's to watch: the driver's watch costs a goroutine for each
		// message.
		var message pgproto3.BackendMessage
		message, f.lost = f.conn.ReceiveMessage(context.Background())
		switch message := message.(type) {
		case *pgproto3.ErrorResponse:
			if failed == nil {
				failed = pgconn.ErrorResponseToPgError(message)
			}
		case *pgproto3.ReadyForQuery:
			f.landed = true
		}
	}
	return cmp.Or(failed, f.lost)
}
