package postgres

import (
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// settleWriter makes the statements of one Settle, with the rows of its traces
// locked.
type settleWriter struct {
	queue *pgx.Batch
	batch *settleBatch
	rows  map[traceDay]settledRow
	// dropped are the days of traces of which there is nothing, or less than was
	// settled: they were dropped since, and what comes late for them is new.
	dropped map[traceDay]bool
}

const settleTracesSQL = `
UPDATE traces AS t SET
    settled_spans = part.spans, runs = part.runs, input_tokens = part.input_tokens,
    cache_read_tokens = part.cache_read_tokens, cache_write_tokens = part.cache_write_tokens,
    output_tokens = part.output_tokens, reasoning_tokens = part.reasoning_tokens,
    audio_input_tokens = part.audio_input_tokens, audio_output_tokens = part.audio_output_tokens,
    reported_total_tokens = part.reported_total_tokens, cost_nano = nullif(part.cost_nano, 0),
    reported_cost_nano = nullif(part.reported_cost_nano, 0), computed_cost_nano = nullif(part.computed_cost_nano, 0),
    reported_calls = nullif(part.reported_calls, 0), computed_calls = nullif(part.computed_calls, 0),
    unpriced_calls = nullif(part.unpriced_calls, 0)
FROM unnest(
    $1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
    $18::bigint[])
AS part (
    project, trace_id, spans, runs, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens, cost_nano, reported_cost_nano, computed_cost_nano,
    reported_calls, computed_calls, unpriced_calls)
WHERE t.project = part.project AND t.trace_id = part.trace_id AND t.day_ns = $19`

// countTracesSQL notes how many spans were accounted for of rows that have more:
// that there is a settlement, and which later one comes too late.
const countTracesSQL = `
UPDATE traces AS t SET settled_spans = part.spans
FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS part (project, trace_id, spans)
WHERE t.project = part.project AND t.trace_id = part.trace_id AND t.day_ns = $4`

// traces settles the rows that have as many spans as were accounted for. A row
// that has more was written meanwhile and is only told of the settlement.
func (w *settleWriter) traces() {
	settled, counted := map[int64][]settledPart{}, map[int64][]settledPart{}
	w.dropped = map[traceDay]bool{}
	for _, p := range w.batch.parts {
		row := w.rows[p.traceDay]
		w.dropped[p.traceDay] = row.spans < p.Spans
		if row.spans == p.Spans {
			settled[p.day] = append(settled[p.day], p)
		} else if row.spans > p.Spans {
			counted[p.day] = append(counted[p.day], p)
		}
	}
	for day, parts := range settled {
		w.queue.Queue(settleTracesSQL, append(settledArgs(parts), day)...)
	}
	for day, parts := range counted {
		keys := traceArgs(column(parts, func(p settledPart) traceDay { return p.traceDay }))
		w.queue.Queue(countTracesSQL, append(keys, column(parts, func(p settledPart) int64 { return p.Spans }), day)...)
	}
}

// traceArgs returns two arrays that name traces.
func traceArgs(keys []traceDay) []any {
	return []any{
		column(keys, func(k traceDay) string { return k.project }),
		column(keys, func(k traceDay) pgtype.UUID { return uuid(k.id) }),
	}
}

// settledArgs returns the arguments of settleTracesSQL but the last.
func settledArgs(parts []settledPart) []any {
	args := traceArgs(column(parts, func(p settledPart) traceDay { return p.traceDay }))
	for _, get := range [...]func(p settledPart) int64{
		func(p settledPart) int64 { return p.Spans },
		func(p settledPart) int64 { return p.Runs },
		func(p settledPart) int64 { return p.Usage.Input },
		func(p settledPart) int64 { return p.Usage.CacheRead },
		func(p settledPart) int64 { return p.Usage.CacheWrite },
		func(p settledPart) int64 { return p.Usage.Output },
		func(p settledPart) int64 { return p.Usage.Reasoning },
		func(p settledPart) int64 { return p.Usage.AudioInput },
		func(p settledPart) int64 { return p.Usage.AudioOutput },
		func(p settledPart) int64 { return p.Usage.Total },
		func(p settledPart) int64 { return p.Cost.Nano },
		func(p settledPart) int64 { return p.Cost.Reported },
		func(p settledPart) int64 { return p.Cost.Computed },
		func(p settledPart) int64 { return p.Cost.ReportedCalls },
		func(p settledPart) int64 { return p.Cost.ComputedCalls },
		func(p settledPart) int64 { return p.Cost.UnpricedCalls },
	} {
		args = append(args, column(parts, get))
	}
	return args
}

// deleteSettledSQL removes what settling stored of some traces on one day.
func deleteSettledSQL(table string) string {
	return `
DELETE FROM ` + table + ` AS s USING unnest($1::text[], $2::uuid[]) AS settled (project, trace_id)
WHERE s.project = settled.project AND s.trace_id = settled.trace_id AND s.start_ns >= $3 AND s.start_ns <= $4`
}

// forget removes the runs and bills of traces that have settled before. They can only
// be on days that these have rows on.
func (w *settleWriter) forget() {
	before := map[traceDay]bool{} // with day 0
	for key, row := range w.rows {
		if row.settled > 0 {
			before[traceDay{key.project, key.id, 0}] = true
		}
	}
	days := map[int64][]traceDay{}
	for key := range w.rows {
		if w.batch.doubted || before[traceDay{key.project, key.id, 0}] {
			days[key.day] = append(days[key.day], key)
		}
	}
	for day, keys := range days {
		for _, table := range [...]string{`bills`, `runs`} {
			w.queue.Queue(deleteSettledSQL(table), append(traceArgs(keys), day, lastOf(day))...)
		}
	}
}

// bills returns those of the traces.
func (w *settleWriter) bills() (bills []placedBill) {
	for i := range w.batch.settlements {
		s := &w.batch.settlements[i]
		for place := range s.Bills {
			if b := &s.Bills[place]; w.keeps(s, b.StartNano) {
				bills = append(bills, placedBill{b, place})
			}
		}
	}
	return bills
}

// keeps reports whether what starts at a time belongs to a day of the trace that
// is still there.
func (w *settleWriter) keeps(s *repo.Settlement, start int64) bool {
	key := traceDay{s.Project, s.TraceID, model.Day(start)}
	_, there := w.rows[key]
	return there && !w.dropped[key]
}

// runs removes the runs of the traces from those that are open, and returns them.
func (w *settleWriter) runs() (runs []settledRun, err error) {
	closed := map[int64][]spanKey{}
	for i := range w.batch.settlements {
		s := &w.batch.settlements[i]
		for _, r := range s.Runs {
			if !w.keeps(s, r.StartNano) {
				continue
			}
			detail, err := r.EncodeDetail()
			if err != nil {
				return nil, err
			}
			day := model.Day(r.StartNano)
			closed[day] = append(closed[day], spanKey{r.Project, r.TraceID, r.SpanID.Int64(), r.StartNano})
			runs = append(runs, settledRun{r, detail})
		}
	}
	for day, keys := range closed {
		w.queue.Queue(closeRunsSQL, append(placeArgs(keys), day, lastOf(day))...)
	}
	return runs, nil
}

// deleteSegmentsSQL removes segments of a day from one of the two tables.
func deleteSegmentsSQL(table string) string {
	return `
DELETE FROM ` + table + ` AS s
USING unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) AS replaced (project, trace_id, start_ns, span_id)
WHERE s.project = replaced.project AND s.trace_id = replaced.trace_id
    AND s.start_ns = replaced.start_ns AND s.span_id = replaced.span_id
    AND s.start_ns >= $5 AND s.start_ns <= $6`
}

// keepSegmentsSQL moves what is left of the segments of some traces on a day to where
// it stays: those that were not to be put together, since they are one already.
const keepSegmentsSQL = `
WITH kept AS (
    DELETE FROM open_segments AS s
    USING unnest($1::text[], $2::uuid[]) AS settled (project, trace_id)
    WHERE s.project = settled.project AND s.trace_id = settled.trace_id AND s.start_ns >= $3 AND s.start_ns <= $4
    RETURNING s.trace_id, s.start_ns, s.span_id, s.latest_ns, s.write_id, s.spans, s.raw_bytes, s.project, s.payload, s.writes
)
INSERT INTO segments (trace_id, start_ns, span_id, latest_ns, write_id, spans, raw_bytes, project, payload, writes)
SELECT trace_id, start_ns, span_id, latest_ns, write_id, spans, raw_bytes, project, payload, writes FROM kept`

// segments removes those segments of which all are there, with as many spans as are to
// stand in their place, and returns what is. Where one is missing, somebody else has put it
// together with others. All other segments of the traces go to the table where they stay.
func (w *settleWriter) segments(there map[spanKey]foundSegment) (stored []compacted) {
	open, kept := map[int64][]spanKey{}, map[int64][]spanKey{} // to be replaced, by day
	for _, c := range w.batch.compacted {
		left := c.Spans
		for _, key := range c.replaces {
			left -= there[key].spans
		}
		missing := func(key spanKey) bool { return there[key].spans == 0 }
		if left != 0 || slices.ContainsFunc(c.replaces, missing) {
			continue
		}
		for _, key := range c.replaces {
			of := kept
			if there[key].open {
				of = open
			}
			of[c.day] = append(of[c.day], key)
		}
		stored = append(stored, c)
	}
	w.removeSegments(`open_segments`, open)
	// Nearly always none. Asked all the same, PostgreSQL takes a partition that it has
	// not analyzed for empty and compares all of it with each key.
	w.removeSegments(`segments`, kept)
	settled := map[int64][]traceDay{}
	for key := range w.rows {
		settled[key.day] = append(settled[key.day], key)
	}
	for day, keys := range settled {
		w.queue.Queue(keepSegmentsSQL, append(traceArgs(keys), day, lastOf(day))...)
	}
	return stored
}

// removeSegments removes segments that are there.
func (w *settleWriter) removeSegments(table string, places map[int64][]spanKey) {
	for day, keys := range places {
		w.queue.Queue(deleteSegmentsSQL(table), append(placeArgs(keys), day, lastOf(day))...).Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() != int64(len(keys)) {
				return errRoomLost
			}
			return nil
		})
	}
}
