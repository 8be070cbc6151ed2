package agenttrace

import (
	"context"
	"iter"

	"connectrpc.com/connect"
)

// StreamOption sets something of one stream.
type StreamOption func(*streamOptions)

type streamOptions struct {
	progress func(*Progress)
}

// OnProgress calls f, in the loop's goroutine, when the server says how far its
// search has come: now and then while a query is asked, and at the end.
func OnProgress(f func(*Progress)) StreamOption {
	return func(o *streamOptions) { o.progress = f }
}

// opener begins a stream.
type opener[Req, Res any] func(context.Context, *Req) (*connect.ServerStreamForClient[Res], error)

// stream yields the messages of a stream. As long as none has come, it is begun
// again as other calls are; what has been delivered cannot be taken back, so that
// the stream ends with its error then.
func stream[Req, Res any](ctx context.Context, c *Client, name string, req *Req, open opener[Req, Res]) iter.Seq2[*Res, error] {
	return func(yield func(*Res, error) bool) {
		for n := 1; ; n++ {
			came := false
			err := receive(ctx, orEmpty(req), open, func(m *Res) bool {
				came = true
				return yield(m, nil)
			})
			if err == nil {
				return
			}
			err = c.callError(ctx, name, err)
			if !came && c.mayRetry(n, err) {
				last := err
				if err = c.pause(ctx, n, last); err == nil {
					continue
				}
			}
			yield(nil, err)
			return
		}
	}
}

// receive hands the messages of one stream to yield until that wants no more, or
// the stream ends.
func receive[Req, Res any](ctx context.Context, req *Req, open opener[Req, Res], yield func(*Res) bool) error {
	// Only cancelling ends a stream at once, and with it the server's work:
	// closing one alone may wait for what is under way.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := open(ctx, req)
	if err != nil {
		return err
	}
	defer func() {
		cancel()
		_ = s.Close() // what it says does not matter any more
	}()
	for s.Receive() {
		if !yield(s.Msg()) {
			return nil
		}
	}
	return s.Err()
}

// found is a message of a stream that searches.
type found interface{ GetProgress() *Progress }

// foundItems yields the items of a stream that searches, one by one.
func foundItems[Res found, T any](messages iter.Seq2[Res, error], items func(Res) []T, options []StreamOption) iter.Seq2[T, error] {
	var o streamOptions
	for _, option := range options {
		option(&o)
	}
	return func(yield func(T, error) bool) {
		for m, err := range messages {
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items(m) {
				if !yield(item, nil) {
					return
				}
			}
			if p := m.GetProgress(); p != nil && o.progress != nil {
				o.progress(p)
			}
		}
	}
}
