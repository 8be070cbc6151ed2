package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// stopStep ends one part of the server.
type stopStep struct {
	name string
	// share is the part's own of the time for all, in percent.
	share int
	// do returns when the part has ended, or soon after ctx did.
	do func(ctx context.Context) error
}

// The budgets. What a caller is waiting for gets most: requests first, then the
// spans that they left in the queue.
const (
	shareDemo      = 5
	shareHTTP      = 45
	shareSettling  = 5
	shareTail      = 5
	shareRetention = 5
	shareIngest    = 25
	shareStore     = 10
)

// onStop adds a part that was started, so that Drain ends it before those that
// were started earlier.
func (s *Server) onStop(name string, share int, do func(context.Context) error) {
	s.stops = append(s.stops, stopStep{name, share, do})
}

// Drain ends the server: it is not ready any more, refuses new requests,
// answers those that it has, writes what waits, and closes the store. Nothing
// that was acknowledged is lost, also when Drain returns an error: that only
// says what did not end in time, or not cleanly. A part has until all shares so far
// are over: its own and what those before it left, less what one of them took too
// long. ctx may end before.
func (s *Server) Drain(ctx context.Context) error {
	if !s.draining.Swap(true) {
		close(s.stopping)
	}
	total, start, shares := time.Duration(s.Config.ShutdownTimeout), s.Now(), 0
	var problems []error
	for len(s.stops) > 0 {
		last := len(s.stops) - 1
		step := s.stops[last]
		s.stops = s.stops[:last]
		shares += step.share
		begun := s.Now()
		err := step.run(ctx, total*time.Duration(shares)/100-begun.Sub(start))
		took := s.Now().Sub(begun)
		if err != nil {
			s.Log.Error("stopped", "part", step.name, "took", took, "error", err)
			problems = append(problems, err)
			continue
		}
		s.Log.Info("stopped", "part", step.name, "took", took)
	}
	return errors.Join(problems...)
}

func (st stopStep) run(ctx context.Context, budget time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	if err := st.do(ctx); err != nil {
		return fmt.Errorf("stop %s: %w", st.name, err)
	}
	return nil
}

// abandon calls f, which cannot be told to hurry, and returns without it when
// ctx ends. It is for the last thing that a process does.
func abandon(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
