package sqlite

import (
	"database/sql/driver"
	"fmt"

	"github.com/agenttrace/agenttrace/internal/model"
)

const (
	tallyColumns = `spans, model_calls, model_failures, tool_calls, tool_failures, retries, ` + usageColumns + `, ` + costColumns

	// ownColumns are what its span says of a run, or the runs above it.
	ownColumns = `end_ns, type, status, name, service, environment, failed, ` + identityColumns

	// runColumns are what is read of all_runs. A run is settled when it was, and
	// nothing has arrived since.
	runColumns = `project, trace_id, span_id, start_ns, ` + ownColumns + `,
	settled_id IS NOT NULL AND coalesce((SELECT t.settled_spans = t.spans FROM traces AS t WHERE t.project = all_runs.project AND t.trace_id = all_runs.trace_id), 0),
	detail, ` + tallyColumns

	// replaceRun begins with the id of the run's span.
	replaceRun = `INSERT OR REPLACE INTO runs (id, project, start_ns, ` + ownColumns + `, total_cost_nano, detail, ` + tallyColumns + `)
	VALUES (` + tenMarks + tenMarks + tenMarks + tenMarks + `?)`
)

// ownValues returns the values of ownColumns.
func ownValues(r *model.Run) []driver.Value {
	id := &r.Identity
	return []driver.Value{
		r.EndNano, int64(r.Type), int64(r.Status), text(r.Name), text(r.Service), text(r.Environment), truth(r.Failed),
		text(id.AgentID), text(id.AgentName), text(id.TeamID), text(id.TeamName), text(id.WorkflowID), text(id.WorkflowName),
		text(id.SessionID), text(id.UserID), text(id.RunID),
	}
}

// countedValues returns the values of replaceRun behind ownColumns.
func countedValues(r *model.Run) ([]driver.Value, error) {
	detail, err := r.EncodeDetail()
	if err != nil {
		return nil, fmt.Errorf("detail of run: %w", err)
	}
	t := &r.Own
	u, c := &t.Usage, &t.Cost
	return []driver.Value{
		r.Detail.Total.Cost.Nano, text(string(detail)),
		t.Spans, t.ModelCalls, t.ModelFailures, t.ToolCalls, t.ToolFailures, t.Retries,
		u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.AudioInput, u.AudioOutput, u.Total,
		c.Nano, c.Reported, c.Computed, c.ReportedCalls, c.ComputedCalls, c.UnpricedCalls,
	}, nil
}

// run reads runColumns.
func (r *row) run() (*model.Run, error) {
	run := &model.Run{
		Project: r.text(), TraceID: r.traceID(), SpanID: model.SpanIDFromInt64(r.int()), StartNano: r.int(), EndNano: r.int(),
		Type: model.SpanType(r.int()), Status: model.StatusCode(r.int()), Name: r.text(), Service: r.text(), Environment: r.text(),
		Failed: r.int() != 0, Identity: r.identity(), Settled: r.int() != 0,
	}
	detail := r.text()
	run.Own = r.tally()
	if r.err != nil {
		return nil, r.err
	}
	if err := run.DecodeDetail([]byte(detail)); err != nil {
		return nil, fmt.Errorf("detail of run %s: %w", run.SpanID, err)
	}
	return run, nil
}

func (r *row) tally() model.Tally {
	return model.Tally{
		Spans: r.int(), ModelCalls: r.int(), ModelFailures: r.int(), ToolCalls: r.int(), ToolFailures: r.int(), Retries: r.int(),
		Usage: r.usage(), Cost: r.cost(),
	}
}
