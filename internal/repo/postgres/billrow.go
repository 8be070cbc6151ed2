package postgres

import "github.com/agenttrace/agenttrace/internal/model"

const copyBillsSQL = `
COPY bills (
    trace_id, start_ns, calls, failures, nanos, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
    reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens, cost_nano, reported_cost_nano,
    computed_cost_nano, reported_calls, computed_calls, unpriced_calls, place, kind, project, model, tool_name, latencies,
    provider, agent, team, workflow, session_id, user_id, run_id, service, environment)
FROM STDIN (FORMAT binary)`

// placedBill is a bill and its place among those of its trace.
type placedBill struct {
	*model.Bill
	place int
}

func copyBills(f *flight, bills []placedBill) {
	f.begin()
	for _, b := range bills {
		f.row(34)
		f.uuid(b.TraceID)
		f.bigint(b.StartNano)
		f.optional(b.Calls)
		f.optional(b.Failures)
		f.optional(b.Nanos)
		writeUsage(f, &b.Usage)
		writeCost(f, &b.Cost)
		f.integer(int32(b.place))
		f.smallint(int16(b.Kind))
		for _, text := range [...]string{
			b.Project, b.Model, b.Tool, b.Latencies, b.Provider, b.Agent, b.Team, b.Workflow,
			b.Session, b.User, b.Run, b.Service, b.Environment,
		} {
			f.text(text)
		}
	}
	f.end()
}
