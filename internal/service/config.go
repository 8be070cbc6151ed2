package service

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/intake"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// Ingester takes spans in; *ingest.Pipeline is one.
type Ingester = intake.Ingester

// Prices says what model calls cost; *price.Book is one.
type Prices = runs.Pricer

// Store is what the handler reads: spans and traces, and what settling made of
// them.
type Store interface {
	repo.Reader
	Runs(ctx context.Context, project string, q repo.RunQuery) ([]*model.Run, error)
	Sessions(ctx context.Context, project string, q repo.SessionQuery) ([]*model.Session, error)
	Bills(ctx context.Context, project string, q repo.BillQuery) ([]repo.BillSum, error)
}

// Repricer computes stored costs again; *settle.Repricer is one.
type Repricer interface {
	Reprice(ctx context.Context, project string, within model.TimeRange, progress func(settle.Report)) (settle.Report, error)
}

// Defaults of [Config], which fill its zero fields.
const (
	DefaultMaxMessageBytes = 64 << 20
	DefaultMaxTraceBytes   = 32 << 20
	DefaultMaxTraceSpans   = 50_000
	DefaultReadTimeout     = 30 * time.Second
	DefaultWriteTimeout    = 60 * time.Second
	DefaultStallTimeout    = 60 * time.Second
	DefaultQueryTimeout    = 10 * time.Minute
)

// Config says what the handler serves. Store, Ingest and Tail are needed; the
// zero value of every other field is its default.
type Config struct {
	Store   Store
	Ingest  Ingester
	Tail    Tailer
	Ping    func(context.Context) error // whether the store can answer; nil for "it can"
	Ready   func() error                // whether this process takes work; nil for "it does"
	Log     *slog.Logger                // default: discards
	Metrics http.Handler                // served at /metrics; nil for none
	Version string                      // shown at /
	Status  Status                      // what GetStatus tells of the process
	Prices  Prices                      // of model calls; nil for none
	// Repricer computes stored costs again; nil where this process cannot.
	Repricer Repricer

	Now func() time.Time // default: time.Now

	// Draining is closed when the server begins to stop: streams then end with
	// UNAVAILABLE, everything else as if nothing were. Nil for never.
	Draining <-chan struct{}

	MaxMessageBytes  int // of a request, before and after decompression
	MaxInflightBytes int // of all OTLP requests at once, at least two of the largest; default: four of them, at least 256 MiB
	MaxSpanBytes     int // of one span; default: that of package otlp
	MaxTraceBytes    int // of the spans in one answer of GetTrace or ListSpans
	MaxTraceSpans    int // in one answer of GetTrace

	ReadTimeout  time.Duration // of a unary read
	WriteTimeout time.Duration // of a write, from its first byte to its commit
	StallTimeout time.Duration // how long a client may leave an answer lying
	QueryTimeout time.Duration // of a stream that searches

	// QueryLimits bounds what one query may cost. The bounds of one trace in it
	// are not used: they are MaxTraceBytes and MaxTraceSpans.
	QueryLimits search.Limits
}

// settleLimits bounds a trace that is worked out for one call.
func (c *Config) settleLimits() settle.Limits {
	return settle.Limits{Spans: c.MaxTraceSpans, Bytes: c.MaxTraceBytes}
}

func (c Config) withDefaults() Config {
	c.MaxMessageBytes = orDefault(c.MaxMessageBytes, DefaultMaxMessageBytes)
	// Less would refuse the largest message for ever, as if for now. In JSON it
	// is there twice while it becomes protobuf.
	c.MaxInflightBytes = max(orDefault(c.MaxInflightBytes, max(256<<20, 4*c.MaxMessageBytes)), 2*c.MaxMessageBytes+1)
	c.MaxTraceBytes = orDefault(c.MaxTraceBytes, DefaultMaxTraceBytes)
	c.MaxTraceSpans = orDefault(c.MaxTraceSpans, DefaultMaxTraceSpans)
	c.ReadTimeout = orDefault(c.ReadTimeout, DefaultReadTimeout)
	c.WriteTimeout = orDefault(c.WriteTimeout, DefaultWriteTimeout)
	c.StallTimeout = orDefault(c.StallTimeout, DefaultStallTimeout)
	c.QueryTimeout = orDefault(c.QueryTimeout, DefaultQueryTimeout)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Ping == nil {
		c.Ping = func(context.Context) error { return nil }
	}
	if c.Ready == nil {
		c.Ready = func() error { return nil }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func orDefault[T int | time.Duration](n, otherwise T) T {
	if n <= 0 {
		return otherwise
	}
	return n
}
