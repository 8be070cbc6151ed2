package agnodb

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/internal/agnodb/convert"
)

// Cursor is a place between two traces, from which reading can go on. The zero
// value is the beginning. Its fields are for storing it.
type Cursor struct {
	// Orphans says that all traces of the table of traces have been read, and that
	// reading has come to spans whose trace is not in it.
	Orphans bool   `json:"orphans,omitempty"`
	Start   string `json:"start,omitempty"` // of the trace, as the column has it
	TraceID string `json:"trace_id,omitempty"`
}

// Count is how much there is to read.
type Count struct {
	Traces int64 // those included that have spans only
	Spans  int64
}

// Batch is some of the spans of one trace.
type Batch struct {
	TraceID string
	// ResourceSpans is the spans, as one message of OTLP; nil where there is none.
	ResourceSpans []byte
	Spans         int
	// Problems are spans and attributes that could not be taken as they are.
	Problems []string
	// Last says that the trace has no more spans, so that reading may go on at
	// Next later.
	Last bool
	Next Cursor
}

const (
	// pageTraces is how many traces are listed at once. Each page sorts all that are
	// left, since no index has the order of bytes, so that few large ones are
	// wanted; 5,000 take one or two megabytes.
	pageTraces = 5000
	// Spans of one batch, and bytes of it.
	batchSpans = 1000
	batchBytes = 4 << 20
)

// Count counts what [Source.Batches] would yield from the beginning.
func (s *Source) Count(ctx context.Context) (c Count, err error) {
	within, args := s.within(nil)
	known := `SELECT COUNT(*) FROM ` + s.traces.name + ` AS t WHERE ` + within
	if err = s.db.QueryRowContext(ctx, known, args...).Scan(&c.Traces); err != nil {
		return c, fmt.Errorf("count Agno's traces: %w", err)
	}
	spans := `SELECT COUNT(*) FROM ` + s.spans.name + ` AS s WHERE EXISTS (SELECT 1 FROM ` + s.traces.name + ` AS t WHERE t."trace_id" = s."trace_id" AND ` + within + `)`
	if err = s.db.QueryRowContext(ctx, spans, args...).Scan(&c.Spans); err != nil {
		return c, fmt.Errorf("count Agno's spans: %w", err)
	}
	orphans := `SELECT COUNT(*), COALESCE(SUM(n), 0) FROM (SELECT MIN(s."start_time") AS "start_time", COUNT(*) AS n FROM ` + s.spans.name +
		` AS s WHERE ` + s.orphaned() + ` GROUP BY s."trace_id") AS t WHERE ` + within
	var traces, n int64
	if err = s.db.QueryRowContext(ctx, orphans, args...).Scan(&traces, &n); err != nil {
		return c, fmt.Errorf("count Agno's spans: %w", err)
	}
	return Count{c.Traces + traces, c.Spans + n}, nil
}

// orphaned selects spans whose trace is not in the table of traces. SQLite does
// not hold Agno's foreign key, and older versions had none.
func (s *Source) orphaned() string {
	return `NOT EXISTS (SELECT 1 FROM ` + s.traces.name + ` AS known WHERE known."trace_id" = s."trace_id")`
}

// within is the condition for the traces t that Options ask for. Agno writes
// times in UTC as ISO 8601, with a fraction or without, so that text compares as
// time does: a bound without zone and fraction stands before all of its second.
func (s *Source) within(args []any) (string, []any) {
	const whole = "2006-01-02T15:04:05"
	conditions := []string{"1 = 1"}
	column := s.dialect.asText(`t."start_time"`) + s.dialect.bytewise
	if !s.options.Since.IsZero() {
		args = append(args, s.options.Since.UTC().Truncate(time.Second).Format(whole))
		conditions = append(conditions, column+" >= "+s.dialect.placeholder(len(args)))
	}
	if !s.options.Until.IsZero() {
		args = append(args, s.options.Until.UTC().Add(time.Second-1).Truncate(time.Second).Format(whole))
		conditions = append(conditions, column+" < "+s.dialect.placeholder(len(args)))
	}
	return strings.Join(conditions, " AND "), args
}

// wanted says exactly what within says roughly.
func (s *Source) wanted(start string) bool {
	at, ok := convert.ParseTime(start)
	return !ok || (s.options.Since.IsZero() || at >= s.options.Since.UnixNano()) && (s.options.Until.IsZero() || at < s.options.Until.UnixNano())
}

// Batches yields the spans of all traces behind after, by their start, those
// without a row in the table of traces last. A trace of which there is nothing
// but its row yields one batch without spans. After an error nothing more is
// yielded; reading can go on at the Next of the last batch that is Last.
func (s *Source) Batches(ctx context.Context, after Cursor) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for {
			page, err := s.page(ctx, after)
			if err != nil {
				yield(Batch{}, err)
				return
			}
			for _, t := range page {
				if s.wanted(t.start) && !s.batches(ctx, t, after.Orphans, yield) {
					return
				}
				after.Start, after.TraceID = t.start, t.id
			}
			if len(page) == s.pageTraces {
				continue
			}
			if after.Orphans {
				return
			}
			after = Cursor{Orphans: true}
		}
	}
}

