// Command bench measures the whole product on one machine: it starts the server
// as a process of its own on each store, sends pre-encoded agent spans over
// OTLP/gRPC, and prints how fast they were acknowledged, what they cost in CPU
// and disk, and how long common questions take on what was stored.
//
// PostgreSQL runs in a private cluster with its default durability (fsync and
// synchronous_commit on). Figures of one run can be compared with each other;
// machines differ, and shared ones drift.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// options say what to measure.
type options struct {
	stores   []string
	spans    int
	batch    int
	senders  int
	lookups  int
	seed     uint64
	jsonPath string
	server   []string
}

func main() {
	opts := options{stores: []string{"postgres", "sqlite"}}
	store := flag.String("store", "", "measure only this `store`: postgres or sqlite")
	quick := flag.Bool("quick", false, "a run of seconds that shows that everything works; its figures mean little")
	flag.IntVar(&opts.spans, "spans", 400_000, "how many spans to store")
	flag.IntVar(&opts.batch, "batch", 512, "spans in a request")
	flag.IntVar(&opts.senders, "senders", 4, "concurrent senders")
	flag.IntVar(&opts.lookups, "lookups", 400, "how often to ask each question")
	flag.Uint64Var(&opts.seed, "seed", 1, "seed of the generated traces")
	flag.StringVar(&opts.jsonPath, "json", "", "also write the results to this `file`")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: bench [flags] [-- flags of the server]")
		flag.PrintDefaults()
	}
	flag.Parse()
	opts.server = flag.Args()
	if *store != "" {
		opts.stores = []string{*store}
	}
	if *quick {
		opts.spans, opts.lookups = 8_000, 20
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, opts options) error {
	dir, err := os.MkdirTemp("", "agenttrace-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := buildServer(ctx, dir)
	if err != nil {
		return err
	}
	load := newLoad(opts)
	fmt.Fprintf(os.Stderr, "%d spans in %d traces, %d requests, %.0f bytes a span\n",
		load.spans, load.traces, len(load.requests), float64(load.bytes)/float64(load.spans))

	var results []result
	for _, name := range opts.stores {
		r, err := measure(ctx, name, dir, binary, load, opts)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results = append(results, r)
	}
	return report(os.Stdout, opts, load, results)
}

// measure runs everything on one store.
func measure(ctx context.Context, store, dir, binary string, load *load, opts options) (r result, err error) {
	db, err := openDatabase(ctx, store, dir)
	if err != nil {
		return r, err
	}
	defer db.close()
	// What settles meanwhile would blur what storing costs: it is measured apart.
	storing := opts
	storing.server = append([]string{"--settle-after=24h", "--settle-at-most=24h"}, opts.server...)
	server, err := startServer(ctx, binary, db.url, storing)
	if err != nil {
		return r, err
	}
	defer func() { server.stop() }()

	r.Store = store
	before := usage{sender: processCPU(os.Getpid()), server: server.cpu(), database: db.cpu()}
	wal := db.walBytes(ctx)
	if err := load.send(ctx, server.grpcURL, opts.senders, 0, &r); err != nil {
		return r, err
	}
	r.SenderCPU = perMillion(processCPU(os.Getpid())-before.sender, load.spans)
	r.ServerCPU = perMillion(server.cpu()-before.server, load.spans)
	r.DatabaseCPU = perMillion(db.cpu()-before.database, load.spans)
	r.WALBytes = float64(db.walBytes(ctx)-wal) / float64(load.spans)
	r.PeakMemory = server.peakMemory()
	server.stop()
	if r.StoredBytes, err = db.diskBytes(ctx); err != nil {
		return r, err
	}
	if server, err = settleAll(ctx, binary, db, load, opts, &r); err != nil {
		return r, err
	}
	r.SettleMemory = server.peakMemory()

	if r.Lookups, err = askAll(ctx, server.httpURL, load, opts.lookups); err != nil {
		return r, err
	}
	server.forgetPeak()
	if r.Queries, err = askQueries(ctx, server.httpURL, db, opts.lookups/4); err != nil {
		return r, err
	}
	r.QueryMemory = server.peakMemory()
	server.stop()
	if err := db.vacuum(ctx); err != nil {
		return r, err
	}
	more, err := settleBeside(ctx, binary, db, opts, &r)
	if err != nil {
		return r, err
	}
	bytes, err := db.diskBytes(ctx)
	if err != nil {
		return r, err
	}
	if r.Tables, err = db.tables(ctx); err != nil {
		return r, err
	}
	r.Spans = load.spans + more
	r.StoredBytes, r.DiskBytes = r.StoredBytes/float64(load.spans), bytes/float64(r.Spans)
	return r, nil
}
