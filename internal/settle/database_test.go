package settle_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// database keeps traces, and what is derived from them, in memory. It does what
// the contract of stores says as far as settling needs it, and notes what a
// caller must not do.
type database struct {
	mu      sync.Mutex
	traces  map[traceKey]*stored
	entries []repo.Change
	floor   int // entries below are gone
	cursors map[string]repo.Cursor
	lease   repo.Lease
	until   time.Time // the lease
	storing int       // calls of Settle with a fence
	places  int64
	writes  repo.WriteID
	faults  []string // what callers did wrong

	wrong map[model.TraceID]wrong

	settles  []int // how many traces each Settle stored
	read     map[model.TraceID]int
	terms    []int64 // of the fences of settlements
	replaced int
}

// wrong says what is wrong with a trace.
type wrong struct {
	unreadable error  // what Segments fails with
	damaged    []byte // what is there instead of content
	unstorable error  // what Settle fails with
}

type traceKey struct {
	project string
	id      model.TraceID
}

// stored is a trace.
type stored struct {
	segments []segment // by earliest start
	settled  map[int64]model.TracePart
	runs     []*model.Run
	bills    []model.Bill
}

// segment is one of them; its records alias nothing.
type segment struct {
	place   repo.Place
	records []model.Record
	writes  []repo.WriteID
	quick   bool
}

func newDatabase() *database {
	return &database{
		traces: map[traceKey]*stored{}, cursors: map[string]repo.Cursor{}, read: map[model.TraceID]int{}, wrong: map[model.TraceID]wrong{},
	}
}

// fault notes what a caller did wrong. The caller holds mu.
func (d *database) fault(format string, args ...any) {
	d.faults = append(d.faults, fmt.Sprintf(format, args...))
}

// write stores records of new spans as one write.
func (d *database) write(records ...model.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	type place struct {
		traceKey
		day int64
	}
	parts, changes := map[place][]model.Record{}, map[string]*repo.Change{}
	for _, r := range records {
		key := traceKey{r.Span.Project, r.Span.TraceID}
		p := place{key, model.Day(r.Span.StartNano)}
		parts[p] = append(parts[p], r)
		c := changes[key.project]
		if c == nil {
			c = &repo.Change{Project: key.project, Write: d.writes, WrittenNano: time.Now().UnixNano(),
				Earliest: r.Span.StartNano, Latest: r.Span.StartNano}
			changes[key.project] = c
		}
		c.Spans++
		c.Earliest, c.Latest = min(c.Earliest, r.Span.StartNano), max(c.Latest, r.Span.StartNano)
		if !slices.Contains(c.TraceIDs, key.id) {
			c.TraceIDs = append(c.TraceIDs, key.id)
		}
	}
	for p, part := range parts {
		if d.traces[p.traceKey] == nil {
			d.traces[p.traceKey] = &stored{settled: map[int64]model.TracePart{}}
		}
		slices.SortFunc(part, byStart)
		written := d.newSegment(part, slices.Repeat([]repo.WriteID{d.writes}, len(part)))
		written.quick = d.places%2 == 0
		d.traces[p.traceKey].insert(written)
	}
	for _, project := range slices.Sorted(maps.Keys(changes)) {
		d.entries = append(d.entries, *changes[project])
	}
}

func byStart(a, b model.Record) int {
	return cmp.Or(cmp.Compare(a.Span.StartNano, b.Span.StartNano), bytes.Compare(a.Span.SpanID[:], b.Span.SpanID[:]))
}

// newSegment returns a segment of its own memory.
func (d *database) newSegment(records []model.Record, writes []repo.WriteID) segment {
	d.places++
	stored, err := otlp.ParseStored(records[0].Span.Project, otlp.AppendTracesData(nil, records))
	if err != nil {
		stored = slices.Clone(records) // a damaged one
	}
	return segment{place: repo.Place{Start: records[0].Span.StartNano, ID: d.places}, records: stored, writes: slices.Clone(writes)}
}

func (s *stored) insert(g segment) {
	s.segments = append(s.segments, g)
	slices.SortStableFunc(s.segments, func(a, b segment) int {
		return cmp.Compare(a.records[0].Span.StartNano, b.records[0].Span.StartNano)
	})
}

// spans returns all spans of a trace.
func (s *stored) spans() (spans []*model.Span) {
	for _, g := range s.segments {
		for _, r := range g.records {
			spans = append(spans, r.Span)
		}
	}
	return spans
}

// days returns how many spans start on each day.
func (s *stored) days() map[int64]int64 {
	days := map[int64]int64{}
	for _, span := range s.spans() {
		days[model.Day(span.StartNano)]++
	}
	return days
}

