package settle_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/settle"
)

func TestStatusTellsWhoSettlesAndHowMuchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		on := d.connect()
		on.before = func(_ context.Context, made string) error {
			if made == "Settle" {
				return repo.ErrUnavailable
			}
			return nil
		}
		first := settle.New(settle.Config{Store: on, Prices: perToken(1)})
		second := settle.New(settle.Config{Store: d.connect(), Prices: perToken(1)})
		if s := first.Status(); s != (settle.Status{}) {
			t.Errorf("before it runs, a loop is %+v", s)
		}
		ctx, end := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { first.Run(ctx) })
		synctest.Wait()
		running.Go(func() { second.Run(ctx) })
		d.write(records(1, 0, 3)...)
		time.Sleep(settle.DefaultQuiet / 2)
		if s := first.Status(); !s.Active || s.Pending != 1 || s.Lag != 0 {
			t.Errorf("with a trace that is not due yet: %+v", s)
		}
		time.Sleep(settle.DefaultQuiet)
		if s := first.Status(); !s.Active || s.Pending != 1 || s.Lag < 4*time.Second || s.Lag > 6*time.Second {
			t.Errorf("with a trace that should have settled 5 s ago: %+v", s)
		}
		if s := second.Status(); s.Active {
			t.Errorf("without the lease: %+v", s)
		}
		end()
		running.Wait()
		if s := first.Status(); s != (settle.Status{}) {
			t.Errorf("after its end, a loop is %+v", s)
		}
	})
}
