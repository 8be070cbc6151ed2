package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// pace is how many spans a second are sent while they settle.
const pace = 25_000

// quiet is how long a trace rests before it settles, in these measurements.
const quiet = time.Second

// settling is how fast traces settle.
type settling struct {
	// Behind the load: everything was stored before the first trace settled.
	SpansPerSecond float64
	ServerCPU      float64 // seconds for a million spans
	DatabaseCPU    float64 // seconds for a million spans

	// Beside the load, which comes at a steady pace.
	Paced    float64       // spans/s that were acknowledged
	PacedCPU float64       // seconds for a million spans: sender, server and database, to store and to settle
	Request  latency       // of a request meanwhile
	Behind   time.Duration // from the last acknowledgement until the last trace had settled, without the rest it has to have
}

// settleAll starts a server on spans that were stored, and measures until they
// have settled. The server stays.
func settleAll(ctx context.Context, binary string, db *database, load *load, opts options, r *result) (*server, error) {
	database := db.cpu()
	began := time.Now()
	opts.server = append([]string{"--settle-after=100ms"}, opts.server...)
	server, err := startServer(ctx, binary, db.url, opts)
	if err != nil {
		return nil, err
	}
	if err := server.waitSettled(ctx, load.spans); err != nil {
		server.stop()
		return nil, err
	}
	r.Settling.SpansPerSecond = float64(load.spans) / time.Since(began).Seconds()
	r.Settling.ServerCPU = perMillion(server.cpu(), load.spans)
	r.Settling.DatabaseCPU = perMillion(db.cpu()-database, load.spans)
	return server, nil
}

// settleBeside sends more spans at a steady pace to a server that settles them, and
// returns how many.
func settleBeside(ctx context.Context, binary string, db *database, opts options, r *result) (int, error) {
	opts.seed++
	load := newLoad(opts)
	opts.server = append([]string{"--settle-after=" + quiet.String(), "--settle-at-most=5m"}, opts.server...)
	server, err := startServer(ctx, binary, db.url, opts)
	if err != nil {
		return 0, err
	}
	defer server.stop()
	before := usage{sender: processCPU(os.Getpid()), server: server.cpu(), database: db.cpu()}
	var sent result
	if err := load.send(ctx, server.grpcURL, opts.senders, pace, &sent); err != nil {
		return 0, err
	}
	acknowledged := time.Now()
	if err := server.waitSettled(ctx, load.spans); err != nil {
		return 0, err
	}
	r.Settling.Behind = max(0, time.Since(acknowledged)-quiet)
	r.Settling.Paced, r.Settling.Request = sent.SpansPerSecond, sent.Request
	cpu := processCPU(os.Getpid()) - before.sender + server.cpu() - before.server + db.cpu() - before.database
	r.Settling.PacedCPU = perMillion(cpu, load.spans)
	return load.spans, nil
}

// waitSettled returns when the server has settled so many spans since its start.
func (s *server) waitSettled(ctx context.Context, spans int) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		settled, err := s.metric(ctx, "agenttrace_settle_spans_total")
		if err != nil {
			return err
		}
		pending, err := s.metric(ctx, "agenttrace_settle_pending_traces")
		if err != nil {
			return err
		}
		if int(settled) >= spans && pending == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%v of %d spans have settled, %v traces wait: %w\n%s", settled, spans, pending, ctx.Err(), s.log)
		}
	}
}

// metric reads one number without labels.
func (s *server) metric(ctx context.Context, name string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.httpURL+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("the server has no metric %s", name)
}
