package tail

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// ErrStopped ends the tails of a hub that does not run any more.
var ErrStopped = errors.New("tail: the hub has stopped")

// Defaults of [Config], which fill its zero fields.
const (
	DefaultInterval  = 200 * time.Millisecond
	DefaultMaxBehind = 20_000
	DefaultHeartbeat = 5 * time.Second

	DefaultMaxTraceSpans = 50_000
	DefaultMaxTraceBytes = 32 << 20
)

// Config says what is followed, and how closely. Store is needed; the zero value
// of every other field is its default.
type Config struct {
	Store interface {
		repo.Feed
		repo.Reader
	}
	Interval  time.Duration // between two looks at the change log
	MaxBehind int           // spans that a reader may be behind
	Heartbeat time.Duration // longest time without an event

	// Bounds of a trace that a query is put to; the bytes are of its content,
	// decompressed.
	MaxTraceSpans int64
	MaxTraceBytes int

	// Price says what a model call costs, in billionths of a US dollar, for those
	// whose senders reported nothing; nil where nobody knows.
	Price func(*model.Span) (nano int64, ok bool)

	Now func() time.Time // default: time.Now
	Log *slog.Logger     // default: discards
}

// Hub is what the tails of one process share. It may be used from any number of
// goroutines.
type Hub struct {
	config  Config
	wanted  chan struct{} // holds a token when the first tail has come
	stopped chan struct{} // closed when Run ends

	mu    sync.Mutex
	tails int
	moved chan struct{} // closed, and replaced, when the log may have moved
}

// New returns a hub. Its tails learn of what is new while Run runs.
func New(c Config) *Hub {
	if c.Interval <= 0 {
		c.Interval = DefaultInterval
	}
	if c.MaxBehind <= 0 {
		c.MaxBehind = DefaultMaxBehind
	}
	if c.Heartbeat <= 0 {
		c.Heartbeat = DefaultHeartbeat
	}
	if c.MaxTraceSpans <= 0 {
		c.MaxTraceSpans = DefaultMaxTraceSpans
	}
	if c.MaxTraceBytes <= 0 {
		c.MaxTraceBytes = DefaultMaxTraceBytes
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Hub{config: c, wanted: make(chan struct{}, 1), stopped: make(chan struct{}), moved: make(chan struct{})}
}

// Run looks at the change log while there are tails, until ctx ends, and then
// ends all tails. It must be called once.
func (h *Hub) Run(ctx context.Context) {
	defer close(h.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wanted:
			h.poll(ctx)
		}
	}
}

// poll tells the tails when the head of the log has moved, until there are none
// or ctx ends.
func (h *Hub) poll(ctx context.Context) {
	ticker := time.NewTicker(h.config.Interval)
	defer ticker.Stop()
	var last repo.Cursor
	known, away := false, false // of last; the store
	for h.watched() {
		head, err := h.config.Store.Head(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			// Nobody is woken: tails would only fail too. They go on when the head
			// can be read again. This says once why nothing comes.
			if !away {
				h.config.Log.WarnContext(ctx, "change log not readable, tails may end", "error", err)
			}
			away, known = true, false
		case !known || head != last:
			// What was written before the first look may be news to a tail too.
			last, known, away = head, true, false
			h.wake()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// enter counts a tail in; leave must be called when it ends.
func (h *Hub) enter() (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tails++; h.tails == 1 {
		select {
		case h.wanted <- struct{}{}:
		default: // a token of a tail that left at once lies there still
		}
	}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.tails--
	}
}

func (h *Hub) watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tails > 0
}

// watch returns a channel that is closed when the log moves next. Who reads the
// log after that call misses nothing.
func (h *Hub) watch() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.moved
}

func (h *Hub) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.moved)
	h.moved = make(chan struct{})
}
