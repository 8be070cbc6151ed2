package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/agenttrace/agenttrace/internal/config"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/price"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// startSettling begins to work out whole traces, or to wait for another server
// that does to end.
func (s *Server) startSettling(ctx context.Context, store repo.Store, prices *price.Book, r prometheus.Registerer) *settle.Loop {
	loop := settle.New(settle.Config{
		Store:   store,
		Prices:  prices,
		Quiet:   time.Duration(s.Config.SettleAfter),
		AtMost:  time.Duration(s.Config.SettleAtMost),
		Holder:  rand.Text(),
		Now:     s.Now,
		Log:     s.Log,
		Metrics: settle.NewMetrics(r),
	})
	s.inBackground(ctx, "settling", shareSettling, loop.Run)
	return loop
}

// reprice is the command of that name: it computes stored costs again.
func reprice(ctx context.Context, c *config.Config, log *slog.Logger, now func() time.Time, stdout io.Writer) error {
	within, err := repriceRange(c, now())
	if err != nil {
		return err
	}
	if !tenant.Valid(c.RepriceProject) {
		return fmt.Errorf("--reprice-project %q is no name of a project: want 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first", c.RepriceProject)
	}
	if file, isNew := newFile(c.Store); isNew {
		return fmt.Errorf("there is no database %s", file)
	}
	prices, err := price.Load(c.Prices)
	if err != nil {
		return fmt.Errorf("prices: %w", err)
	}
	store, err := openStore(ctx, c, 1, now)
	if err != nil {
		return err
	}
	defer func() {
		if err := store.Close(); err != nil {
			log.Error("close the database", "error", err)
		}
	}()
	repricer := &settle.Repricer{Store: store, Prices: prices}
	said := now()
	report, err := repricer.Reprice(ctx, c.RepriceProject, within, func(r settle.Report) {
		if now().Sub(said) >= time.Second {
			said = now()
			fmt.Fprintf(stdout, "%d traces, back to %s\n", r.Traces, time.Unix(0, r.Reached).UTC().Format(time.DateTime))
		}
	})
	if err != nil {
		return fmt.Errorf("reprice: %w", err)
	}
	fmt.Fprintf(stdout, "%d traces of project %s, %d of them cost something else now: %s before, %s after.\n",
		report.Traces, c.RepriceProject, report.Changed, dollars(report.Before), dollars(report.After))
	if report.Skipped > 0 {
		fmt.Fprintf(stdout, "Traces too large, or too damaged, to be worked out again keep their costs: %d.\n", report.Skipped)
	}
	return nil
}

func repriceRange(c *config.Config, now time.Time) (model.TimeRange, error) {
	var r model.TimeRange
	from, until := c.RepriceFrom.At(now), c.RepriceUntil.At(now)
	if !from.IsZero() {
		r.Start = from.UnixNano()
	}
	if !until.IsZero() {
		r.End = until.UnixNano()
	}
	if !from.IsZero() && !until.IsZero() && !from.Before(until) {
		return r, fmt.Errorf("--reprice-until (%v) must be later than --reprice-from (%v)", c.RepriceUntil, c.RepriceFrom)
	}
	return r, nil
}

// dollars writes a cost for people, to the billionth: repricing may be about
// little.
func dollars(c model.Cost) string {
	whole, rest := c.Nano/model.NanosPerDollar, c.Nano%model.NanosPerDollar
	text := fmt.Sprintf("$%d.%09d", whole, rest)
	if c.UnpricedCalls > 0 {
		text += fmt.Sprintf(" (calls without a price: %d)", c.UnpricedCalls)
	}
	return text
}
