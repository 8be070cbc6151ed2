package postgres

import (
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

// insertSpansSQL takes an array of rows: one statement for any number of spans,
// in every mode of the driver, and Citus runs it too. The conversion to jsonb is
// done while the array is read.
const insertSpansSQL = `
INSERT INTO spans (
    trace_id, span_id, parent_id, start_ns, end_ns, first_token_ns, input_tokens, cache_read_tokens,
    cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens,
    reported_total_tokens, kind, type, status, failed, project, name, status_message, error_type, error_message,
    service, environment, agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id,
    user_id, run_id, model, provider, tool_name, tool_call_id, attributes)
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

const insertSegmentsSQL = `
INSERT INTO segments (project, trace_id, start_ns, span_id, latest_ns, spans, raw_bytes, payload)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[], $7::integer[], $8::bytea[])`

// segmentArgs returns the arguments of insertSegmentsSQL. Each segment stands at
// the place of its part.
func segmentArgs(segments []otlp.Segment, parts []part) []any {
	parts = parts[:len(segments)]
	return []any{
		column(segments, func(s otlp.Segment) string { return s.Project }),
		column(segments, func(s otlp.Segment) pgtype.UUID { return uuid(s.TraceID) }),
		column(segments, func(s otlp.Segment) int64 { return s.Earliest }),
		column(parts, func(p part) int64 { return p.first.Int64() }),
		column(segments, func(s otlp.Segment) int64 { return s.Latest }),
		column(segments, func(s otlp.Segment) int32 { return int32(s.Spans) }),
		column(segments, func(s otlp.Segment) int32 { return int32(s.RawBytes) }),
		column(segments, func(s otlp.Segment) []byte { return s.Payload }),
	}
}
