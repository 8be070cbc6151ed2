package settle

import (
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// Defaults of [Config] and [Limits], which fill their zero fields.
const (
	DefaultQuiet         = 10 * time.Second
	DefaultAtMost        = 5 * time.Minute
	DefaultLeaseTime     = 6 * time.Second
	DefaultPoll          = 500 * time.Millisecond
	DefaultMaxPending    = 500_000
	DefaultMaxTraceSpans = 200_000
	DefaultMaxTraceBytes = 256 << 20
)

// name is that of the lease, and of the consumer of the change log.
const name = "settle"

// Store is what settling needs of one.
type Store interface {
	repo.Reader
	repo.Settler
	repo.Feed
}

// Config says how a loop works. Store is needed; the zero value of every other
// field is its default.
type Config struct {
	Store  Store
	Prices runs.Pricer // default: nothing has a price

	// Quiet is how long a trace must not have changed to settle; AtMost how
	// long its first change may wait where it never rests.
	Quiet  time.Duration
	AtMost time.Duration

	// LeaseTime is how long a process that died keeps others from going on. It
	// is prolonged every third of it.
	LeaseTime time.Duration

	// Poll is the time between two looks at the change log, and at what is due.
	Poll time.Duration

	// A trace with more spans, or more bytes of content, does not settle.
	MaxTraceSpans int
	MaxTraceBytes int

	// MaxPending is how many traces may wait. At the limit, the log is read no
	// further, and those that have waited longest settle early.
	MaxPending int

	Holder string // who holds the lease; default: a random name

	Now     func() time.Time // default: time.Now
	Log     *slog.Logger     // default: discards
	Metrics *Metrics         // default: counts unseen
}

func (c Config) withDefaults() Config {
	c.Quiet = orDefault(c.Quiet, DefaultQuiet)
	c.AtMost = orDefault(c.AtMost, DefaultAtMost)
	c.LeaseTime = orDefault(c.LeaseTime, DefaultLeaseTime)
	c.Poll = orDefault(c.Poll, DefaultPoll)
	c.MaxPending = orDefault(c.MaxPending, DefaultMaxPending)
	if c.Holder == "" {
		c.Holder = rand.Text()
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

// limits returns those of one trace.
func (c *Config) limits() Limits {
	return Limits{Spans: c.MaxTraceSpans, Bytes: c.MaxTraceBytes}.withDefaults()
}

// orDefault returns n, or the default where n is not a usable bound.
func orDefault[T int | time.Duration](n, otherwise T) T {
	if n <= 0 {
		return otherwise
	}
	return n
}
