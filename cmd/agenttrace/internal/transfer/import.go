package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// Piece is some spans on their way to a server.
type Piece struct {
	ResourceSpans []byte // nil where there is nothing but a position
	Spans         int
	// Position is where reading may go on when everything up to this piece has
	// been taken; empty where it may not.
	Position string
	// Problems are what could not be read as it is.
	Problems []string
	// Traces is how many traces end with this piece, where that is known.
	Traces int
}

// Import sends spans to a server.
type Import struct {
	// Send stores a TracesData message; SendTraces of the client. It returns how many
	// spans the server refused for good, and why.
	Send func(ctx context.Context, tracesData []byte) (rejected int64, why string, err error)
	// Passing reports whether an error of Send may pass, and when to try again; 0
	// where the server does not say.
	Passing func(error) (bool, time.Duration)
	// Progress is told now and then what has been taken.
	Progress func(Imported)
	// Remember is told from where reading may go on, in order.
	Remember func(position string) error
	// Patience is how long to wait for a server that takes nothing; 0 for two
	// minutes.
	Patience time.Duration
	// DryRun counts, and sends nothing.
	DryRun bool

	// Limits of tests; 0 for the constants below.
	gather, largest int
}

// Imported is what an import has done.
type Imported struct {
	Traces   int64    `json:"traces,omitempty"` // where the source tells
	Spans    int64    `json:"spans"`            // that the server has now
	Bytes    int64    `json:"bytes"`            // of messages that it took
	Rejected int64    `json:"rejected"`         // spans that it will never take
	Empty    int64    `json:"empty,omitempty"`  // traces of which there were no spans
	Problems int64    `json:"problems,omitempty"`
	Reasons  []string `json:"reasons,omitempty"` // why spans were rejected, the first few
	Notes    []string `json:"notes,omitempty"`   // what the problems were, the first few
}

const (
	// Messages are far below what a server takes at most (64 MiB, 131,072 spans):
	// small ones keep several busy, and cost little when they are sent again.
	messageBytes = 4 << 20
	messageSpans = 8192
	// maxMessage is the most that is sent as one: a span of that size alone.
	maxMessage = 63 << 20
	// inFlight is how many messages are under way at once.
	inFlight = 4
	// mostNotes is how many reasons and problems are kept.
	mostNotes = 10
)

// run is one import under way.
type run struct {
	*Import
	ctx    context.Context
	cancel context.CancelCauseFunc
	work   sync.WaitGroup
	slots  chan struct{}

	pending  []byte // of the message that is being gathered
	spans    int
	traces   int64
	position string
	sequence int

	mu       sync.Mutex
	done     Imported
	taken    map[int]string // messages that were taken before one that was sent earlier
	next     int            // the first message that was not
	lastGood time.Time
}

// Run sends everything that pieces yield. After an error of the source, what came
// before is sent all the same; the error is returned with what was done.
func (i *Import) Run(ctx context.Context, pieces iter.Seq2[Piece, error]) (Imported, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	own := *i
	if own.gather == 0 {
		own.gather, own.largest = messageBytes, maxMessage
	}
	r := &run{Import: &own, ctx: ctx, cancel: cancel, slots: make(chan struct{}, inFlight), taken: map[int]string{}, lastGood: time.Now()}
	var failed error
	for piece, err := range pieces {
		if err == nil {
			err = r.add(piece)
		}
		if err != nil {
			failed = err
			break
		}
	}
	if ctx.Err() == nil {
		failed = errors.Join(failed, r.flush())
	}
	r.work.Wait()
	if cause := context.Cause(ctx); cause != nil {
		failed = cause // what stopped the sending, not that it was stopped
	}
	return r.done, failed
}

// add takes a piece into the message, or several.
func (r *run) add(p Piece) error {
	r.note(p)
	if p.ResourceSpans != nil {
		parts, err := otlpfile.Parts(p.ResourceSpans, r.gather, messageSpans)
		if err != nil {
			return err
		}
		for _, part := range parts {
			if err := r.part(part); err != nil {
				return err
			}
		}
	}
	r.traces += int64(p.Traces)
	if p.Position != "" {
		r.position = p.Position
	}
	return nil
}

