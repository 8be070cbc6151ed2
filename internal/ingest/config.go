package ingest

import (
	"log/slog"
	"runtime"
	"time"
)

// Defaults of [Config], which fill its zero fields.
const (
	DefaultMaxBatchSpans = 4096
	DefaultMaxBatchBytes = 16 << 20
	DefaultNarrowSpans   = 768
	DefaultQueueSpans    = 65_536
	DefaultQueueBytes    = 256 << 20
	DefaultCommitTimeout = 30 * time.Second
	DefaultRetryAfter    = time.Second
	DefaultMaxPast       = 366 * 24 * time.Hour
	DefaultMaxFuture     = 24 * time.Hour
)

// DefaultShards is one for each processor, and at most eight. They do not make small
// transactions of large ones: those that are not wide wait for each other, see
// [Config.NarrowSpans].
func DefaultShards() int { return min(runtime.GOMAXPROCS(0), 8) }

// Config says how a pipeline works. The zero value of each field is its
// default.
type Config struct {
	// Shards is how many workers, and so how many transactions at once, there
	// are; default: [DefaultShards]. A store that has one
	// writer anyway is best served by one shard.
	Shards int

	// MaxBatchSpans and MaxBatchBytes bound one transaction. A single span
	// larger than MaxBatchBytes is committed alone.
	MaxBatchSpans int
	MaxBatchBytes int

	// QueueSpans and QueueBytes bound what waits or is being written, all
	// shards together. Bytes are those of the OTLP messages and an estimate of
	// what their narrow spans take.
	QueueSpans int
	QueueBytes int

	// Linger is how long a worker waits for a batch to fill before it commits
	// one that is not full. By default it does not: a batch fills while the
	// one before it is written. Waiting 2 or 5 ms, into SQLite from 8 and 32
	// senders, saved less CPU than the 5 % by which two runs differ.
	Linger time.Duration

	// NarrowSpans is how many spans a batch must have to be committed beside
	// another; one with fewer waits while another such is being committed, but
	// not for long, and grows meanwhile, also by what other shards have. Negative:
	// none waits.
	//
	// What a transaction costs by itself is the most of a small one: two shards of
	// PostgreSQL that did not wait took a third more of its CPU than one, for as many
	// spans a second.
	NarrowSpans int

	// CommitTimeout bounds one transaction, so that a database that hangs
	// does not hold its callers for ever. They get repo.ErrUnavailable.
	CommitTimeout time.Duration

	// RetryAfter is what a FullError tells.
	RetryAfter time.Duration

	// A span that started longer than MaxPast ago, or will start later than
	// MaxFuture from now, is rejected. Negative: any time is right.
	MaxPast   time.Duration
	MaxFuture time.Duration

	Now     func() time.Time // default: time.Now
	Log     *slog.Logger     // default: discards
	Metrics *Metrics         // default: counts unseen
}

func (c Config) withDefaults() Config {
	c.Shards = orDefault(c.Shards, DefaultShards())
	c.MaxBatchSpans = orDefault(c.MaxBatchSpans, DefaultMaxBatchSpans)
	c.MaxBatchBytes = orDefault(c.MaxBatchBytes, DefaultMaxBatchBytes)
	if c.NarrowSpans == 0 {
		c.NarrowSpans = DefaultNarrowSpans
	}
	c.QueueSpans = orDefault(c.QueueSpans, DefaultQueueSpans)
	c.QueueBytes = orDefault(c.QueueBytes, DefaultQueueBytes)
	c.CommitTimeout = orDefault(c.CommitTimeout, DefaultCommitTimeout)
	c.RetryAfter = orDefault(c.RetryAfter, DefaultRetryAfter)
	if c.MaxPast == 0 {
		c.MaxPast = DefaultMaxPast
	}
	if c.MaxFuture == 0 {
		c.MaxFuture = DefaultMaxFuture
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// orDefault returns n, or the default where n is not a usable bound.
func orDefault[T int | time.Duration](n, otherwise T) T {
	if n <= 0 {
		return otherwise
	}
	return n
}
