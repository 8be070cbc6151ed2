package settle_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/runs"
	"github.com/agenttrace/agenttrace/internal/settle"
)

const project = "default"

// start is when the first span of all began: an hour before midnight.
var start = time.Date(2026, 3, 14, 23, 0, 0, 0, time.UTC).UnixNano()

func traceID(n int) (id model.TraceID) {
	id[0] = 1
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// span returns the n-th span of a trace: the first is an agent, below which all
// others are, calls of models and of tools in turn. One starts each second.
func span(trace, n int) *model.Span {
	s := &model.Span{
		Project: project, TraceID: traceID(trace), SpanID: model.SpanIDFromInt64(int64(n + 1)),
		StartNano: start + int64(n)*int64(time.Second), EndNano: start + int64(n+1)*int64(time.Second),
		Name: "work", Service: "shop",
	}
	switch {
	case n == 0:
		s.Type, s.Identity = model.TypeAgent, model.Identity{AgentID: "clerk", SessionID: "s", RunID: "r"}
		s.EndNano += int64(time.Hour)
	case n%2 == 1:
		s.Type, s.Model, s.Usage = model.TypeLLM, "gpt", model.Usage{Input: int64(10 * n), Output: int64(n)}
	default:
		s.Type, s.ToolName = model.TypeTool, "search"
	}
	if n > 0 {
		s.ParentID = model.SpanIDFromInt64(1)
	}
	return s
}

// recordOf returns a span as it would have come over the wire.
func recordOf(s *model.Span) model.Record {
	sent := *s
	otlp.AddMissingAttributes(&sent)
	records, err := otlp.ParseStored(s.Project, otlp.EncodeSpans([]*model.Span{&sent}))
	if err != nil || len(records) != 1 {
		panic(err)
	}
	return records[0]
}

// records returns n spans of a trace from the first-th on.
func records(trace, first, n int) []model.Record {
	out := make([]model.Record, n)
	for i := range out {
		out[i] = recordOf(span(trace, first+i))
	}
	return out
}

// running is a loop that runs until it is ended.
type running struct {
	*connection
	cancel context.CancelFunc
	wg     sync.WaitGroup
	begun  time.Time
}

// run starts a loop on a connection of its own, which the test's end ends. The
// prices are 1 a token, unless c says otherwise.
func run(t *testing.T, on *connection, c settle.Config) *running {
	t.Helper()
	c.Store = on
	if c.Prices == nil {
		c.Prices = perToken(1)
	}
	loop := settle.New(c)
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{connection: on, cancel: cancel, begun: time.Now()}
	r.wg.Go(func() { loop.Run(ctx) })
	t.Cleanup(r.end)
	return r
}

// end ends the loop as a server does that is stopped.
func (r *running) end() {
	r.cancel()
	r.wg.Wait()
}

// crash ends the loop in such a way that it cannot say goodbye.
func (r *running) crash() {
	r.kill()
	r.end()
}

// isSettled reports whether all spans of a trace are accounted for.
func (d *database) isSettled(project string, trace int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.traces[traceKey{project, traceID(trace)}].isSettled()
}

// cursor returns what a loop would begin from.
func (d *database) cursor() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return string(d.cursors["settle"])
}

// head returns the cursor behind everything.
func (d *database) head() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return string(cursorAt(len(d.entries)))
}

// tb is what a check needs of a test; rapid's has it, too.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkSettled checks that every trace has settled as runs.Of says, that each of
// its days is one segment, that the saved cursor is at the head, and that nobody
// did what he must not.
func (d *database) checkSettled(t tb, prices runs.Pricer) {
	t.Helper()
	if d.cursor() != d.head() && d.head() != "0" {
		t.Errorf("the saved cursor is %q, want %q", d.cursor(), d.head())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, s := range d.traces {
		s.check(t, key, prices)
	}
	for _, fault := range d.faults {
		t.Errorf("%s", fault)
	}
}

func (s *stored) check(t tb, key traceKey, prices runs.Pricer) {
	t.Helper()
	if !s.isSettled() {
		t.Errorf("trace %s has not settled", key.id)
		return
	}
	want := runs.Of(s.spans(), prices)
	if diff := cmp.Diff(want.Runs, s.runs, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("runs of trace %s differ (-want +got):\n%s", key.id, diff)
	}
	if diff := cmp.Diff(want.Bills, s.bills, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("bills of trace %s differ (-want +got):\n%s", key.id, diff)
	}
	for _, part := range want.Parts {
		if got := s.settled[part.Day]; got != part {
			t.Errorf("a day of trace %s settled as %+v, want %+v", key.id, got, part)
		}
	}
	if len(s.segments) != len(s.days()) {
		t.Errorf("trace %s is in %d segments on %d days", key.id, len(s.segments), len(s.days()))
	}
}

// metric returns a number that loops report.
func metric(t *testing.T, r *prometheus.Registry, name string, label ...string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && (len(label) == 0 || m.GetLabel()[0].GetValue() == label[0]) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s %v", name, label)
	return 0
}

// logged counts lines by message.
type logged struct {
	slog.Handler
	mu    sync.Mutex
	lines map[string]int
}

func newLog() *logged {
	return &logged{Handler: slog.DiscardHandler, lines: map[string]int{}}
}

// Enabled implements slog.Handler.
func (*logged) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler. It counts warnings and errors.
func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Level >= slog.LevelWarn {
		l.lines[r.Message]++
	}
	return nil
}

// count returns how many warnings and errors there are.
func (l *logged) count() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lines := range l.lines {
		n += lines
	}
	return n
}