func (r *run) part(part []byte) error {
	spans, err := otlpfile.CountSpans(part)
	if err != nil {
		return err
	}
	if len(part) > r.largest {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.done.Rejected += int64(spans)
		r.done.Reasons = noted(r.done.Reasons, fmt.Sprintf("a span of %d bytes is larger than a message may be (%d)", len(part), r.largest))
		return nil
	}
	if len(r.pending) > 0 && (len(r.pending)+len(part) > r.gather || r.spans+spans > messageSpans) {
		if err := r.flush(); err != nil {
			return err
		}
	}
	r.pending = append(wire.AppendHead(r.pending, 1, len(part)), part...)
	r.spans += spans
	return nil
}

// note keeps what a piece says beside its spans.
func (r *run) note(p Piece) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.Traces > 0 && p.Spans == 0 && p.ResourceSpans == nil && len(p.Problems) == 0 {
		r.done.Empty++
	}
	r.done.Problems += int64(len(p.Problems))
	for _, problem := range p.Problems {
		r.done.Notes = noted(r.done.Notes, problem)
	}
}

func noted(notes []string, note string) []string {
	if len(notes) == mostNotes {
		return notes
	}
	return append(notes, note)
}

// message is what is sent at once.
type message struct {
	data     []byte
	spans    int
	traces   int64
	position string
	sequence int
}

// flush sends the message that has been gathered. It waits while as many as may
// be are under way.
func (r *run) flush() error {
	m := message{r.pending, r.spans, r.traces, r.position, r.sequence}
	r.pending, r.spans, r.traces, r.position = nil, 0, 0, ""
	r.sequence++
	if m.spans == 0 || r.DryRun {
		return r.took(m, 0, "")
	}
	select {
	case r.slots <- struct{}{}:
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
	r.work.Go(func() {
		defer func() { <-r.slots }()
		rejected, why, err := r.deliver(m.data)
		if err == nil {
			err = r.took(m, rejected, why)
		}
		if err != nil {
			r.cancel(err)
		}
	})
	return nil
}

const (
	firstWait = 250 * time.Millisecond
	mostWait  = 10 * time.Second
	patience  = 2 * time.Minute
)

// deliver sends a message until the server has taken it, or has taken nothing at
// all for too long.
func (r *run) deliver(data []byte) (rejected int64, why string, err error) {
	limit := r.Patience
	if limit == 0 {
		limit = patience
	}
	for wait := firstWait; ; wait = min(2*wait, mostWait) {
		rejected, why, err = r.Send(r.ctx, data)
		if err == nil || r.ctx.Err() != nil {
			return rejected, why, err
		}
		passing, after := r.Passing(err)
		r.mu.Lock()
		tooLong := time.Since(r.lastGood) >= limit
		r.mu.Unlock()
		if !passing || tooLong {
			return 0, "", err
		}
		select {
		case <-time.After(max(wait, after)):
		case <-r.ctx.Done():
			return 0, "", context.Cause(r.ctx)
		}
	}
}

// took counts a message that the server has taken, and remembers up to where it
// has taken all.
func (r *run) took(m message, rejected int64, why string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastGood = time.Now()
	r.done.Traces += m.traces
	r.done.Spans += int64(m.spans) - rejected
	r.done.Bytes += int64(len(m.data))
	r.done.Rejected += rejected
	if rejected > 0 {
		r.done.Reasons = noted(r.done.Reasons, why)
	}
	r.taken[m.sequence] = m.position
	position := ""
	for {
		at, ok := r.taken[r.next]
		if !ok {
			break
		}
		delete(r.taken, r.next)
		r.next++
		if at != "" {
			position = at
		}
	}
	if r.Progress != nil {
		r.Progress(r.done)
	}
	if position == "" || r.Remember == nil || r.DryRun {
		return nil
	}
	return r.Remember(position)
}
