package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/sample"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

const (
	// demoProject is the one that a caller without a header sees: that is where
	// someone who tries the demo looks.
	demoProject = tenant.Default

	demoHistory = 24 * time.Hour
	demoTraces  = 300 // in the history

	// demoTick is how often live spans are sent, those that ended since.
	demoTick = time.Second
	// demoPause is the mean number of ticks between the starts of live traces.
	demoPause = 5
)

// demo feeds the server with made-up agent runs, through the same code that
// takes real ones in. Run it in one goroutine.
type demo struct {
	store  repo.Reader
	ingest *ingest.Pipeline
	log    *slog.Logger
	now    func() time.Time

	traces *sample.Generator
	random *rand.Rand
	live   []sample.Trace // begun; their Spans are those not yet sent
}

// newDemo takes its seed from the clock: trace ids follow from it, and those of
// another run of the demo must not come again at other times.
func newDemo(store repo.Reader, p *ingest.Pipeline, log *slog.Logger, now func() time.Time) *demo {
	seed := uint64(now().UnixNano())
	return &demo{
		store:  store,
		ingest: p,
		log:    log.With("part", "demo"),
		now:    now,
		traces: sample.New(sample.Options{Seed: seed}),
		random: rand.New(rand.NewPCG(seed, 0)),
	}
}

// run writes the history and then live traces until ctx ends.
func (d *demo) run(ctx context.Context) {
	if err := d.writeHistory(ctx); err != nil && ctx.Err() == nil {
		d.log.Warn("history not complete", "error", err)
	}
	ticker := time.NewTicker(demoTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if d.random.IntN(demoPause) == 0 {
			d.live = append(d.live, d.traces.Trace(d.now()))
		}
		for _, t := range d.ended(d.now()) {
			if err := d.write(ctx, t); err != nil && ctx.Err() == nil {
				d.log.Warn("spans not written", "spans", len(t.Spans), "error", err)
			}
		}
	}
}

// writeHistory spreads traces over the last day, the oldest first, unless there
// is something to look at already, such as that of a demo before a restart.
func (d *demo) writeHistory(ctx context.Context) error {
	now := d.now()
	begin := now.Add(-demoHistory)
	found, err := d.store.Traces(ctx, demoProject, repo.TraceQuery{Start: model.TimeRange{Start: begin.UnixNano()}, Limit: 1})
	if err != nil {
		return fmt.Errorf("look for traces: %w", err)
	}
	if len(found) > 0 {
		d.log.Info("there are traces of the last day: no history is made up")
		return nil
	}
	step := demoHistory / demoTraces
	for i := range demoTraces {
		t := d.traces.Trace(begin.Add(time.Duration(i)*step + time.Duration(d.random.Int64N(int64(step)))))
		if t.End > now.UnixNano() {
			d.live = append(d.live, t) // it is still running
			continue
		}
		if err := d.write(ctx, t); err != nil {
			return err
		}
	}
	d.log.Info("history written", "traces", demoTraces)
	return nil
}

// ended takes the spans that ended by now out of the live traces, and returns
// them trace by trace.
func (d *demo) ended(now time.Time) []sample.Trace {
	var parts, running []sample.Trace
	for _, t := range d.live {
		n := 0 // the spans of a trace are ordered by their end
		for n < len(t.Spans) && t.Spans[n].End <= now.UnixNano() {
			n++
		}
		part, rest := t, t
		part.Spans, rest.Spans = t.Spans[:n], t.Spans[n:]
		if n > 0 {
			parts = append(parts, part)
		}
		if len(rest.Spans) > 0 {
			running = append(running, rest)
		}
	}
	d.live = running
	return parts
}

// write sends the spans of t as one request, again and again while the server
// has no room for it.
func (d *demo) write(ctx context.Context, t sample.Trace) error {
	request, err := otlp.Parse(demoProject, t.Request(), otlp.Limits{})
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	for {
		result, err := d.ingest.Write(ctx, request.Records)
		var full *ingest.FullError
		if !errors.As(err, &full) {
			if err == nil && len(result.Rejected) > 0 {
				d.log.Warn("spans rejected", "spans", len(result.Rejected), "reason", result.Rejected[0].Reason)
			}
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(full.RetryAfter):
		}
	}
}
