package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// refusedReason is what a caller is told of a span that the store refuses. What
// the database said of it is logged, not told.
const refusedReason = "the store cannot hold this span"

// commit writes the records [from, to) of the batch. Those that the store
// refuses are found by halving and rejected one by one, so that they cost only
// themselves. Any other error ends it: it is noted for the callers of the
// records not yet written, and returned.
//
// Halves are written in transactions of their own, so an error can leave the
// first of them stored. The callers are told of the error and send it again.
func (s *shard) commit(ctx context.Context, from, to int) error {
	err := s.transaction(ctx, from, to)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, repo.ErrRefused):
		s.fail(from, to, err)
		return err
	case to-from == 1:
		s.refuse(from, err)
		return nil
	}
	middle := from + (to-from)/2
	if err := s.commit(ctx, from, middle); err != nil {
		s.fail(middle, to, err)
		return err
	}
	return s.commit(ctx, middle, to)
}

// transaction makes one attempt to write the records [from, to). It outlives
// the callers, whose contexts end independently of each other; ctx only lends
// its values.
func (s *shard) transaction(ctx context.Context, from, to int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.CommitTimeout)
	defer cancel()
	if err := s.begin(cancel); err != nil {
		return err
	}
	defer s.end()
	began := time.Now() // not the injected clock: this is a length, not a date
	written, err := s.writer.Write(ctx, s.records[from:to])
	m := s.config.Metrics
	m.commitSeconds.Observe(time.Since(began).Seconds())
	m.batchSpans.Observe(float64(to - from))
	if err != nil {
		return s.explain(ctx, err)
	}
	m.stored.Add(float64(written.Stored))
	m.duplicates.Add(float64(written.Duplicates))
	s.tallies.stored.Add(int64(written.Stored))
	s.tallies.duplicates.Add(int64(written.Duplicates))
	s.tallies.lastCommit.Store(s.config.Now().UnixNano())
	return nil
}

// explain turns an end of the transaction's own context into what it means to
// the callers, whose contexts have not ended.
func (s *shard) explain(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, repo.ErrRefused):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%w: the spans were not stored in time", ErrClosed)
	}
	s.config.Metrics.failures.Inc()
	s.tallies.failures.Add(1)
	s.tallies.lastFailure.Store(s.config.Now().UnixNano())
	if ctx.Err() != nil {
		return fmt.Errorf("%w: no commit within %v", repo.ErrUnavailable, s.config.CommitTimeout)
	}
	return err
}

// begin lets abort reach the transaction that is about to run.
func (s *shard) begin(cancel context.CancelFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.aborted {
		return ErrClosed
	}
	s.cancel = cancel
	return nil
}

func (s *shard) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel = nil
}

// fail notes err for the callers of the records [from, to).
func (s *shard) fail(from, to int, err error) {
	for i := from; i < to; i++ {
		if i == from || s.places[i].parcel != s.places[i-1].parcel {
			s.places[i].request.fail(err)
		}
	}
}

// refuse reports the record at place i, which the store will never take.
func (s *shard) refuse(i int, err error) {
	span := s.records[i].Span
	s.config.Log.Warn("span refused by the store", "project", span.Project,
		"trace_id", span.TraceID, "span_id", span.SpanID, "error", err)
	s.config.Metrics.rejected.WithLabelValues(reasonRefused).Inc()
	s.tallies.rejected.Add(1)
	s.places[i].request.reject(s.places[i].at, refusedReason)
}
