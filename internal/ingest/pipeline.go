package ingest

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Pipeline batches and commits the spans of all callers.
type Pipeline struct {
	writer repo.Writer
	config Config
	seed   maphash.Seed
	shards []*shard
	wg     sync.WaitGroup

	tallies tallies
	narrow  chan struct{} // holds a token while a narrow batch is being committed

	mu      sync.Mutex // guards what follows, and the queues of the shards
	spans   int        // waiting or being written
	bytes   int
	closed  bool // nothing more is let in
	aborted bool // what waits is no longer written
}

// Result says what became of the records of one Write.
//
// It does not tell new spans from those that were stored before: callers share
// transactions, and the store counts by transaction. The metrics have both.
type Result struct {
	// Accepted is how many of the records are stored now, those included that
	// were before.
	Accepted int
	// Rejected are the others, by index.
	Rejected []Rejection
}

// Rejection says why a record was not stored, and never will be.
type Rejection struct {
	Index  int // place in the records, from 0
	Reason string
}

// New starts a pipeline that writes to w. It must be closed.
func New(w repo.Writer, c Config) *Pipeline {
	p := &Pipeline{writer: w, config: c.withDefaults(), seed: maphash.MakeSeed(), narrow: make(chan struct{}, 1)}
	for range p.config.Shards {
		s := &shard{Pipeline: p, wake: make(chan struct{}, 1)}
		p.shards = append(p.shards, s)
		p.wg.Go(s.run)
	}
	return p
}

// Write returns when every record is durably stored or rejected. A record is
// rejected when its start time is outside the accepted window, or when the
// store refuses it for ever; that does not touch the others.
//
// An error means that the same call may be made again: parts of the request
// may be stored by then, and writing them again changes nothing. It is a
// [FullError] when there is no room for the whole request (nothing of it was
// kept), [ErrClosed] after Close, repo.ErrUnavailable when the store is away,
// whatever else the store returned, or that of ctx. When ctx ends, the spans
// may still be stored afterwards: they are on their way in a batch with others.
//
// Write keeps none of the records' memory when it returns, with one exception:
// after an error of ctx they may still be read, so their memory must be left
// to the garbage collector.
func (p *Pipeline) Write(ctx context.Context, records []model.Record) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	w := p.config.window()
	inside, rejected := w.split(records, p.config.Metrics)
	p.tallies.rejected.Add(int64(len(rejected)))
	if len(inside) == 0 {
		return Result{Rejected: rejected}, nil
	}
	r := &request{ctx: ctx, records: records, rejected: rejected, done: make(chan struct{})}
	if err := p.enqueue(r, p.parcels(r, inside)); err != nil {
		return Result{}, err
	}
	select {
	case <-r.done:
		return r.result()
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// parcels groups the records at the given places by shard, and cuts each group
// so that every parcel fits into one transaction.
func (p *Pipeline) parcels(r *request, places []int) []*parcel {
	var parcels []*parcel
	open := make([]*parcel, len(p.shards)) // the last parcel of each shard
	for _, i := range places {
		size := recordBytes(r.records, i)
		n := p.shardOf(r.records[i].Span)
		if open[n] == nil || !p.fits(len(open[n].at)+1, open[n].bytes+size) {
			open[n] = &parcel{request: r, shard: n}
			parcels = append(parcels, open[n])
		}
		open[n].at = append(open[n].at, i)
		open[n].bytes += size
	}
	return parcels
}

// shardOf depends on the trace id alone; the same id in two projects is no
// more than a coincidence. The seed keeps senders from filling one shard.
func (p *Pipeline) shardOf(s *model.Span) int {
	return int(maphash.Bytes(p.seed, s.TraceID[:]) % uint64(len(p.shards)))
}

// fits reports whether a transaction may hold so much.
func (p *Pipeline) fits(spans, bytes int) bool {
	return spans <= p.config.MaxBatchSpans && bytes <= p.config.MaxBatchBytes
}

// enqueue lets a request in whole, or not at all. One that is larger than the
// queue is let in when nothing else is there: else it could never be stored.
func (p *Pipeline) enqueue(r *request, parcels []*parcel) error {
	var spans, bytes int
	for _, q := range parcels {
		spans += len(q.at)
		bytes += q.bytes
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if p.spans > 0 && (p.spans+spans > p.config.QueueSpans || p.bytes+bytes > p.config.QueueBytes) {
		p.config.Metrics.full.Inc()
		p.tallies.refused.Add(1)
		return &FullError{RetryAfter: p.config.RetryAfter}
	}
	p.count(spans, bytes)
	r.pending = len(parcels)
	for _, q := range parcels {
		p.shards[q.shard].push(q)
	}
	return nil
}

// count adds to what the queue holds. The caller holds mu.
func (p *Pipeline) count(spans, bytes int) {
	p.spans += spans
	p.bytes += bytes
	p.config.Metrics.queueSpans.Add(float64(spans))
	p.config.Metrics.queueBytes.Add(float64(bytes))
}

// Close refuses new requests, writes what waits, and returns when the workers
// have ended. When ctx ends first it gives up what is not yet written, whose
// callers get ErrClosed, and returns the error of ctx.
func (p *Pipeline) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for _, s := range p.shards {
		s.signal()
	}
	stop := context.AfterFunc(ctx, p.abort)
	p.wg.Wait()
	if stop() {
		return nil
	}
	return ctx.Err()
}

// abort ends the running transactions and keeps others from being begun.
func (p *Pipeline) abort() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.aborted = true
	for _, s := range p.shards {
		if s.cancel != nil {
			s.cancel()
		}
	}
}
