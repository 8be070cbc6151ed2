package settle_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// settledTraces returns a database with so many traces that have settled at a
// price of 1 a token. The n-th has n+1 spans, and starts n hours after the first.
func settledTraces(t *testing.T, n int) *database {
	t.Helper()
	d := newDatabase()
	for i := range n {
		d.write(later(records(i, 0, i%7+1), i)...)
	}
	r := run(t, d.connect(), settle.Config{})
	time.Sleep(enough)
	r.end()
	d.checkSettled(t, perToken(1))
	return d
}

// later moves records by some hours.
func later(moved []model.Record, hours int) []model.Record {
	for i, r := range moved {
		s := *r.Span
		s.StartNano += int64(hours) * model.NanosPerHour
		s.EndNano += int64(hours) * model.NanosPerHour
		moved[i] = recordOf(&s)
	}
	return moved
}

// costs returns the sum of what all calls cost.
func (d *database) costs() (sum model.Cost) {
	for _, s := range d.traces {
		sum = sum.Plus(s.sum().Cost)
	}
	return sum
}

func TestRepricingGivesEveryTraceThePricesOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := settledTraces(t, 250)
		before := d.costs()
		r := &settle.Repricer{Store: d.connect(), Prices: perToken(3)}
		var told []settle.Report
		got, err := r.Reprice(t.Context(), project, model.TimeRange{}, func(r settle.Report) { told = append(told, r) })
		if err != nil {
			t.Fatal(err)
		}
		d.checkSettled(t, perToken(3))
		// Traces of one span, of which every seventh is one, call no model.
		want := settle.Report{Traces: 250, Changed: 250 - 36, Before: before, After: d.costs(), Reached: start}
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if len(told) != 3 || told[0].Traces != 100 || told[2] != got || told[0].Reached != start+150*model.NanosPerHour {
			t.Errorf("was told %+v", told)
		}

		again, err := r.Reprice(t.Context(), project, model.TimeRange{}, nil)
		if want := (settle.Report{Traces: 250, Before: got.After, After: got.After, Reached: start}); err != nil || again != want {
			t.Errorf("the second time: %+v, %v, want %+v", again, err, want)
		}
		d.checkSettled(t, perToken(3))
	})
}

func TestRepricingKeepsToItsRangeAndToWhatHasSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := settledTraces(t, 20)
		d.write(later(records(3, 10, 1), 3)...)
		r := &settle.Repricer{Store: d.connect(), Prices: perToken(3), Limits: settle.Limits{Spans: 6}}
		within := model.TimeRange{Start: start + 2*model.NanosPerHour, End: start + 8*model.NanosPerHour}
		got, err := r.Reprice(t.Context(), project, within, nil)
		if err != nil {
			t.Fatal(err)
		}
		// From 2 to 7: 3 has not settled, 6 has too many spans, 7 has but one.
		if got.Traces != 4 || got.Changed != 3 || got.Skipped != 1 {
			t.Errorf("got %+v", got)
		}
		for i := range 20 {
			s, prices := d.traces[traceKey{project, traceID(i)}], perToken(1)
			if i == 2 || i == 4 || i == 5 {
				prices = 3
			}
			if i != 3 {
				s.check(t, traceKey{project, traceID(i)}, prices)
			}
		}
		if d.isSettled(project, 3) {
			t.Error("a trace was settled that had not")
		}
	})
}

func TestRepricingSkipsWhatItCannotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := settledTraces(t, 10)
		d.spoil(traceID(4), wrong{damaged: []byte("not OTLP")})
		r := &settle.Repricer{Store: d.connect(), Prices: perToken(3)}
		got, err := r.Reprice(t.Context(), project, model.TimeRange{}, nil)
		if err != nil || got.Traces != 9 || got.Skipped != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestRepricingReturnsHowFarItCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := settledTraces(t, 150)
		on, settles := d.connect(), 0
		on.before = func(_ context.Context, call string) error {
			if call == "Settle" {
				settles++
			}
			if settles == 2 {
				return repo.ErrUnavailable
			}
			return nil
		}
		r := &settle.Repricer{Store: on, Prices: perToken(3)}
		got, err := r.Reprice(t.Context(), project, model.TimeRange{}, nil)
		if !errors.Is(err, repo.ErrUnavailable) || got.Reached != start+50*model.NanosPerHour {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// TestRepricingDoesNotUndoALaterSettlement has a span come, and settle, between
// the moment that a trace is read to be repriced and the moment that it is
// stored.
func TestRepricingDoesNotUndoALaterSettlement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := settledTraces(t, 5)
		loop := run(t, d.connect(), settle.Config{Prices: perToken(3)})
		on, slow := d.connect(), true
		on.before = func(_ context.Context, call string) error {
			if call == "Settle" && slow {
				slow = false
				d.write(later(records(3, 10, 3), 3)...)
				time.Sleep(2 * enough)
			}
			return nil
		}
		r := &settle.Repricer{Store: on, Prices: perToken(3)}
		if got, err := r.Reprice(t.Context(), project, model.TimeRange{}, nil); err != nil || got.Traces != 5 {
			t.Errorf("got %+v, %v", got, err)
		}
		loop.end()
		d.checkSettled(t, perToken(3))
	})
}
