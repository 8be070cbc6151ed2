package agenttrace

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// call makes a call that has one answer, as often as it takes.
func call[Req, Res any](ctx context.Context, c *Client, name string, req *Req, do func(context.Context, *Req) (*Res, error)) (*Res, error) {
	if req == nil {
		req = new(Req)
	}
	ctx, cancel := c.withTimeout(ctx)
	defer cancel()
	for n := 1; ; n++ {
		res, err := do(ctx, req)
		if err == nil {
			return res, nil
		}
		err = c.callError(ctx, name, err)
		if !c.mayRetry(n, err) {
			return nil, err
		}
		if err := c.pause(ctx, n, err); err != nil {
			return nil, err
		}
	}
}

// withTimeout limits a context that has no deadline.
func (c *Client) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has || c.config.timeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.config.timeout)
}

// callError returns the error of a call. What the client itself refuses to read
// gets the type that it would have from the server.
func (c *Client) callError(ctx context.Context, name string, err error) error {
	err = callError(ctx, name, err)
	e, ok := err.(*CallError)
	if !ok || e.Code != CodeResourceExhausted || e.FromServer || !isTooLarge(e) {
		return err
	}
	e.Reason = ReasonMessageTooLarge
	e.Message = fmt.Sprintf("the answer is larger than the %d bytes that this client takes; see WithMaxMessageBytes", c.config.maxMessage)
	return &MessageTooLargeError{CallError: e, MaxBytes: int64(c.config.maxMessage)}
}

// isTooLarge reports whether Connect refused to read a message. An answer of 429
// from something between has the same code.
func isTooLarge(e *CallError) bool {
	return strings.Contains(e.Message, "is larger than configured max")
}

// mayRetry reports whether a call may be made again after its nth attempt ended
// with err.
func (c *Client) mayRetry(n int, err error) bool {
	if n > c.config.retries {
		return false
	}
	e, ok := errors.AsType[*CallError](err)
	return ok && (e.Code == CodeUnavailable || e.RetryAfter > 0)
}

// pause waits before the next attempt. It returns an error when there will be
// none: the one that the last attempt ended with, when the context would end
// before, and its own when it ends.
func (c *Client) pause(ctx context.Context, n int, err error) error {
	pause := c.pauseAfter(n, err)
	if deadline, has := ctx.Deadline(); has && time.Until(deadline) <= pause {
		return err
	}
	return sleep(ctx, pause, err)
}

// pauseAfter returns how long to wait after the nth attempt.
func (c *Client) pauseAfter(n int, err error) time.Duration {
	if e, ok := errors.AsType[*CallError](err); ok && e.RetryAfter > 0 {
		return e.RetryAfter + rand.N(e.RetryAfter/10+1)
	}
	pause := c.config.longest
	if doubled := c.config.first << min(n-1, 32); doubled>>min(n-1, 32) == c.config.first {
		pause = min(pause, doubled)
	}
	return pause - rand.N(pause/2+1)
}

// sleep waits; err is what the waiting is for.
func sleep(ctx context.Context, d time.Duration, err error) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return interrupted(ctx, err)
	}
}

// interrupted returns the error of a call whose context ended between attempts.
func interrupted(ctx context.Context, last error) error {
	e := &CallError{Code: CodeCanceled, cause: ctx.Err()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Code = CodeDeadlineExceeded
	}
	e.Message = ctx.Err().Error()
	if l, ok := errors.AsType[*CallError](last); ok {
		e.Call = l.Call
		e.Message += " while waiting to try again after: " + l.Message
	}
	return e
}
