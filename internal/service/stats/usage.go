package stats

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/convert"
)

// UsageTable is the rows of an answer about usage, in order.
type UsageTable struct {
	project string
	groupBy []pb.UsageField
	rows    []usageRow
	sums    []repo.BillSum
	scratch histogram
}

// usageRow is a row and where it belongs.
type usageRow struct {
	key    int64  // what rows are ordered by, descending
	labels string // orders as the labels do
	sum    *repo.BillSum
}

// By returns what a store is asked to tell sums apart by. All of what it is asked
// is of one project.
func By(groupBy []pb.UsageField) (by []repo.BillField) {
	for _, f := range groupBy {
		if field, ok := billField(f); ok {
			by = append(by, field)
		}
	}
	return by
}

func billField(f pb.UsageField) (repo.BillField, bool) {
	switch f {
	case pb.UsageField_USAGE_FIELD_AGENT:
		return repo.ByAgent, true
	case pb.UsageField_USAGE_FIELD_TEAM:
		return repo.ByTeam, true
	case pb.UsageField_USAGE_FIELD_WORKFLOW:
		return repo.ByWorkflow, true
	case pb.UsageField_USAGE_FIELD_SESSION:
		return repo.BySession, true
	case pb.UsageField_USAGE_FIELD_USER:
		return repo.ByUser, true
	case pb.UsageField_USAGE_FIELD_RUN:
		return repo.ByRun, true
	case pb.UsageField_USAGE_FIELD_MODEL:
		return repo.ByModel, true
	case pb.UsageField_USAGE_FIELD_PROVIDER:
		return repo.ByProvider, true
	case pb.UsageField_USAGE_FIELD_TOOL:
		return repo.ByTool, true
	case pb.UsageField_USAGE_FIELD_SERVICE:
		return repo.ByService, true
	case pb.UsageField_USAGE_FIELD_ENVIRONMENT:
		return repo.ByEnvironment, true
	case pb.UsageField_USAGE_FIELD_HOUR:
		return repo.ByHour, true
	case pb.UsageField_USAGE_FIELD_DAY:
		return repo.ByDay, true
	default:
		return 0, false
	}
}

// NewUsageTable orders sums that a store, or a [Sums], has made by By(groupBy). It
// keeps them.
func NewUsageTable(project string, groupBy []pb.UsageField, order pb.UsageOrder, sums []repo.BillSum) *UsageTable {
	t := &UsageTable{project: project, groupBy: groupBy, sums: sums, rows: make([]usageRow, len(sums))}
	by := By(groupBy)
	for i := range sums {
		t.rows[i] = usageRow{key: orderKey(order, &sums[i]), labels: labelKey(by, &sums[i]), sum: &sums[i]}
	}
	slices.SortFunc(t.rows, func(a, b usageRow) int { return a.compare(b.key, b.labels) })
	return t
}

func (r *usageRow) compare(key int64, labels string) int {
	return cmp.Or(cmp.Compare(key, r.key), cmp.Compare(r.labels, labels))
}

func orderKey(order pb.UsageOrder, s *repo.BillSum) int64 {
	switch order {
	case pb.UsageOrder_USAGE_ORDER_TOKENS:
		return s.Usage.Sum()
	case pb.UsageOrder_USAGE_ORDER_CALLS:
		return s.ModelCalls.Calls + s.ToolCalls.Calls
	case pb.UsageOrder_USAGE_ORDER_FAILURES:
		return s.ModelCalls.Failures + s.ToolCalls.Failures
	case pb.UsageOrder_USAGE_ORDER_LABELS:
		return 0
	default:
		return s.Cost.Nano
	}
}

// labelKey returns a text that tells sums apart and orders as their labels do:
// there is no NUL in labels.
func labelKey(by []repo.BillField, s *repo.BillSum) string {
	var b strings.Builder
	for i, field := range by {
		if isTime(field) {
			fmt.Fprintf(&b, "%016x", uint64(s.Time)^(1<<63))
		} else {
			b.WriteString(s.Labels[i])
		}
		b.WriteByte(0)
	}
	return b.String()
}

