package sqlite

import (
	"database/sql/driver"
	"fmt"

	"github.com/agenttrace/agenttrace/internal/model"
)

const (
	tallyColumns = `spans, model_calls, model_failures, tool_calls, tool_failures, retries, ` + usageColumns + `, ` + costColumns

	// provisionalColumns are what is known of a run from its span alone,
	// derivedColumns what settling adds. Those before the ids are in no index.
	provisionalColumns = `project, trace_id, span_id, start_ns, end_ns, type, status, name, service, environment, detail, failed, ` + identityColumns
	derivedColumns     = `settled, total_cost_nano, ` + tallyColumns

	// runColumns are what is read. A run is settled when it was, and nothing has
	// arrived since.
	runColumns = provisionalColumns + `,
	settled AND coalesce((SELECT t.settled_spans = t.spans FROM traces AS t WHERE t.project = runs.project AND t.trace_id = runs.trace_id), 0),
	` + tallyColumns

	provisionalMarks = tenMarks + tenMarks + `?`
	derivedMarks     = tenMarks + tenMarks + `?, ?`

	// insertRun leaves a run as it is that is stored already: its span was
	// dropped just now, and arrived again before the run was.
	insertRun = `INSERT INTO runs (` + provisionalColumns + `) VALUES (` + provisionalMarks + `) ON CONFLICT DO NOTHING`

	insertSettledRun = `INSERT INTO runs (` + provisionalColumns + `, ` + derivedColumns + `) VALUES (` + provisionalMarks + `, ` + derivedMarks + `)`

	// replaceRun and completeRun write over what is stored; the last argument is
	// the row's id. SQLite writes an index anew where a column of it is set, be it
	// to the value that it has: completeRun is for runs whose identity and failure
	// are what they were.
	replaceRun  = `UPDATE runs SET (` + provisionalColumns + `, ` + derivedColumns + `) = (` + provisionalMarks + `, ` + derivedMarks + `) WHERE id = ?`
	completeRun = `UPDATE runs SET (end_ns, type, status, name, service, environment, detail, ` + derivedColumns + `) =
	(?, ?, ?, ?, ?, ?, ?, ` + derivedMarks + `) WHERE id = ?`
)

// provisionalValues returns the values of provisionalColumns.
func provisionalValues(r *model.Run) ([]driver.Value, error) {
	detail, err := r.EncodeDetail()
	if err != nil {
		return nil, fmt.Errorf("detail of run: %w", err)
	}
	id := &r.Identity
	return []driver.Value{
		r.Project, r.TraceID[:], r.SpanID.Int64(), r.StartNano, r.EndNano, int64(r.Type), int64(r.Status),
		text(r.Name), text(r.Service), text(r.Environment), text(string(detail)), truth(r.Failed),
		text(id.AgentID), text(id.AgentName), text(id.TeamID), text(id.TeamName), text(id.WorkflowID), text(id.WorkflowName),
		text(id.SessionID), text(id.UserID), text(id.RunID),
	}, nil
}

const (
	keyOfRun     = 4  // of provisionalColumns are the run's key
	plainColumns = 11 // of provisionalColumns come before those in an index
	derivedCount = 22
)

// derivedValues returns the values of derivedColumns.
func derivedValues(r *model.Run) []driver.Value {
	t := &r.Own
	u, c := &t.Usage, &t.Cost
	return []driver.Value{
		int64(1), r.Detail.Total.Cost.Nano,
		t.Spans, t.ModelCalls, t.ModelFailures, t.ToolCalls, t.ToolFailures, t.Retries,
		u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.AudioInput, u.AudioOutput, u.Total,
		c.Nano, c.Reported, c.Computed, c.ReportedCalls, c.ComputedCalls, c.UnpricedCalls,
	}
}

// run reads runColumns.
func (r *row) run() (*model.Run, error) {
	run := &model.Run{
		Project: r.text(), TraceID: r.traceID(), SpanID: model.SpanIDFromInt64(r.int()), StartNano: r.int(), EndNano: r.int(),
		Type: model.SpanType(r.int()), Status: model.StatusCode(r.int()), Name: r.text(), Service: r.text(), Environment: r.text(),
	}
	detail := r.text()
	run.Failed, run.Identity, run.Settled, run.Own = r.int() != 0, r.identity(), r.int() != 0, r.tally()
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
