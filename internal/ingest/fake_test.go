package ingest_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// key identifies a span as stores do.
type key struct {
	project string
	trace   model.TraceID
	span    model.SpanID
	start   int64
}

func keyOf(s *model.Span) key { return key{s.Project, s.TraceID, s.SpanID, s.StartNano} }

// store is a repo.Writer in memory that does as a test tells it. Its functions
// are called for each Write, in this order; nil ones do nothing.
type store struct {
	enter  func(ctx context.Context, records []model.Record) error // may block; an error ends the Write
	refuse func(s *model.Span) bool
	commit func(records []model.Record) error // just before the records are stored

	mu      sync.Mutex
	stored  map[key]int // how often each span was committed
	batches [][]key     // of the transactions that committed
	running map[model.TraceID]bool
	overlap bool // two transactions wrote one trace at once
}

func (s *store) Write(ctx context.Context, records []model.Record) (repo.Written, error) {
	s.begin(records)
	defer s.end(records)
	if s.enter != nil {
		if err := s.enter(ctx, records); err != nil {
			return repo.Written{}, err
		}
	}
	for i := range records {
		if s.refuse != nil && s.refuse(records[i].Span) {
			return repo.Written{}, repo.ErrRefused
		}
	}
	if s.commit != nil {
		if err := s.commit(records); err != nil {
			return repo.Written{}, err
		}
	}
	return s.keep(records), nil
}

func (s *store) begin(records []model.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = map[model.TraceID]bool{}
	}
	mine := map[model.TraceID]bool{}
	for i := range records {
		id := records[i].Span.TraceID
		s.overlap = s.overlap || s.running[id] && !mine[id]
		mine[id], s.running[id] = true, true
	}
}

func (s *store) end(records []model.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range records {
		delete(s.running, records[i].Span.TraceID)
	}
}

func (s *store) keep(records []model.Record) (w repo.Written) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stored == nil {
		s.stored = map[key]int{}
	}
	batch := make([]key, len(records))
	for i := range records {
		batch[i] = keyOf(records[i].Span)
		if s.stored[batch[i]]++; s.stored[batch[i]] == 1 {
			w.Stored++
		} else {
			w.Duplicates++
		}
	}
	s.batches = append(s.batches, batch)
	return w
}

func (s *store) has(sp *model.Span) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored[keyOf(sp)] > 0
}

// sizes returns how many spans each transaction held.
func (s *store) sizes() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n []int
	for _, b := range s.batches {
		n = append(n, len(b))
	}
	return n
}

// gate is an enter function that lets transactions in one at a time, as the
// test says.
type gate struct {
	entered chan int      // how many spans the Write that has begun holds
	leave   chan struct{} // lets it go on
}

func newGate() *gate { return &gate{make(chan int), make(chan struct{})} }

func (g *gate) pass(ctx context.Context, records []model.Record) error {
	select {
	case g.entered <- len(records):
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-g.leave:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// letAllPass lets whatever comes go on, until ctx ends.
func (g *gate) letAllPass(ctx context.Context) {
	for {
		select {
		case <-g.entered:
			g.leave <- struct{}{}
		case <-ctx.Done():
			return
		}
	}
}

var now = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// open starts a pipeline that the test's end closes.
func open(t testing.TB, w repo.Writer, c ingest.Config) *ingest.Pipeline {
	t.Helper()
	if c.Now == nil {
		c.Now = clock
	}
	p := ingest.New(w, c)
	t.Cleanup(func() {
		if err := p.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

// span returns a record of the n-th span of a trace.
func span(trace, n int) model.Record {
	s := &model.Span{Project: "default", Name: "s", StartNano: now.UnixNano() + int64(n)}
	s.TraceID[0], s.TraceID[14], s.TraceID[15] = 1, byte(trace>>8), byte(trace)
	s.SpanID = model.SpanIDFromInt64(int64(n) + 1)
	s.EndNano = s.StartNano
	return model.Record{Span: s, Raw: []byte("raw")}
}

// spans returns n records of a trace.
func spans(trace, n int) []model.Record {
	records := make([]model.Record, n)
	for i := range records {
		records[i] = span(trace, i)
	}
	return records
}