func isTime(f repo.BillField) bool { return f == repo.ByHour || f == repo.ByDay }

// Place is behind a row of a table. It holds also for another table of the same
// question.
type Place struct {
	Key    int64
	Labels string
	// Hash is 0 where Labels are whole. Labels may be cut; then it is what they
	// were before.
	Hash int64
}

// Cut returns the place with at most so many bytes of labels.
func (p Place) Cut(most int) Place {
	if len(p.Labels) > most {
		p.Hash, p.Labels = hashOf(p.Labels), p.Labels[:most]
	}
	return p
}

// hashOf tells texts apart that were cut; it is never 0.
func hashOf(s string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails
	return int64(h.Sum64() | 1)
}

// Len returns how many rows there are.
func (t *UsageTable) Len() int { return len(t.rows) }

// Page returns the rows behind a place, nil for the beginning, at most size of
// them; the place behind them; and whether there are more.
func (t *UsageTable) Page(after *Place, size int) (page []*pb.UsageRow, last Place, more bool) {
	rest := t.rows
	if after != nil {
		rest = rest[t.behind(after):]
	}
	for _, row := range rest[:min(size, len(rest))] {
		page = append(page, t.message(row.sum))
		last = Place{Key: row.key, Labels: row.labels}
	}
	return page, last, len(rest) > len(page)
}

// behind returns the first row behind a place.
func (t *UsageTable) behind(p *Place) int {
	i, _ := slices.BinarySearchFunc(t.rows, p, func(r usageRow, p *Place) int {
		// A row at the place is before it: what comes behind is looked for.
		return cmp.Or(r.compare(p.Key, p.Labels), -1)
	})
	if p.Hash == 0 {
		return i
	}
	for j := i; j < len(t.rows) && t.rows[j].key == p.Key && strings.HasPrefix(t.rows[j].labels, p.Labels); j++ {
		if hashOf(t.rows[j].labels) == p.Hash {
			return j + 1
		}
	}
	return i
}

// message returns a row.
func (t *UsageTable) message(s *repo.BillSum) *pb.UsageRow {
	row := &pb.UsageRow{
		ModelCalls: t.callStats(s.ModelCalls, s.ModelCalls.Latencies),
		ToolCalls:  t.callStats(s.ToolCalls, s.ToolCalls.Latencies),
		Usage:      convert.Usage(s.Usage),
		Cost:       convert.Cost(s.Cost),
	}
	next := 0
	for _, f := range t.groupBy {
		label := &pb.UsageLabel{Field: f}
		switch field, ok := billField(f); {
		case !ok:
			label.Value = t.project
		case isTime(field):
			label.Time = convert.Timestamp(s.Time)
			next++
		default:
			label.Value = convert.Text(s.Labels[next])
			next++
		}
		row.Labels = append(row.Labels, label)
	}
	return row
}

// Total returns all rows together.
func (t *UsageTable) Total() *pb.UsageRow {
	all := total(t.sums)
	models, tools := make([]string, len(t.sums)), make([]string, len(t.sums))
	for i := range t.sums {
		models[i], tools[i] = t.sums[i].ModelCalls.Latencies, t.sums[i].ToolCalls.Latencies
	}
	return &pb.UsageRow{
		ModelCalls: t.callStats(all.ModelCalls, models...),
		ToolCalls:  t.callStats(all.ToolCalls, tools...),
		Usage:      convert.Usage(all.Usage),
		Cost:       convert.Cost(all.Cost),
	}
}

// callStats returns what is known of calls, nil where there were none.
func (t *UsageTable) callStats(c repo.CallSum, latencies ...string) *pb.CallStats {
	if c.Calls == 0 {
		return nil
	}
	h := &t.scratch
	h.reset()
	for _, text := range latencies {
		h.add(text)
	}
	return &pb.CallStats{
		Calls:          c.Calls,
		Failures:       c.Failures,
		AverageLatency: convert.Duration(max(0, c.Nanos/c.Calls)),
		P50Latency:     convert.Duration(h.quantile(50)),
		P95Latency:     convert.Duration(h.quantile(95)),
		P99Latency:     convert.Duration(h.quantile(99)),
	}
}
