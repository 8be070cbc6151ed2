package sqlite

import (
	"database/sql/driver"
	"fmt"

	"github.com/agenttrace/agenttrace/internal/model"
)

const (
	tallyColumns = `spans, model_calls, model_failures, tool_calls, tool_failures, retries, ` + usageColumns + `, ` + costColumns

	// runKeyColumns identify a run, ownColumns are what its span says of it, or
	// the runs above it.
	runKeyColumns = `project, trace_id, span_id, start_ns`
	ownColumns    = `end_ns, type, status, name, service, environment, failed, ` + identityColumns

	settledRunColumns = `total_cost_nano, detail, ` + tallyColumns

	// runColumns are what is read of runs with their settled_runs. A run is
	// settled when it was, and nothing has arrived since.
	runColumns = runKeyColumns + `, ` + ownColumns + `,
	settled_runs.id IS NOT NULL AND coalesce((SELECT t.settled_spans = t.spans FROM traces AS t WHERE t.project = runs.project AND t.trace_id = runs.trace_id), 0),
	detail, ` + tallyColumns

	// insertRun begins with the id of the run's span.
	insertRun = `INSERT INTO runs (id, ` + runKeyColumns + `, ` + ownColumns + `) VALUES (` + tenMarks + tenMarks + `?)`

	replaceSettledRun = `INSERT OR REPLACE INTO settled_runs (id, ` + settledRunColumns + `) VALUES (` + tenMarks + tenMarks + `?, ?, ?)`
)

// runKeyCount is how many columns runKeyColumns are.
const runKeyCount = 4

// runValues returns the values of runKeyColumns and ownColumns.
func runValues(r *model.Run) []driver.Value {
	id := &r.Identity
	return []driver.Value{
		r.Project, r.TraceID[:], r.SpanID.Int64(), r.StartNano,
		r.EndNano, int64(r.Type), int64(r.Status), text(r.Name), text(r.Service), text(r.Environment), truth(r.Failed),
		text(id.AgentID), text(id.AgentName), text(id.TeamID), text(id.TeamName), text(id.WorkflowID), text(id.WorkflowName),
		text(id.SessionID), text(id.UserID), text(id.RunID),
	}
}

// settledRunValues returns the values of settledRunColumns.
func settledRunValues(r *model.Run) ([]driver.Value, error) {
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