// isSettled reports whether a settlement accounts for each day.
func (s *stored) isSettled() bool {
	for day, spans := range s.days() {
		if s.settled[day].Spans != spans {
			return false
		}
	}
	return true
}

// sum returns the trace row.
func (s *stored) sum() *model.Trace {
	var sum *model.Trace
	for _, span := range s.spans() {
		if t := model.TraceOf(span); sum == nil {
			sum = t
		} else {
			sum.Merge(t)
		}
	}
	for _, part := range s.settled {
		sum.SettledSpans += part.Spans
		sum.Runs += part.Runs
		sum.Cost = sum.Cost.Plus(part.Cost)
	}
	return sum
}

func (d *database) wrongWith(id model.TraceID) wrong {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wrong[id]
}

// spoil says what is wrong with a trace from now on.
func (d *database) spoil(id model.TraceID, w wrong) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrong[id] = w
}

// age returns how long ago the first write was.
func (d *database) age() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Since(time.Unix(0, d.entries[0].WrittenNano))
}

// term returns how often the lease went to somebody.
func (d *database) term() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lease.Term
}

// settlements returns how many there were.
func (d *database) settlements() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.settles)
}

func (d *database) segmentsOf(project string, ref repo.TraceRef) (found []segment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read[ref.ID]++
	if s := d.traces[traceKey{project, ref.ID}]; s != nil {
		for _, g := range s.segments {
			if slices.ContainsFunc(g.records, func(r model.Record) bool { return ref.Range.Contains(r.Span.StartNano) }) {
				found = append(found, g)
			}
		}
	}
	return found
}

func (d *database) holdFence(fence *repo.Lease) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lease != *fence || !time.Now().Before(d.until) {
		return repo.ErrLeaseLost
	}
	if d.storing > 0 {
		d.fault("two settlements at once")
	}
	d.storing++
	return nil
}

func (d *database) leaveFence() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.storing--
}

// settle stores what was derived of one trace.
func (d *database) settle(s *stored, o *repo.Settlement) {
	days := s.days()
	for _, part := range o.Parts {
		if days[part.Day] == part.Spans {
			s.settled[part.Day] = part
		}
	}
	s.runs, s.bills = s.runs[:0:0], slices.Clone(o.Bills)
	for _, r := range o.Runs {
		s.runs = append(s.runs, new(*r))
	}
	for _, g := range o.Segments {
		d.compact(s, g)
	}
}

// compact puts one segment in place of others, unless somebody else has.
func (d *database) compact(s *stored, g repo.SettledSpans) {
	if len(g.Replaces) == 0 || len(g.Records) != len(g.Writes) || !slices.IsSortedFunc(g.Records, byStart) {
		d.fault("%d segments are replaced by %d records with %d writes, in order: %v",
			len(g.Replaces), len(g.Records), len(g.Writes), slices.IsSortedFunc(g.Records, byStart))
		return
	}
	var records []model.Record
	writes := map[model.SpanID]repo.WriteID{}
	for _, place := range g.Replaces {
		at := slices.IndexFunc(s.segments, func(have segment) bool { return have.place == place })
		if at < 0 {
			return
		}
		if len(g.Replaces) == 1 && !s.segments[at].quick {
			d.fault("a segment is replaced for nothing")
		}
		records = append(records, s.segments[at].records...)
		for i, r := range s.segments[at].records {
			writes[r.Span.SpanID] = s.segments[at].writes[i]
		}
	}
	slices.SortFunc(records, byStart)
	if len(records) != len(g.Records) {
		d.fault("%d spans are replaced by %d", len(records), len(g.Records))
		return
	}
	for i, r := range g.Records {
		if !bytes.Equal(r.Raw, records[i].Raw) || !bytes.Equal(r.Resource, records[i].Resource) || !bytes.Equal(r.Scope, records[i].Scope) {
			d.fault("span %s is replaced by other bytes", r.Span.SpanID)
		}
		if g.Writes[i] != writes[r.Span.SpanID] {
			d.fault("span %s is said to be of write %d, not %d", r.Span.SpanID, g.Writes[i], writes[r.Span.SpanID])
		}
		if model.Day(r.Span.StartNano) != model.Day(g.Records[0].Span.StartNano) {
			d.fault("a segment has spans of two days")
		}
	}
	s.segments = slices.DeleteFunc(s.segments, func(have segment) bool { return slices.Contains(g.Replaces, have.place) })
	d.replaced += len(g.Replaces)
	s.insert(d.newSegment(g.Records, g.Writes))
}
