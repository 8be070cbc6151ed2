package stats

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sort"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/service/convert"
)

// SpanKey is what spans are counted by.
type SpanKey struct {
	Name string
	Type model.SpanType
}

// Spans counts spans by name and type.
type Spans struct {
	bounds []float64
	rows   map[SpanKey]*SpanRow
}

// SpanRow is what is known of the spans of one name and type.
type SpanRow struct {
	SpanKey
	Calls    int64
	Failures int64

	// Last is the start of the latest one; where Earlier is set, it is that of one
	// of them, and the latest starts before Until.
	Last    int64
	Until   int64
	Earlier bool

	sum     float64
	most    int64
	buckets map[int]*bucket

	key int64 // what rows are ordered by, while they are
}

// bucket is spans that took about as long.
type bucket struct{ count, least, most int64 }

// NewSpans returns an empty one.
func NewSpans() *Spans {
	return &Spans{bounds: DurationBounds(), rows: make(map[SpanKey]*SpanRow)}
}

// DurationBounds returns what tells durations apart, in nanoseconds: each bound is
// a ninetieth more than the one before, up to a month.
func DurationBounds() (bounds []float64) {
	const month = 30 * model.NanosPerDay
	for b := 1.0; b <= float64(month); b = max(b+1, math.Floor(b*(1+1.0/90))) {
		bounds = append(bounds, b)
	}
	return bounds
}

// Row returns the row of a name and type.
func (s *Spans) Row(key SpanKey) *SpanRow {
	row := s.rows[key]
	if row == nil {
		row = &SpanRow{SpanKey: key, buckets: make(map[int]*bucket), most: math.MinInt64}
		s.rows[key] = row
	}
	return row
}

// AddDurations counts spans whose durations are between two of the bounds.
func (r *SpanRow) AddDurations(at int, count int64, sum float64, least, most int64) {
	b := r.buckets[at]
	if b == nil {
		b = &bucket{least: least, most: most}
		r.buckets[at] = b
	}
	b.count += count
	b.least, b.most = min(b.least, least), max(b.most, most)
	r.Calls += count
	r.sum += sum
	r.most = max(r.most, most)
}

// Add counts one span.
func (s *Spans) Add(span *model.Span) {
	row, d := s.Row(SpanKey{span.Name, span.Type}), span.EndNano-span.StartNano
	row.AddDurations(sort.Search(len(s.bounds), func(i int) bool { return s.bounds[i] > float64(d) }), 1, float64(d), d, d)
	if span.Failed {
		row.Failures++
	}
	row.Last = max(row.Last, span.StartNano)
}

// Rows returns the first rows of an order: at most so many, but for that of the
// last start all that may be among them, as long as it is not known of each.
func (s *Spans) Rows(order pb.SpanStatsOrder, limit int) []*SpanRow {
	key := func(r *SpanRow) int64 { return r.Calls }
	switch order {
	case pb.SpanStatsOrder_SPAN_STATS_ORDER_AVERAGE_DURATION:
		key = (*SpanRow).average
	case pb.SpanStatsOrder_SPAN_STATS_ORDER_P95_DURATION:
		key = (*SpanRow).p95
	case pb.SpanStatsOrder_SPAN_STATS_ORDER_MAX_DURATION:
		key = func(r *SpanRow) int64 { return r.most }
	case pb.SpanStatsOrder_SPAN_STATS_ORDER_FAILURES:
		key = func(r *SpanRow) int64 { return r.Failures }
	case pb.SpanStatsOrder_SPAN_STATS_ORDER_LAST:
		return s.latest(limit)
	}
	for _, row := range s.rows {
		row.key = key(row)
	}
	rows := slices.SortedFunc(maps.Values(s.rows), func(a, b *SpanRow) int {
		return cmp.Or(cmp.Compare(b.key, a.key), a.compare(b))
	})
	return rows[:min(limit, len(rows))]
}

// compare orders rows that are alike otherwise.
func (r *SpanRow) compare(o *SpanRow) int {
	return cmp.Or(cmp.Compare(r.Name, o.Name), cmp.Compare(r.Type, o.Type))
}

// latest returns the rows that may be among those with the latest last start, in
// that order as far as it is known.
func (s *Spans) latest(limit int) []*SpanRow {
	rows := slices.SortedFunc(maps.Values(s.rows), func(a, b *SpanRow) int {
		return cmp.Or(cmp.Compare(b.Last, a.Last), a.compare(b))
	})
	if len(rows) <= limit {
		return rows
	}
	surely := rows[limit-1].Last
	return slices.DeleteFunc(rows, func(r *SpanRow) bool {
		return r.Last < surely && !(r.Earlier && r.Until > surely)
	})
}

// Found says when the latest span of a row starts.
func (r *SpanRow) Found(last int64) { r.Last, r.Earlier = last, false }

func (r *SpanRow) average() int64 { return max(0, int64(r.sum/float64(r.Calls))) }

// p95 returns the duration that 95 of 100 spans did not exceed, within a
// hundredth.
func (r *SpanRow) p95() int64 {
	rank := nearestRank(r.Calls, 95)
	for _, at := range slices.Sorted(maps.Keys(r.buckets)) {
		b := r.buckets[at]
		if rank -= b.count; rank <= 0 {
			return max(0, b.least+(b.most-b.least)/2)
		}
	}
	return 0
}

// Message returns the row as a message.
func (r *SpanRow) Message() *pb.SpanStats {
	return &pb.SpanStats{
		Name:            convert.Text(r.Name),
		Type:            pb.SpanType(r.Type),
		Calls:           r.Calls,
		Failures:        r.Failures,
		AverageDuration: convert.Duration(r.average()),
		P95Duration:     convert.Duration(r.p95()),
		MaxDuration:     convert.Duration(max(0, r.most)),
		LastTime:        convert.Timestamp(r.Last),
	}
}
