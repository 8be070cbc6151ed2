package postgres

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
)

// batch is the records of one Write, without those that stand in it twice.
type batch struct {
	// records are in the order in which all writers take locks, and in which
	// the spans of a trace and day stand side by side.
	records []model.Record
	spans   map[int64]int // how many start on a day
	days    []int64       // these days, in order
}

func newBatch(records []model.Record) *batch {
	// Records are large: their places are sorted, and each is moved once.
	order := make([]int, len(records))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(compareSpans(records[i].Span, records[j].Span), i-j) })
	sorted := column(order, func(i int) model.Record { return records[i] })
	// Of equal ones the first stays, which came first.
	sorted = slices.CompactFunc(sorted, func(a, b model.Record) bool { return compareSpans(a.Span, b.Span) == 0 })
	b := &batch{records: sorted, spans: make(map[int64]int)}
	for _, r := range sorted {
		b.spans[model.Day(r.Span.StartNano)]++
	}
	b.days = slices.Sorted(maps.Keys(b.spans))
	return b
}

func compareSpans(a, b *model.Span) int {
	if c := cmp.Compare(a.Project, b.Project); c != 0 {
		return c
	}
	if c := bytes.Compare(a.TraceID[:], b.TraceID[:]); c != 0 {
		return c
	}
	if c := cmp.Compare(a.StartNano, b.StartNano); c != 0 {
		return c
	}
	return bytes.Compare(a.SpanID[:], b.SpanID[:])
}

// spanKey is what identifies a span.
type spanKey struct {
	project string
	trace   [16]byte
	span    int64
	start   int64
}

func keyOf(s *model.Span) spanKey {
	return spanKey{s.Project, s.TraceID, s.SpanID.Int64(), s.StartNano}
}

// only returns the records with these keys.
func (b *batch) only(keys []spanKey) []model.Record {
	wanted := make(map[spanKey]struct{}, len(keys))
	for _, k := range keys {
		wanted[k] = struct{}{}
	}
	var some []model.Record
	for _, r := range b.records {
		if _, ok := wanted[keyOf(r.Span)]; ok {
			some = append(some, r)
		}
	}
	return some
}

// hasNUL reports whether a text has a NUL in it, which no text in PostgreSQL may.
func (b *batch) hasNUL() bool {
	return strings.Contains(spanRows(b.records).text(), "\x00") ||
		slices.ContainsFunc(b.records, func(r model.Record) bool {
			return strings.Contains(r.Span.InputPreview, "\x00") || strings.Contains(r.Span.OutputPreview, "\x00")
		})
}

// part is what a batch has of one trace on one day.
type part struct {
	*model.Trace
	day      int64
	first    model.SpanID // of the earliest span
	earliest int64
	latest   int64 // the last start
}

// partsOf sums up records that are in the order of a batch, and returns the
// parts in that order too. [otlp.BuildSegments] makes one segment of each.
func partsOf(records []model.Record) []part {
	var parts []part
	for _, r := range records {
		s := r.Span
		day := model.Day(s.StartNano)
		if n := len(parts) - 1; n >= 0 && parts[n].day == day && parts[n].TraceID == s.TraceID && parts[n].Project == s.Project {
			parts[n].Add(s)
			parts[n].latest = s.StartNano
			continue
		}
		parts = append(parts, part{model.TraceOf(s), day, s.SpanID, s.StartNano, s.StartNano})
	}
	return parts
}

// maxRows bounds one statement's arguments: PostgreSQL takes each message into memory
// whole.
const maxRows = 5000

// insertSpansSQL takes an array of rows: one statement for any number of spans,
// in every mode of the driver, and Citus runs it too. The conversion to jsonb is
// done while the array is read.
const insertSpansSQL = `
INSERT INTO spans (` + spanRowNames + `)
SELECT * FROM unnest($1::span_row[])
ON CONFLICT DO NOTHING
RETURNING project, trace_id, span_id, start_ns`

// column returns one value of each row.
func column[R, V any](rows []R, get func(R) V) []V {
	values := make([]V, len(rows))
	for i, r := range rows {
		values[i] = get(r)
	}
	return values
}

func uuid(id model.TraceID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

func uuids(ids []model.TraceID) []pgtype.UUID { return column(ids, uuid) }
