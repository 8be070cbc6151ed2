package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// traceColumns are what scanTrace reads.
const traceColumns = `
    project, trace_id, start_ns, end_ns, spans, errors, llm_calls, tool_calls, status,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    coalesce(models::text, ''), coalesce(tools::text, ''),
    root_key, coalesce(root_name, ''), head_key, head_type, coalesce(name, ''),
    coalesce(service, ''), coalesce(environment, ''),
    coalesce(agent_id, ''), coalesce(agent_name, ''), coalesce(team_id, ''), coalesce(team_name, ''),
    coalesce(workflow_id, ''), coalesce(workflow_name, ''), coalesce(session_id, ''), coalesce(user_id, ''), coalesce(run_id, ''),
    coalesce(input_preview, ''), coalesce(output_preview, ''),
    error_key, coalesce(error_span, ''), coalesce(error_type, ''), coalesce(error_message, ''),
    settled_spans, runs, ` + costColumns

// scanTrace reads one part of a trace: what a row of traces holds.
func scanTrace(row pgx.CollectableRow) (*model.Trace, error) {
	var t model.Trace
	var models, tools string
	u, id, c := &t.Usage, &t.Identity, &t.Cost
	err := row.Scan(
		&t.Project, (*[16]byte)(&t.TraceID), &t.StartNano, &t.EndNano, &t.Spans, &t.Errors, &t.LLMCalls, &t.ToolCalls, &t.Status,
		&u.Input, &u.CacheRead, &u.CacheWrite, &u.Output, &u.Reasoning, &u.AudioInput, &u.AudioOutput, &u.Total,
		&models, &tools,
		&t.RootKey, &t.RootName, &t.HeadKey, &t.HeadType, &t.Name,
		&t.Service, &t.Environment,
		&id.AgentID, &id.AgentName, &id.TeamID, &id.TeamName,
		&id.WorkflowID, &id.WorkflowName, &id.SessionID, &id.UserID, &id.RunID,
		&t.InputPreview, &t.OutputPreview,
		&t.ErrorKey, &t.ErrorSpan, &t.ErrorType, &t.ErrorMessage,
		&t.SettledSpans, &t.Runs, &c.Nano, &c.Reported, &c.Computed, &c.ReportedCalls, &c.ComputedCalls, &c.UnpricedCalls,
	)
	if err != nil {
		return nil, err
	}
	if t.Models, err = readSet(models); err != nil {
		return nil, err
	}
	t.Tools, err = readSet(tools)
	return &t, err
}

// readSet undoes setJSON.
func readSet(object string) ([]string, error) {
	if object == "" {
		return nil, nil
	}
	var set map[string]int
	if err := json.Unmarshal([]byte(object), &set); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(set)), nil
}

// daysOf is where a trace has rows: from its first to its last day, and
// nowhere for the zero value.
type daysOf struct{ first, last int64 }

// findDaysSQL is a walk down one index, however many days there are. Without
// it PostgreSQL would plan over all partitions, which takes longer than the
// query itself from a few dozen of them on, and a tenth of a second at a
// thousand.
const findDaysSQL = `SELECT trace_id, first_day_ns, last_day_ns FROM trace_days WHERE project = $1 AND trace_id = ANY($2::uuid[])`

// findDays returns the days of those traces that are stored.
func findDays(ctx context.Context, q querier, project string, traces []model.TraceID) (map[model.TraceID]daysOf, error) {
	rows, err := q.Query(ctx, findDaysSQL, project, uuids(traces))
	if err != nil {
		return nil, err
	}
	found := make(map[model.TraceID]daysOf, len(traces))
	var id pgtype.UUID
	var days daysOf
	_, err = pgx.ForEachRow(rows, []any{&id, &days.first, &days.last}, func() error {
		found[id.Bytes] = days
		return nil
	})
	return found, err
}

// placeOfTrace is where a trace has rows, and whether the first of these days stands:
// it does until its dropping begins.
type placeOfTrace struct {
	daysOf
	stands bool
}

// isOn reports whether a trace is on that day and no other.
func (p *placeOfTrace) isOn(day int64) bool { return p.stands && p.first == day && p.last == day }

