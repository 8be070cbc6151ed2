package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// How far room is made around now. A day back, since spans of yesterday's runs
// still come after midnight; three days ahead, so that a loop that is stuck
// over a weekend is no outage.
const (
	behind = 24 * time.Hour
	ahead  = 3 * 24 * time.Hour
)

// Defaults of [Config], and the delays after failed passes.
const (
	DefaultInterval = time.Hour
	firstDelay      = time.Second
	longestDelay    = time.Minute
)

// Config says how a loop works. The zero value of each field is its default.
type Config struct {
	// Keep is how long spans are kept; a day goes when all of it is older.
	// Default: for ever.
	Keep time.Duration

	Interval time.Duration    // between two passes; default: DefaultInterval
	Now      func() time.Time // default: time.Now
	Log      *slog.Logger     // default: discards
}

// Loop looks after one store.
type Loop struct {
	store  repo.Maintainer
	config Config
}

// New returns a loop that does nothing until it is run.
func New(store repo.Maintainer, c Config) *Loop {
	if c.Interval <= 0 {
		c.Interval = DefaultInterval
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Loop{store: store, config: c}
}

// Run makes a pass at once and then one each interval, until ctx ends. After a
// failed pass it tries again sooner: a second later at first, then after twice
// as long each time, up to a minute.
func (l *Loop) Run(ctx context.Context) {
	delay := firstDelay
	for {
		wait := l.config.Interval
		if err := l.Pass(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			wait = min(delay, l.config.Interval)
			delay = min(2*delay, longestDelay)
			l.complain(ctx, err, wait)
		} else {
			delay = firstDelay
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// Pass prepares the days around now and drops the old ones. A server makes one
// before it takes spans, so that the first of them find room.
func (l *Loop) Pass(ctx context.Context) error {
	now := l.config.Now()
	around := model.TimeRange{Start: now.Add(-behind).UnixNano(), End: now.Add(ahead).UnixNano()}
	if err := l.store.Prepare(ctx, around); err != nil {
		return fmt.Errorf("prepare days: %w", err)
	}
	if l.config.Keep <= 0 {
		return nil
	}
	horizon := now.Add(-l.config.Keep)
	dropped, err := l.store.Drop(ctx, horizon.UnixNano())
	if err != nil {
		return fmt.Errorf("drop old days: %w", err)
	}
	if dropped.Days > 0 {
		l.config.Log.InfoContext(ctx, "dropped old days", "days", dropped.Days, "spans", dropped.Spans,
			"before", time.Unix(0, model.Day(horizon.UnixNano())).UTC().Format(time.DateOnly))
	}
	return nil
}

// complain logs a failed pass. A database that is away is not our error.
func (l *Loop) complain(ctx context.Context, err error, wait time.Duration) {
	level := slog.LevelError
	if errors.Is(err, repo.ErrUnavailable) {
		level = slog.LevelWarn
	}
	l.config.Log.Log(ctx, level, "retention failed, will try again", "error", err, "in", wait)
}
