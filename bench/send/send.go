package send

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is a connection to an OTLP server. It is for one goroutine.
type Conn interface {
	// Send sends one request, given as a gRPC frame and as the message in it,
	// and returns when all its spans have been acknowledged.
	Send(frame, message []byte) error
	Close() error
}

// Dial connects to grpc://HOST:PORT or http://HOST:PORT. The end of ctx breaks
// the connection.
func Dial(ctx context.Context, target string) (Conn, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is no address; want grpc://HOST:PORT or http://HOST:PORT", target)
	}
	socket, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = socket.Close() })
	c := &conn{Conn: socket, stop: stop}
	switch u.Scheme {
	case "grpc":
		return newGRPC(c, u.Host)
	case "http":
		return newHTTP(c, u.Host), nil
	}
	return nil, errors.Join(fmt.Errorf("%q: unknown scheme; want grpc or http", target), c.Close())
}

// conn is a socket that the end of a context closes.
type conn struct {
	net.Conn
	stop func() bool
}

func (c *conn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// patience is how long an answer may take.
const patience = time.Minute

// Load is what All sends.
type Load interface {
	Send(n int, send func(frame, message []byte) error) error
	SpansOf(n int) int
}

// Plan says how to send.
type Plan struct {
	Target   string
	Requests int // how many, from the first
	Senders  int // connections
	// Pace is how many spans are sent a second at most; 0 for as many as are
	// acknowledged.
	Pace float64
}

// Sent is what became of it.
type Sent struct {
	Spans     int
	Took      time.Duration
	Latencies []time.Duration // of all requests, the shortest first
}

// All sends every request once. Anything but full success ends it.
func All(ctx context.Context, l Load, p Plan) (Sent, error) {
	conns := make([]Conn, p.Senders)
	for i := range conns {
		c, err := Dial(ctx, p.Target)
		if err != nil {
			return Sent{}, err
		}
		defer c.Close()
		conns[i] = c
	}
	var next, spans atomic.Int64
	latencies := make([][]time.Duration, p.Senders)
	errs := make([]error, p.Senders)
	var wg sync.WaitGroup
	start := time.Now()
	for i, c := range conns {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= p.Requests {
					return
				}
				after := spans.Add(int64(l.SpansOf(n)))
				if p.Pace > 0 {
					due := time.Duration(float64(after) / p.Pace * float64(time.Second))
					time.Sleep(time.Until(start.Add(due)))
				}
				began := time.Now()
				if err := l.Send(n, c.Send); err != nil {
					errs[i] = fmt.Errorf("request %d: %w", n, err)
					next.Store(int64(p.Requests)) // the others stop too
					return
				}
				latencies[i] = append(latencies[i], time.Since(began))
			}
		})
	}
	wg.Wait()
	sent := Sent{Spans: int(spans.Load()), Took: time.Since(start), Latencies: slices.Concat(latencies...)}
	slices.Sort(sent.Latencies)
	return sent, errors.Join(append(errs, ctx.Err())...)
}