func (p *placeOfTrace) scan(row pgx.Rows) error { return row.Scan(&p.first, &p.last, &p.stands) }

// findTraceStatement is findDaysSQL for one trace.
func findTraceStatement(project string, id model.TraceID) statement {
	return statement{`
SELECT first_day_ns, last_day_ns, EXISTS (SELECT FROM days WHERE day_ns = first_day_ns)
FROM trace_days WHERE project = $1 AND trace_id = $2`, []any{project, uuid(id)}}
}

// noDay is where no trace is.
const noDay = -1

// findTrace returns the place of one trace, or repo.ErrNotFound. To plan takes twice
// as long as to look. At once it asks for the trace on the day that is guessed, and
// hands that to take if the trace is on this day and no other: where the days of a
// trace are many, what was sent of one is dropped.
func (s *Store) findTrace(ctx context.Context, project string, id model.TraceID, guess int64, take emitter) (place placeOfTrace, goOn bool, err error) {
	settings, queries := planOnce, []statement{findTraceStatement(project, id)}
	if guess != noDay {
		settings, queries = planGuess, append(queries, traceOfDay(project, id, guess)...)
	}
	found := false
	goOn, err = s.stream(ctx, settings, queries, func(query int, row pgx.Rows) (bool, error) {
		switch {
		case query == 0:
			found = true
			return true, place.scan(row)
		case place.isOn(guess):
			return take(query-1, row)
		}
		return true, nil
	})
	if err == nil && !found {
		err = repo.ErrNotFound
	}
	return place, goOn, err
}

// traceSQL selects the rows of a trace from all of traces, or from one partition.
func traceSQL(traces string) string {
	return `SELECT ` + traceColumns + ` FROM ` + traces + ` WHERE project = $1 AND trace_id = $2 AND day_ns >= $3 AND day_ns <= $4`
}

// Trace puts the parts of a trace together.
func (s *Store) Trace(ctx context.Context, project string, id model.TraceID) (*model.Trace, error) {
	t, err := s.trace(ctx, project, id)
	return t, s.explain(ctx, "read a trace", err)
}

func (s *Store) trace(ctx context.Context, project string, id model.TraceID) (*model.Trace, error) {
	place, _, err := s.findTrace(ctx, project, id, noDay, nil)
	if err != nil {
		return nil, err
	}
	rows, err := s.reads.Query(ctx, traceSQL(`traces`), project, uuid(id), place.first, place.last)
	if err != nil {
		return nil, err
	}
	parts, err := pgx.CollectRows(rows, scanTrace)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, repo.ErrNotFound
	}
	return merged(parts), nil
}

func merged(parts []*model.Trace) *model.Trace {
	for _, p := range parts[1:] {
		parts[0].Merge(p)
	}
	return parts[0]
}

// loadDaySQL reads rows of one day: PostgreSQL plans each over one partition,
// and all travel together.
const loadDaySQL = `SELECT ` + traceColumns + ` FROM traces
WHERE project = $1 AND day_ns = $2 AND trace_id = ANY($3::uuid[]) AND (part <> 0 OR start_ns <= $4)`

// load returns traces by id, put together from their rows. It leaves out what
// SQL knows to start after latest.
func load(ctx context.Context, tx reading, project string, wanted rowsByDay, latest int64) (map[model.TraceID]*model.Trace, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	var queue pgx.Batch
	for day, of := range wanted {
		queue.Queue(loadDaySQL, project, day, uuids(of.ids), latest)
	}
	traces := map[model.TraceID]*model.Trace{}
	results := tx.SendBatch(ctx, &queue)
	var err error
	for range wanted {
		var rows pgx.Rows
		var parts []*model.Trace
		if rows, err = results.Query(); err != nil {
			break
		}
		if parts, err = pgx.CollectRows(rows, scanTrace); err != nil {
			break
		}
		for _, p := range parts {
			if whole, ok := traces[p.TraceID]; ok {
				whole.Merge(p)
			} else {
				traces[p.TraceID] = p
			}
		}
	}
	return traces, errors.Join(err, results.Close())
}
