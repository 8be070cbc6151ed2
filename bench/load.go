package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/agenttrace/agenttrace/internal/sample"
)

const exportPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

// load is what is sent: gRPC frames that are made before the clock starts, so
// that the sender costs little while it runs.
type load struct {
	requests [][]byte // each a gRPC frame: flag, length, ExportTraceServiceRequest
	ids      []string // of the traces, in the order of their start
	traces   int
	spans    int
	bytes    int
}

// newLoad makes traces that start over the last hours, and cuts them into
// requests as many processes with batching exporters would send them: spans in
// the order in which they end, parts of many traces in each request.
func newLoad(opts options) *load {
	generator := sample.New(sample.Options{Seed: opts.seed})
	l := &load{}
	start := time.Now().Add(-20 * time.Hour)
	var traces []sample.Trace
	for l.spans < opts.spans {
		trace := generator.Trace(start.Add(time.Duration(l.traces) * 3 * time.Second))
		traces = append(traces, trace)
		l.ids = append(l.ids, trace.ID.String())
		l.spans += len(trace.Spans)
		l.traces++
	}
	for _, body := range sample.Batches(traces, opts.batch) {
		frame := make([]byte, 5, 5+len(body))
		binary.BigEndian.PutUint32(frame[1:], uint32(len(body)))
		l.requests = append(l.requests, append(frame, body...))
		l.bytes += len(body)
	}
	return l
}

// send sends every request once over concurrent senders, at so many spans a
// second (0 for as many as are acknowledged), and notes rate and latency.
// Anything but full success ends the run.
func (l *load) send(ctx context.Context, url string, senders int, pace float64, r *result) error {
	var next atomic.Int64
	latencies := make([][]time.Duration, senders)
	errs := make([]error, senders)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range senders {
		wg.Go(func() {
			client := h2cClient()
			for {
				n := int(next.Add(1)) - 1
				if n >= len(l.requests) {
					return
				}
				if pace > 0 {
					due := float64(n) / float64(len(l.requests)) * float64(l.spans) / pace
					time.Sleep(time.Until(start.Add(time.Duration(due * float64(time.Second)))))
				}
				began := time.Now()
				if err := export(ctx, client, url, l.requests[n]); err != nil {
					errs[i] = fmt.Errorf("request %d: %w", n, err)
					next.Store(int64(len(l.requests))) // the others stop too
					return
				}
				latencies[i] = append(latencies[i], time.Since(began))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	r.SpansPerSecond = float64(l.spans) / time.Since(start).Seconds()
	r.Request = percentiles(slices.Concat(latencies...))
	return nil
}

// h2cClient returns a client with a connection of its own that speaks HTTP/2
// without TLS.
func h2cClient() *http.Client {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: protocols}}
}

func export(ctx context.Context, client *http.Client, url string, frame []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+exportPath, bytes.NewReader(frame))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("TE", "trailers")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	status := resp.Trailer.Get("Grpc-Status")
	if status == "" {
		status = resp.Header.Get("Grpc-Status")
	}
	if status != "0" || len(answer) != 5 {
		return fmt.Errorf("HTTP %s, grpc-status %q, %s, %d bytes", resp.Status, status, resp.Trailer.Get("Grpc-Message"), len(answer))
	}
	return nil
}
