package postgres

import (
	"slices"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
)

const insertBillsSQL = `
INSERT INTO bills (
    trace_id, start_ns, calls, failures, nanos, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
    reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens, cost_nano, reported_cost_nano,
    computed_cost_nano, reported_calls, computed_calls, unpriced_calls, place, kind, project, model, tool_name, latencies,
    provider, agent, team, workflow, session_id, user_id, run_id, service, environment)
SELECT
    trace_id, start_ns, nullif(calls, 0), nullif(failures, 0), nullif(nanos, 0), nullif(input_tokens, 0),
    nullif(cache_read_tokens, 0), nullif(cache_write_tokens, 0), nullif(output_tokens, 0), nullif(reasoning_tokens, 0),
    nullif(audio_input_tokens, 0), nullif(audio_output_tokens, 0), nullif(reported_total_tokens, 0), nullif(cost_nano, 0),
    nullif(reported_cost_nano, 0), nullif(computed_cost_nano, 0), nullif(reported_calls, 0), nullif(computed_calls, 0),
    nullif(unpriced_calls, 0), place, kind, project, nullif(model, ''), nullif(tool_name, ''), nullif(latencies, ''),
    nullif(provider, ''), nullif(agent, ''), nullif(team, ''), nullif(workflow, ''), nullif(session_id, ''),
    nullif(user_id, ''), nullif(run_id, ''), nullif(service, ''), nullif(environment, '')
FROM unnest(
    $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
    $18::bigint[], $19::bigint[], $20::integer[], $21::smallint[], $22::text[], $23::text[], $24::text[], $25::text[],
    $26::text[], $27::text[], $28::text[], $29::text[], $30::text[], $31::text[], $32::text[], $33::text[], $34::text[])
AS bill (
    trace_id, start_ns, calls, failures, nanos, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
    reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens, cost_nano, reported_cost_nano,
    computed_cost_nano, reported_calls, computed_calls, unpriced_calls, place, kind, project, model, tool_name, latencies,
    provider, agent, team, workflow, session_id, user_id, run_id, service, environment)`

// placedBill is a bill and its place among those of its trace.
type placedBill struct {
	*model.Bill
	place int
}

// billArgs returns the arguments of insertBillsSQL.
func billArgs(bills []placedBill) []any {
	text := func(get func(b placedBill) string) []string { return column(bills, get) }
	number := func(get func(b placedBill) int64) []int64 { return column(bills, get) }
	return slices.Concat([]any{
		column(bills, func(b placedBill) pgtype.UUID { return uuid(b.TraceID) }),
		number(func(b placedBill) int64 { return b.StartNano }),
		number(func(b placedBill) int64 { return b.Calls }),
		number(func(b placedBill) int64 { return b.Failures }),
		number(func(b placedBill) int64 { return b.Nanos }),
	}, usageArgs(bills, func(b placedBill) *model.Usage { return &b.Usage }),
		costArgs(bills, func(b placedBill) *model.Cost { return &b.Cost }), []any{
			column(bills, func(b placedBill) int32 { return int32(b.place) }),
			column(bills, func(b placedBill) int16 { return int16(b.Kind) }),
			text(func(b placedBill) string { return b.Project }),
			text(func(b placedBill) string { return b.Model }),
			text(func(b placedBill) string { return b.Tool }),
			text(func(b placedBill) string { return b.Latencies }),
			text(func(b placedBill) string { return b.Provider }),
			text(func(b placedBill) string { return b.Agent }),
			text(func(b placedBill) string { return b.Team }),
			text(func(b placedBill) string { return b.Workflow }),
			text(func(b placedBill) string { return b.Session }),
			text(func(b placedBill) string { return b.User }),
			text(func(b placedBill) string { return b.Run }),
			text(func(b placedBill) string { return b.Service }),
			text(func(b placedBill) string { return b.Environment }),
		})
}
