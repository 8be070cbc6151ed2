package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/agenttrace/agenttrace/bench/load"
	"github.com/agenttrace/agenttrace/bench/report"
)

// bench is one run.
type bench struct {
	options
	dir    string // for files, removed at the end
	binary string // the server
	load   *load.Load
	found  report.Report
}

// history is how far back spans start: queries ask for a day.
const history = 20 * time.Hour

// run measures everything that was asked for and reports it.
func run(ctx context.Context, opts options) (err error) {
	b := &bench{options: opts}
	if b.dir, err = os.MkdirTemp("", "agenttrace-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.binary, err = buildServer(ctx, b.dir); err != nil {
		return err
	}
	if b.load, err = b.newLoad(b.seed, b.spans, history); err != nil {
		return err
	}
	b.describe()
	for _, name := range b.stores {
		if err := b.measure(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if b.wants("peer") {
		peers := b.measurePeers
		if b.quick {
			peers = b.measureOurselvesAsPeer
		}
		if err := peers(ctx); err != nil {
			return fmt.Errorf("peer: %w", err)
		}
	}
	return b.report()
}

// newLoad makes spans that start within the time before now.
func (b *bench) newLoad(seed uint64, spans int, since time.Duration) (*load.Load, error) {
	return load.New(load.Options{Seed: seed, Spans: spans, Batch: b.batch, First: time.Now().Add(-since), Range: since})
}

func (b *bench) describe() {
	shape := b.load.Shape()
	b.found.Machine = report.Machine{Cores: runtime.NumCPU(), Go: runtime.Version()}
	b.found.Load = report.Load{
		Spans: b.load.Spans, Traces: b.load.Traces, Requests: b.load.Requests,
		BytesPerSpan:    float64(b.load.Bytes) / float64(b.load.Spans),
		SpansPerRequest: shape.SpansPerRequest, TracesPerRequest: shape.TracesPerRequest, RequestsPerTrace: shape.RequestsPerTrace,
		Senders: b.senders, Seed: b.seed,
	}
}

// measure measures all that was asked for on one store.
func (b *bench) measure(ctx context.Context, name string) (err error) {
	store, err := b.openBackend(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.close()) }()
	for _, p := range []struct {
		part string
		do   func(context.Context, *backend) error
	}{
		{"floor", b.measureFloor},
		{"http", b.measureHTTP},
		{"grpc", b.measureGRPC},
		{"growth", b.measureGrowth},
	} {
		// What is asked about was stored over gRPC.
		if !b.wants(p.part) && (p.part != "grpc" || !b.wants("settle", "ask", "pace")) {
			continue
		}
		b.say("%s: %s", store.name, p.part)
		if err := p.do(ctx, store); err != nil {
			return fmt.Errorf("%s: %w", p.part, err)
		}
	}
	return nil
}

// say tells the person who waits what is being done.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
}

// report prints what was found, and writes it to the file that was asked for.
func (b *bench) report() error {
	b.found.Sort()
	if err := b.found.WriteMarkdown(os.Stdout); err != nil || b.jsonPath == "" {
		return err
	}
	file, err := os.Create(filepath.Clean(b.jsonPath))
	if err != nil {
		return err
	}
	return errors.Join(b.found.WriteJSON(file), file.Close())
}
