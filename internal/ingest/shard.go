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

// shard is the queue of some of the traces, and the worker that empties it.
type shard struct {
	*Pipeline
	wake chan struct{} // holds a token when there may be something to do

	// Guarded by Pipeline.mu.
	queue  []*parcel
	spans  int // in queue
	bytes  int
	cancel context.CancelFunc // of the running transaction; nil when none runs

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
		done := s.turn()
		s.write(s.take())
		done()
	}
}

// await returns true as soon as something is queued, and false when nothing is
// and nothing will be.
func (s *shard) await() bool {
	for {
		s.mu.Lock()
		queued, closed := len(s.queue) > 0, s.closed
		s.mu.Unlock()
		if queued || closed {
			return queued
		}
		<-s.wake
	}
}

// take removes the next batch from the queue: the parcels that came first, as
// many as fit into one transaction.
func (s *shard) take() []*parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, spans, bytes := 0, 0, 0
	for _, q := range s.queue {
		if n > 0 && !s.fits(spans+len(q.at), bytes+q.bytes) {
			break
		}
		n, spans, bytes = n+1, spans+len(q.at), bytes+q.bytes
	}
	batch := slices.Clone(s.queue[:n])
	s.queue = slices.Delete(s.queue, 0, n) // clears what it leaves behind
	s.spans -= spans
	s.bytes -= bytes
	return batch
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
// store does not answer.
const patience = 100 * time.Millisecond

// turn waits until the batch is wide or no other narrow one is being committed. The
// caller calls done when it has been.
func (s *shard) turn() (done func()) {
	if s.wide() {
		return func() {}
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for !s.wide() {
		select {
		case s.narrow <- struct{}{}:
			return func() { <-s.narrow }
		case <-s.wake: // there may be more
		case <-timer.C:
			return func() {}
		}
	}
	return func() {}
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
