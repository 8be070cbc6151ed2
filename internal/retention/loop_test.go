package retention_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/retention"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake notes what it is asked to do and when.
type fake struct {
	mu       sync.Mutex
	prepared []model.TimeRange
	dropped  []int64
	passes   []time.Time // when Prepare was called
	errs     []error     // what the next calls of Prepare return
	dropErr  error
	found    repo.Dropped // what Drop finds
}

func (f *fake) Prepare(_ context.Context, r model.TimeRange) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passes = append(f.passes, time.Now())
	if len(f.errs) > 0 {
		err := f.errs[0]
		f.errs = f.errs[1:]
		if err != nil {
			return err
		}
	}
	f.prepared = append(f.prepared, r)
	return nil
}

func (f *fake) Drop(_ context.Context, horizon int64) (repo.Dropped, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped = append(f.dropped, horizon)
	return f.found, f.dropErr
}

func (f *fake) Ping(context.Context) error { return nil }
func (f *fake) Close() error               { return nil }

// run lets a loop run for so long, in a bubble of its own time, and returns
// when its passes began, counted from the start.
func run(t *testing.T, f *fake, c retention.Config, length time.Duration) []time.Duration {
	t.Helper()
	var offsets []time.Duration
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		retention.New(f, c).Run(ctx)
		if took := time.Since(began); took != length {
			t.Errorf("Run returned after %v, want when its context ended, after %v", took, length)
		}
		for _, p := range f.passes {
			offsets = append(offsets, p.Sub(began))
		}
	})
	return offsets
}

func TestRunMakesAPassAtOnceAndOneEachInterval(t *testing.T) {
	f := &fake{}
	passes := run(t, f, retention.Config{}, 150*time.Minute)
	if want := []time.Duration{0, time.Hour, 2 * time.Hour}; !slices.Equal(passes, want) {
		t.Errorf("passes at %v, want %v", passes, want)
	}
}

func TestPassPreparesYesterdayToThreeDaysAhead(t *testing.T) {
	f := &fake{}
	now := time.Date(2026, time.May, 2, 13, 0, 0, 1, time.UTC)
	if err := retention.New(f, retention.Config{Now: func() time.Time { return now }}).Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := model.TimeRange{Start: now.AddDate(0, 0, -1).UnixNano(), End: now.AddDate(0, 0, 3).UnixNano()}
	if len(f.prepared) != 1 || f.prepared[0] != want {
		t.Errorf("prepared %v, want %v", f.prepared, want)
	}
}

func TestPassDropsWhatIsOlderThanItIsKept(t *testing.T) {
	now := time.Date(2026, time.May, 31, 13, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		keep time.Duration
		want []int64
	}{
		{0, nil}, // for ever
		{24 * time.Hour, []int64{now.AddDate(0, 0, -1).UnixNano()}},
		{30 * 24 * time.Hour, []int64{now.AddDate(0, 0, -30).UnixNano()}},
	} {
		f := &fake{}
		l := retention.New(f, retention.Config{Keep: test.keep, Now: func() time.Time { return now }})
		if err := l.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.dropped, test.want) {
			t.Errorf("kept for %v: dropped before %v, want %v", test.keep, f.dropped, test.want)
		}
	}
}

func TestRunBacksOffWhileTheStoreIsAway(t *testing.T) {
	f := &fake{errs: slices.Repeat([]error{fmt.Errorf("connect: %w", repo.ErrUnavailable)}, 8)}
	passes := run(t, f, retention.Config{}, 2*time.Hour)
	var waits []time.Duration
	for i := range passes[1:] {
		waits = append(waits, (passes[i+1] - passes[i]).Round(time.Second))
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 3600}
	for i := range want {
		want[i] *= time.Second
	}
	if !slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v", waits, want)
	}
}

func TestBackingOffStartsAnewAfterAGoodPass(t *testing.T) {
	away := repo.ErrUnavailable
	f := &fake{errs: []error{away, away, nil, away}}
	passes := run(t, f, retention.Config{}, 61*time.Minute)
	want := []time.Duration{0, time.Second, 3 * time.Second, time.Hour + 3*time.Second, time.Hour + 4*time.Second}
	if !slices.Equal(passes, want) {
		t.Errorf("passes at %v, want %v", passes, want)
	}
}

func TestRunNeverWaitsLongerAfterAFailureThanAfterSuccess(t *testing.T) {
	f := &fake{errs: slices.Repeat([]error{repo.ErrUnavailable}, 100)}
	passes := run(t, f, retention.Config{Interval: 3 * time.Second}, 20*time.Second)
	for i := range passes[1:] {
		if wait := passes[i+1] - passes[i]; wait > 3*time.Second {
			t.Errorf("waited %v", wait)
		}
	}
}

func TestDropThatFailsIsReported(t *testing.T) {
	broken := errors.New("broken")
	f := &fake{dropErr: broken}
	if err := retention.New(f, retention.Config{Keep: time.Hour}).Pass(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Pass returned %v, want what Drop returned", err)
	}
}

func TestRunLogsWhatItDropsAndNothingOtherwise(t *testing.T) {
	for _, test := range []struct {
		found repo.Dropped
		lines int
	}{{repo.Dropped{}, 0}, {repo.Dropped{Days: 2, Spans: 70}, 1}} {
		var log strings.Builder
		l := retention.New(&fake{found: test.found}, retention.Config{Keep: time.Hour, Log: slog.New(slog.NewJSONHandler(&log, nil))})
		if err := l.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(log.String(), "\n"); n != test.lines {
			t.Errorf("%d lines for %+v, want %d: %s", n, test.found, test.lines, &log)
		}
	}
}
