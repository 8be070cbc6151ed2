package settle

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

const (
	// What is stored at once ends where one of these is reached. A trace that
	// has more is stored alone.
	batchBytes = 32 << 20
	batchSpans = 16_384

	// tries is how often a trace is tried that fails for a reason that should
	// not pass, patientTries how often where it could.
	tries        = 3
	patientTries = 6
)

// worker settles one batch after the other.
type worker struct {
	*term
	reader reader

	// Of what is to be stored next.
	settlements []repo.Settlement
	spans       int
	bytes       int
	segments    int // that will be replaced
}

func newWorker(t *term) *worker {
	c := &t.config
	return &worker{term: t, reader: reader{store: c.Store, prices: c.Prices, limits: c.limits(), compact: true}}
}

// run settles until there are no more batches, or it cannot go on.
func (w *worker) run(ctx context.Context) {
	for b := range w.batches {
		if err := w.settle(ctx, b.traces); err != nil {
			if errors.Is(err, repo.ErrLeaseLost) {
				w.lose(repo.ErrLeaseLost)
			}
			return
		}
		w.done <- b
	}
}

// settle settles some traces. It fails only where all of settling has to end.
func (w *worker) settle(ctx context.Context, traces []*waiting) error {
	keys := make([]traceKey, len(traces))
	for i, t := range traces {
		keys[i] = t.key
	}
	slices.SortFunc(keys, func(a, b traceKey) int {
		return cmp.Or(cmp.Compare(a.project, b.project), bytes.Compare(a.id[:], b.id[:]))
	})
	err := w.once(ctx, keys)
	if err == nil || final(ctx, err) {
		return err
	}
	for i := range keys {
		if err := w.alone(ctx, keys[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// alone settles a trace of which it is not known whether it can. One that cannot
// is given up, so that it does not stop the others.
func (w *worker) alone(ctx context.Context, key []traceKey) error {
	var trouble spell
	for try := 1; ; try++ {
		err := w.once(ctx, key)
		switch {
		case err == nil || final(ctx, err):
			return err
		case try >= tries && !passing(err), try == patientTries:
			w.misfit.add(ctx, key[0], err)
			return nil
		}
		if err := rest(ctx, trouble.failed(ctx, w.Loop, "settle a trace", err)); err != nil {
			return err
		}
	}
}

// final reports whether an error ends all of settling.
func final(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, repo.ErrLeaseLost)
}

// once settles traces, ordered by project, in as many transactions as it takes.
func (w *worker) once(ctx context.Context, keys []traceKey) error {
	defer w.forget() // after an error
	for left := (work{keys: keys}); !left.empty(); {
		if err := exclusively(ctx, w.reading, func() error { return w.fill(ctx, &left) }); err != nil {
			return err
		}
		if err := exclusively(ctx, w.storing, func() error { return w.store(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// exclusively calls f while nobody else has the token.
func exclusively(ctx context.Context, token chan struct{}, f func() error) error {
	select {
	case token <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-token }()
	return f()
}

// work is what is left to do of a batch.
type work struct {
	keys    []traceKey      // not looked at
	project string          // of refs
	refs    []repo.TraceRef // not read
}

func (l *work) empty() bool { return len(l.keys) == 0 && len(l.refs) == 0 }

// fill reads traces, and derives from them, until that is enough to be stored at
// once, or nothing is left.
func (w *worker) fill(ctx context.Context, left *work) error {
	for !w.enough() && !left.empty() {
		if len(left.refs) == 0 {
			if err := w.look(ctx, left); err != nil {
				return err
			}
			continue
		}
		err := w.insist(ctx, "read traces", func(ctx context.Context) (err error) {
			left.refs, err = w.reader.read(ctx, left.project, left.refs, func(t whole) bool {
				w.add(ctx, left.project, t)
				return !w.enough()
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// look finds out which of the next project's traces are to be read.
func (w *worker) look(ctx context.Context, left *work) error {
	left.project = left.keys[0].project
	var ids []model.TraceID
	for len(left.keys) > 0 && left.keys[0].project == left.project {
		ids, left.keys = append(ids, left.keys[0].id), left.keys[1:]
	}
	return w.insist(ctx, "look for unsettled traces", func(ctx context.Context) error {
		refs, err := w.config.Store.Unsettled(ctx, left.project, ids)
		if err != nil {
			return err
		}
		left.refs = slices.DeleteFunc(refs, func(ref repo.TraceRef) bool { return w.unfit(ctx, left.project, ref) })
		// Neighbours in time are neighbours in the store.
		slices.SortFunc(left.refs, func(a, b repo.TraceRef) int { return cmp.Compare(a.Range.Start, b.Range.Start) })
		return nil
	})
}

// unfit reports whether a trace need not be read to know that it is too large.
func (w *worker) unfit(ctx context.Context, project string, ref repo.TraceRef) bool {
	key := traceKey{project, ref.ID}
	if most := w.reader.limits.Spans; ref.MaxSpans > int64(most) {
		w.misfit.add(ctx, key, &TooLargeError{Limits{Spans: most}})
		return true
	}
	return w.misfit.knows(key)
}

func (w *worker) enough() bool {
	return len(w.settlements) >= batchTraces || w.bytes >= batchBytes || w.spans >= batchSpans
}

// add adds a trace to what is to be stored.
func (w *worker) add(ctx context.Context, project string, t whole) {
	if t.err != nil {
		w.misfit.add(ctx, traceKey{project, t.ref.ID}, t.err)
		return
	}
	s := t.settlement(project)
	w.settlements = append(w.settlements, s)
	w.spans += t.spans
	w.bytes += t.bytes
	for i := range s.Segments {
		w.segments += len(s.Segments[i].Replaces)
	}
}

// settlement returns what is to be stored of a trace.
func (t *whole) settlement(project string) repo.Settlement {
	return repo.Settlement{
		Project: project, TraceID: t.ref.ID,
		Parts: t.derived.Parts, Runs: t.derived.Runs, Bills: t.derived.Bills, Segments: t.segments,
	}
}

// store stores what was derived.
func (w *worker) store(ctx context.Context) error {
	defer w.forget()
	if len(w.settlements) == 0 {
		return nil
	}
	err := w.insist(ctx, "store settlements", func(ctx context.Context) error {
		return w.config.Store.Settle(ctx, &w.lease, w.settlements)
	})
	if err != nil {
		return err
	}
	m := w.config.Metrics
	m.traces.Add(float64(len(w.settlements)))
	m.spans.Add(float64(w.spans))
	m.compacted.Add(float64(w.segments))
	return nil
}

// forget lets go of what was to be stored.
func (w *worker) forget() {
	clear(w.settlements)
	w.settlements, w.spans, w.bytes, w.segments = w.settlements[:0], 0, 0, 0
	w.reader.arena.reset()
}
