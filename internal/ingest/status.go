package ingest

import (
	"sync/atomic"
	"time"
)

// Status is how a pipeline is at one moment. Counts are those since it was made.
type Status struct {
	QueueSpans, QueueSpansLimit int // waiting or being written, and how many may
	QueueBytes, QueueBytesLimit int

	Stored     int64 // spans committed that were not stored before
	Duplicates int64 // spans that were
	Rejected   int64 // spans rejected one by one
	Refused    int64 // requests refused because the queue was full
	Failures   int64 // transactions that failed for another reason than a bad span

	LastCommit  time.Time // of the last transaction that was committed; zero before the first
	LastFailure time.Time // of the last that failed, likewise
}

// tallies are what Status counts. The metrics count the same, but of all pipelines
// that share them, and cannot be read back.
type tallies struct {
	stored, duplicates, rejected, refused, failures atomic.Int64
	lastCommit, lastFailure                         atomic.Int64 // nanoseconds; 0 for never
}

// Status returns how the pipeline is. It does not wait for anything and may be
// called after Close.
func (p *Pipeline) Status() Status {
	t := &p.tallies
	s := Status{
		QueueSpansLimit: p.config.QueueSpans, QueueBytesLimit: p.config.QueueBytes,
		Stored: t.stored.Load(), Duplicates: t.duplicates.Load(), Rejected: t.rejected.Load(),
		Refused: t.refused.Load(), Failures: t.failures.Load(),
		LastCommit: moment(t.lastCommit.Load()), LastFailure: moment(t.lastFailure.Load()),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.QueueSpans, s.QueueBytes = p.spans, p.bytes
	return s
}

func moment(nano int64) time.Time {
	if nano == 0 {
		return time.Time{}
	}
	return time.Unix(0, nano)
}
