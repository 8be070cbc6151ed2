package ingest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// shard is the queue of some of the traces, and the worker that empties it, as far as
// others have not taken along what is in it.
type shard struct {
	*Pipeline
	wake chan struct{} // holds a token when there may be something to do

	// Guarded by Pipeline.mu.
	queue  []*parcel
	spans  int // in queue
	bytes  int
	busy   bool               // some worker writes a batch with parcels of this shard
	cancel context.CancelFunc // of the worker's transaction; nil when none runs

	// The worker's own, used again for each batch and empty between them.
	records []model.Record
	places  []place
}

// place says whose record one of a batch is.
type place struct {
	*parcel
	at int // in the records of the request
}

// push adds a parcel. The caller holds mu.
func (s *shard) push(q *parcel) {
	s.queue = append(s.queue, q)
	s.spans += len(q.at)
	s.bytes += q.bytes
	s.signal()
}

func (s *shard) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // the token of an earlier signal is still there
	}
}

// run commits batch after batch, until the pipeline is closed and the queue is
// empty.
func (s *shard) run() {
	for s.await() {
		s.linger()
		narrow, done := s.turn()
		batch, shards := s.take(narrow)
		if len(batch) > 0 {
			s.write(batch)
		}
		s.free(shards)
		done()
	}
}

// await returns true as soon as something is queued that nobody is in the way of,
// and false when nothing is and nothing will be.
func (s *shard) await() bool {
	for {
		s.mu.Lock()
		queued, busy, closed := len(s.queue) > 0, s.busy, s.closed
		s.mu.Unlock()
		switch {
		case queued && !busy:
			return true
		case !queued && closed:
			return false
		}
		<-s.wake
	}
}

// take removes the next batch from the queue: the parcels that came first, as many
// as fit into one transaction. A narrow batch takes along what other shards have that
// nobody writes, as long as it stays narrow. It returns whose parcels it took, which
// are busy until they are freed. There is nothing to take when another worker was
// faster.
func (s *shard) take(narrow bool) (batch []*parcel, shards []*shard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || len(s.queue) == 0 {
		return nil, nil
	}
	n, spans, bytes := 0, 0, 0
	for _, q := range s.queue {
		if n > 0 && !s.fits(spans+len(q.at), bytes+q.bytes) {
			break
		}
		n, spans, bytes = n+1, spans+len(q.at), bytes+q.bytes
	}
	batch, shards = s.pull(nil, n), append(shards, s)
	for _, other := range s.shards {
		joint := spans + other.spans
		if narrow && !other.busy && len(other.queue) > 0 && joint < s.config.NarrowSpans && s.fits(joint, bytes+other.bytes) {
			spans, bytes = joint, bytes+other.bytes
			batch, shards = other.pull(batch, len(other.queue)), append(shards, other)
		}
	}
	return batch, shards
}

// pull moves the first n parcels of the queue to a batch. The caller holds mu.
func (s *shard) pull(batch []*parcel, n int) []*parcel {
	for _, q := range s.queue[:n] {
		s.spans -= len(q.at)
		s.bytes -= q.bytes
	}
	batch = append(batch, s.queue[:n]...)
	s.queue = slices.Delete(s.queue, 0, n) // clears what it leaves behind
	s.busy = true
	return batch
}

// free says that a batch with parcels of these shards has its outcome.
func (s *shard) free(shards []*shard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range shards {
		other.busy = false
		other.signal()
	}
}

// linger gives the queue time to fill, where that is wanted.
func (s *shard) linger() {
	if s.config.Linger <= 0 {
		return
	}
	timer := time.NewTimer(s.config.Linger)
	defer timer.Stop()
	for !s.full() {
		select {
		case <-timer.C:
			return
		case <-s.wake:
		}
	}
}

// patience bounds how long a narrow batch waits for another: it may be one that the
// store does not answer. Of the shards that this one took along, what comes later
// waits for its outcome all the same.
const patience = 100 * time.Millisecond

// turn waits until the batch is wide or no other narrow one is being committed, and
// says which. The caller calls done when it has been.
func (s *shard) turn() (narrow bool, done func()) {
	if s.wide() {
		return false, func() {}
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for !s.wide() {
		select {
		case s.narrow <- struct{}{}:
			return true, func() { <-s.narrow }
		case <-s.wake: // there may be more
		case <-timer.C:
			return false, func() {}
		}
	}
	return false, func() {}
}

// wide reports whether the next batch should not wait for others.
func (s *shard) wide() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || s.spans >= s.config.NarrowSpans
}

// full reports whether waiting for more would not make the next batch larger.
func (s *shard) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || s.spans >= s.config.MaxBatchSpans || s.bytes >= s.config.MaxBatchBytes
}

// write commits a batch and answers its callers.
func (s *shard) write(batch []*parcel) {
	for _, q := range batch {
		for _, i := range q.at {
			s.records = append(s.records, q.records[i])
			s.places = append(s.places, place{q, i})
		}
	}
	err := s.commit(batch[0].ctx, 0, len(s.records))
	if err != nil {
		s.complain(batch[0].ctx, err, len(batch))
	}
	s.forget()
	s.release(batch)
	for _, q := range batch {
		q.settle()
	}
}

// complain logs a batch that was not stored. A database that is away is not our
// error.
func (s *shard) complain(ctx context.Context, err error, requests int) {
	level := slog.LevelError
	if errors.Is(err, repo.ErrUnavailable) || errors.Is(err, ErrClosed) {
		level = slog.LevelWarn
	}
	s.config.Log.Log(ctx, level, "spans not stored", "spans", len(s.records), "requests", requests, "error", err)
}

// forget lets go of the records' memory, which is the callers'.
func (s *shard) forget() {
	clear(s.records)
	clear(s.places)
	s.records, s.places = s.records[:0], s.places[:0]
}

// release takes a batch that has its outcome off the count of the queue.
func (s *shard) release(batch []*parcel) {
	var spans, bytes int
	for _, q := range batch {
		spans += len(q.at)
		bytes += q.bytes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(-spans, -bytes)
}
