// Command bench measures the whole product on one machine: it starts the server
// as a process of its own on each store, sends agent spans that were encoded
// before the clock starts, and prints how fast they were acknowledged, what they
// cost in CPU, disk and memory, and how long questions take on what was stored.
// Beside it, in the same run, is the floor: the same rows by the bare statements.
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
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// options say what to measure.
type options struct {
	stores   []string
	parts    []string
	peers    []string
	peerPID  int
	spans    int
	ones     int // requests of one span
	batch    int
	senders  int
	asked    int // how often each question is asked
	flow     int // most spans that are read of everything
	seed     uint64
	quick    bool
	jsonPath string
	server   []string // flags of the server
	sizes    []int    // spans that a store grows to
	days     []int    // that the same spans are spread over
	spread   int      // how many spans that are
}

// The parts of a run; the later ones ask what the earlier ones stored.
var allParts = []string{"floor", "http", "ones", "grpc", "settle", "ask", "pace", "peer", "growth"}

// wants says whether a part was asked for.
func (o options) wants(parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(o.parts, p) })
}

func main() {
	opts, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	opts := options{sizes: []int{100_000, 1_000_000, 4_000_000}, days: []int{1, 30, 400}, flow: 200_000}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	stores := flags.String("store", "postgres,sqlite", "measure these `stores`")
	parts := flags.String("parts", "", "measure only these `parts`: "+strings.Join(allParts, ","))
	flags.BoolVar(&opts.quick, "quick", false, "a run of seconds that shows that everything works; its figures mean little")
	growth := flags.Bool("growth", false, "measure also how figures grow with what is stored (much longer)")
	flags.Func("peer", "send to this OTLP server too, `grpc://HOST:PORT` or http://HOST:PORT; may be repeated", func(s string) error {
		opts.peers = append(opts.peers, s)
		return nil
	})
	flags.IntVar(&opts.peerPID, "peer-pid", 0, "process `id` of the peers' server, to measure what it uses")
	flags.Func("sizes", "with growth, fill PostgreSQL to these `numbers` of spans (default 100000,1000000,4000000)", numbers(&opts.sizes))
	flags.Func("days", "with growth, spread spans over these `numbers` of days (default 1,30,400)", numbers(&opts.days))
	flags.IntVar(&opts.spread, "spread", 400_000, "how many spans are spread over days")
	flags.IntVar(&opts.spans, "spans", 400_000, "how many spans to store")
	flags.IntVar(&opts.ones, "ones", 30_000, "how many requests of one span to send")
	flags.IntVar(&opts.batch, "batch", 512, "most spans in a request")
	flags.IntVar(&opts.senders, "senders", 12, "concurrent senders, each over a connection of its own: one for each process of the load by default")
	flags.IntVar(&opts.asked, "asked", 200, "how often to ask each question")
	flags.Uint64Var(&opts.seed, "seed", 1, "seed of the generated traces")
	flags.StringVar(&opts.jsonPath, "json", "", "also write the results to this `file`")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: bench [flags] [-- flags of the server]")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	opts.server = flags.Args()
	opts.stores = strings.Split(*stores, ",")
	opts.parts = allParts[:len(allParts)-1]
	if *parts != "" {
		opts.parts = strings.Split(*parts, ",")
	}
	if *growth || opts.quick {
		opts.parts = append(slices.Clone(opts.parts), "growth")
	}
	if opts.quick {
		opts.spans, opts.ones, opts.asked, opts.flow = 8_000, 500, 6, 5_000
		opts.sizes, opts.days, opts.spread = []int{2_000}, []int{3}, 2_000
	}
	return opts, opts.check()
}

// numbers reads a list of them.
func numbers(to *[]int) func(string) error {
	return func(list string) error {
		*to = nil
		for text := range strings.SplitSeq(list, ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is no number of anything", text)
			}
			*to = append(*to, n)
		}
		return nil
	}
}

func (o options) check() error {
	for _, part := range o.parts {
		if !slices.Contains(allParts, part) {
			return fmt.Errorf("no part is named %q; there are %s", part, strings.Join(allParts, ", "))
		}
	}
	if o.spans < 1 || o.ones < 1 || o.batch < 1 || o.senders < 1 || o.asked < 1 || o.spread < 1 {
		return fmt.Errorf("spans, ones, batch, senders, asked and spread must be positive")
	}
	return nil
}
