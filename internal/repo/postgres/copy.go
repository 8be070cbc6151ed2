package postgres

import (
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

const copySpansSQL = `COPY spans (` + spanRowNames + `) FROM STDIN (FORMAT binary)`

// copySpans stores narrow rows, none of which may be there yet. It costs PostgreSQL a
// good deal less than insertSpans does: rows go into a page together, and nothing is
// looked for beforehand or returned.
func copySpans(f *flight, records []model.Record) {
	f.begin()
	for _, r := range records {
		f.row(spanRowColumns)
		writeSpan(f, r.Span)
	}
	f.end()
	f.send()
}

const segmentNames = `project, trace_id, start_ns, span_id, latest_ns, spans, raw_bytes, payload`

// writeSegment writes the columns that segments have in both of their tables, given the
// id of the first span.
func writeSegment(w rowWriter, s *otlp.Segment, first int64) {
	w.text(s.Project)
	w.uuid(s.TraceID)
	w.bigint(s.Earliest)
	w.bigint(first)
	w.bigint(s.Latest)
	w.integer(int32(s.Spans))
	w.integer(int32(s.RawBytes))
	w.bytes(s.Payload)
}

const copySegmentsSQL = `COPY open_segments (` + segmentNames + `) FROM STDIN (FORMAT binary)`

// copySegments stores segments, each of which stands at the place of its part.
func copySegments(f *flight, segments []otlp.Segment, parts []part) {
	f.begin()
	for i := range segments {
		f.row(8)
		writeSegment(f, &segments[i], parts[i].first.Int64())
	}
	f.end()
}

const copyCompactedSQL = `COPY segments (` + segmentNames + `, write_id, writes) FROM STDIN (FORMAT binary)`

// copyCompacted stores segments of traces that have settled.
func copyCompacted(f *flight, segments []compacted) {
	f.begin()
	for i := range segments {
		c := &segments[i]
		f.row(10)
		writeSegment(f, &c.Segment, c.first)
		f.bigint(int64(c.write))
		f.bytes(c.writes)
	}
	f.end()
}

const copyOpenRunsSQL = `
COPY open_runs (
    trace_id, span_id, start_ns, end_ns, type, status, failed, project, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id)
FROM STDIN (FORMAT binary)`

func isRun(r model.Record) bool { return r.Span.Type.IsRun() }

// copyOpenRuns stores what is known of the runs among some spans.
func copyOpenRuns(f *flight, fresh []model.Record) {
	f.begin()
	for _, r := range fresh {
		if !isRun(r) {
			continue
		}
		span := r.Span
		f.row(20)
		f.uuid(span.TraceID)
		f.bigint(span.SpanID.Int64())
		f.bigint(span.StartNano)
		f.bigint(span.EndNano)
		f.smallint(int16(span.Type))
		f.smallint(int16(span.Status))
		f.boolean(span.Failed)
		for _, text := range [...]string{span.Project, span.Name, span.Service, span.Environment} {
			f.text(text)
		}
		writeIdentity(f, &span.Identity)
	}
	f.end()
}
