package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/agenttrace/agenttrace/bench/load"
	"github.com/agenttrace/agenttrace/bench/report"
)

const day = 24 * time.Hour

// measureGrowth measures what changes as a store fills: the same load on more and
// more that is there already, then as many spans on more and more days. SQLite has
// no days, and is left out.
func (b *bench) measureGrowth(ctx context.Context, store *backend) error {
	if store.cluster == nil {
		return nil
	}
	if err := b.growSizes(ctx, store); err != nil {
		return err
	}
	return b.growDays(ctx, store)
}

// growSizes fills one database in steps, each with spans of the same day.
func (b *bench) growSizes(ctx context.Context, store *backend) (err error) {
	db, err := store.create(ctx, "sizes")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.drop(ctx)) }()
	stored := 0
	for i, size := range b.sizes {
		l, err := b.newLoad(b.seed+10+uint64(i), size-stored, history)
		if err != nil {
			return err
		}
		stored += l.Spans
		if err := b.stage(ctx, db, l, 1, stored); err != nil {
			return fmt.Errorf("%d spans: %w", size, err)
		}
	}
	return nil
}

// growDays fills a database for each number of days.
func (b *bench) growDays(ctx context.Context, store *backend) error {
	for _, days := range b.days {
		if err := b.spreadOver(ctx, store, days); err != nil {
			return fmt.Errorf("%d days: %w", days, err)
		}
	}
	return nil
}

func (b *bench) spreadOver(ctx context.Context, store *backend, days int) (err error) {
	db, err := store.create(ctx, "days")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.drop(ctx)) }()
	since := max(history, time.Duration(days)*day)
	l, err := load.New(load.Options{
		Seed: b.seed + 20, Spans: b.spread, Batch: b.batch, First: time.Now().Add(-since), Range: since,
		// A request has spans of one day, or of two, as it has in life.
		Burst: max(500, b.spread/slices.Max(b.days)),
	})
	if err != nil {
		return err
	}
	return b.stage(ctx, db, l, days, l.Spans)
}

// stage adds a load to a database, settles it, and asks.
func (b *bench) stage(ctx context.Context, db *database, l *load.Load, days, stored int) error {
	b.say("growth: %d spans, %d days", stored, days)
	stage := report.Stage{Days: days, Load: report.Column{Store: report.PostgreSQL, Way: report.GRPC}}
	if err := b.storeLoad(ctx, db, l, &stage.Load); err != nil {
		return err
	}
	s, err := b.settle(ctx, db, l.Spans, &stage.Settled)
	if err != nil {
		return err
	}
	defer s.stop()
	q, err := b.newAsker(ctx, s, l)
	if err != nil {
		return err
	}
	for _, ask := range []func() error{q.lookups, q.first, q.settled, q.searches} {
		if err := ask(); err != nil {
			return err
		}
	}
	if err := q.flows(b.flow, s, db); err != nil {
		return err
	}
	stage.Answered = q.found
	stage.Answered.Store, stage.Answered.Spans = report.PostgreSQL, stored
	s.stop()
	if err := measureSettled(ctx, db, stored, &stage.Settled); err != nil {
		return err
	}
	b.found.Growth = append(b.found.Growth, stage)
	return nil
}