// traceRow is a row of the table of traces.
type traceRow struct {
	id, start string
	ids       convert.IDs
}

// page reads the next traces.
func (s *Source) page(ctx context.Context, after Cursor) ([]traceRow, error) {
	from := s.traces.name + ` AS t`
	columns := s.selected(s.traces, append([]string{"trace_id", "start_time"}, convert.IDColumns()...))
	if after.Orphans {
		from = `(SELECT s."trace_id", MIN(s."start_time") AS "start_time" FROM ` + s.spans.name + ` AS s WHERE ` + s.orphaned() + ` GROUP BY s."trace_id") AS t`
		columns = s.selected(s.traces, []string{"trace_id", "start_time"}) + strings.Repeat(", NULL", len(convert.IDs{}))
	}
	condition, args := s.within(nil)
	id, start := s.dialect.asText(`t."trace_id"`)+s.dialect.bytewise, s.ordered(`t."start_time"`)
	if after.TraceID != "" {
		args = append(args, after.Start, after.TraceID)
		condition += fmt.Sprintf(" AND (%s, %s) > (%s, %s)", start, id, s.dialect.placeholder(len(args)-1), s.dialect.placeholder(len(args)))
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s, %s LIMIT %d", columns, from, condition, start, id, s.pageTraces)
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read Agno's traces: %w", err)
	}
	defer rows.Close()
	var page []traceRow
	for rows.Next() {
		var fields [2 + len(convert.IDs{})]string
		if err := scan(rows, fields[:]); err != nil {
			return nil, fmt.Errorf("read Agno's traces: %w", err)
		}
		page = append(page, traceRow{id: fields[0], start: fields[1], ids: convert.IDs(fields[2:])})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read Agno's traces: %w", err)
	}
	return page, nil
}

// scan reads a row of texts; NULL is an empty one.
func scan(rows *sql.Rows, texts []string) error {
	fields, pointers := make([]sql.NullString, len(texts)), make([]any, len(texts))
	for i := range fields {
		pointers[i] = &fields[i]
	}
	err := rows.Scan(pointers...)
	for i := range fields {
		texts[i] = fields[i].String
	}
	return err
}

// batches yields the spans of one trace: its topmost first, since the trace's ids
// are for it. It returns whether more are wanted.
func (s *Source) batches(ctx context.Context, t traceRow, orphans bool, yield func(Batch, error) bool) bool {
	b := convert.Builder{Service: s.options.Service, IDs: &t.ids}
	var after *spanKey
	for {
		last, err := s.fill(ctx, &b, t.id, after)
		if err != nil {
			return yield(Batch{}, fmt.Errorf("read Agno's spans of trace %s: %w", t.id, err)) && false
		}
		batch := Batch{TraceID: t.id}
		batch.ResourceSpans, batch.Spans, batch.Problems = b.Take()
		if last == nil {
			batch.Last, batch.Next = true, Cursor{Orphans: orphans, Start: t.start, TraceID: t.id}
			return yield(batch, nil)
		}
		if !yield(batch, nil) {
			return false
		}
		after = last
	}
}

// spanKey is the place of a span among those of its trace.
type spanKey struct {
	below     int // 0 for the topmost, which have no parent
	start, id string
}

// fill reads spans behind after into a batch, and returns the last of it where more
// follow. Nothing is left open meanwhile: whoever takes the batch may be waiting for
// a server, and until SQLite's reader is done, Agno cannot write.
func (s *Source) fill(ctx context.Context, b *convert.Builder, trace string, after *spanKey) (last *spanKey, err error) {
	key := [...]string{s.below(), s.ordered(`"start_time"`), s.ordered(`"span_id"`)}
	condition, args := `"trace_id" = `+s.dialect.placeholder(1), []any{trace}
	if after != nil {
		args = append(args, after.below, after.start, after.id)
		condition += fmt.Sprintf(" AND (%s, %s, %s) > (%s, %s, %s)", key[0], key[1], key[2], s.dialect.placeholder(2), s.dialect.placeholder(3), s.dialect.placeholder(4))
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT %d",
		s.selected(s.spans, convert.Columns[:]), s.spans.name, condition, strings.Join(key[:], ", "), batchSpans+1)
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if n == batchSpans || b.Size() >= batchBytes {
			return last, nil
		}
		var fields [len(convert.Columns)]string
		if err := scan(rows, fields[:]); err != nil {
			return nil, err
		}
		r := convert.RowOf(fields)
		b.Add(r)
		last = &spanKey{start: r.StartTime, id: r.SpanID}
		if r.ParentSpanID != "" {
			last.below = 1
		}
	}
	return nil, rows.Err()
}

// ordered is a column as text that is compared by its bytes.
func (s *Source) ordered(column string) string {
	return "COALESCE(" + s.dialect.asText(column) + ", '')" + s.dialect.bytewise
}

// below is 0 for spans without a parent and 1 for all others.
func (s *Source) below() string {
	if slices.Contains(s.spans.columns, "parent_span_id") {
		return `CASE WHEN COALESCE("parent_span_id", '') = '' THEN 0 ELSE 1 END`
	}
	return "0 + 0" // a number alone would be that of a column
}
