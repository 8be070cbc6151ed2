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

const copySegmentsSQL = `
COPY open_segments (project, trace_id, start_ns, span_id, latest_ns, spans, raw_bytes, payload) FROM STDIN (FORMAT binary)`

// copySegments stores segments, each of which stands at the place of its part.
func copySegments(f *flight, segments []otlp.Segment, parts []part) {
	f.begin()
	for i, segment := range segments {
		f.row(8)
		f.text(segment.Project)
		f.uuid(segment.TraceID)
		f.bigint(segment.Earliest)
		f.bigint(parts[i].first.Int64())
		f.bigint(segment.Latest)
		f.integer(int32(segment.Spans))
		f.integer(int32(segment.RawBytes))
		f.bytes(segment.Payload)
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
