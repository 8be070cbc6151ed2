package postgres

import (
	"context"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// spanColumns are what scanSpan reads.
const spanColumns = `
    project, trace_id, span_id, coalesce(parent_id, 0), start_ns, end_ns, kind, type, status, failed, coalesce(first_token_ns, 0),
    coalesce(input_tokens, 0), coalesce(cache_read_tokens, 0), coalesce(cache_write_tokens, 0), coalesce(output_tokens, 0),
    coalesce(reasoning_tokens, 0), coalesce(audio_input_tokens, 0), coalesce(audio_output_tokens, 0), coalesce(reported_total_tokens, 0),
    coalesce(name, ''), coalesce(status_message, ''), coalesce(error_type, ''), coalesce(error_message, ''),
    coalesce(service, ''), coalesce(environment, ''),
    coalesce(agent_id, ''), coalesce(agent_name, ''), coalesce(team_id, ''), coalesce(team_name, ''),
    coalesce(workflow_id, ''), coalesce(workflow_name, ''), coalesce(session_id, ''), coalesce(user_id, ''), coalesce(run_id, ''),
    coalesce(model, ''), coalesce(provider, ''), coalesce(tool_name, ''), coalesce(tool_call_id, ''), coalesce(attributes::text, '')`

func scanSpan(row pgx.CollectableRow) (*model.Span, error) {
	var s model.Span
	var span, parent int64
	var attributes string
	u, id := &s.Usage, &s.Identity
	err := row.Scan(
		&s.Project, (*[16]byte)(&s.TraceID), &span, &parent, &s.StartNano, &s.EndNano, &s.Kind, &s.Type, &s.Status, &s.Failed, &s.FirstTokenNano,
		&u.Input, &u.CacheRead, &u.CacheWrite, &u.Output, &u.Reasoning, &u.AudioInput, &u.AudioOutput, &u.Total,
		&s.Name, &s.StatusMessage, &s.ErrorType, &s.ErrorMessage,
		&s.Service, &s.Environment,
		&id.AgentID, &id.AgentName, &id.TeamID, &id.TeamName,
		&id.WorkflowID, &id.WorkflowName, &id.SessionID, &id.UserID, &id.RunID,
		&s.Model, &s.Provider, &s.ToolName, &s.ToolCallID, &attributes,
	)
	s.SpanID, s.ParentID = model.SpanIDFromInt64(span), model.SpanIDFromInt64(parent)
	if attributes != "" {
		s.ShortAttributes = []byte(attributes)
	}
	return &s, err
}

// Spans returns one page of spans.
func (s *Store) Spans(ctx context.Context, project string, q repo.SpanQuery) ([]*model.Span, error) {
	page, err := s.spans(ctx, project, q)
	return page, s.explain(ctx, "list spans", err)
}

func (s *Store) spans(ctx context.Context, project string, q repo.SpanQuery) ([]*model.Span, error) {
	page := make([]*model.Span, 0, q.Limit)
	if q.TraceID.IsZero() {
		q.TraceID = wantedTrace(q.Where)
	}
	days, err := s.daysOfSpans(ctx, project, q)
	if err != nil {
		return nil, err
	}
	windows(days, s.now().UnixNano(), func(days []int64) bool {
		query, args := spansSQL(project, q, days, q.Limit-len(page))
		var rows pgx.Rows
		if rows, err = s.reads.Query(ctx, query, args...); err != nil {
			return false
		}
		page, err = pgx.AppendRows(page, rows, scanSpan)
		return err == nil && len(page) < q.Limit
	})
	return page, err
}

// daysOfSpans returns the days that may hold what q still wants, in its order.
func (s *Store) daysOfSpans(ctx context.Context, project string, q repo.SpanQuery) ([]int64, error) {
	first, last := int64(0), int64(math.MaxInt64)
	if q.Start.Start != 0 {
		first = model.Day(q.Start.Start)
	}
	if q.Start.End != 0 {
		last = q.Start.End - 1
	}
	if q.After != nil && q.Order == repo.SpansNewestFirst {
		last = min(last, q.After.StartNano)
	} else if q.After != nil {
		first = max(first, model.Day(q.After.StartNano))
	}
	if !q.TraceID.IsZero() {
		found, err := findDays(ctx, s.reads, project, []model.TraceID{q.TraceID})
		if err != nil {
			return nil, err
		}
		days, ok := found[q.TraceID]
		if !ok {
			return nil, nil
		}
		first, last = max(first, days.first), min(last, days.last)
	}
	days, err := daysBetween(ctx, s.reads, first, last)
	if q.Order == repo.SpansNewestFirst {
		slices.Reverse(days)
	}
	return days, err
}

// spansSQL asks for what q wants on some days that follow each other.
func spansSQL(project string, q repo.SpanQuery, days []int64, limit int) (string, []any) {
	var c conditions
	c.addSpans(project, q, slices.Min(days), lastOf(slices.Max(days)))
	direction, before := ` DESC`, `<`
	if q.Order == repo.SpansOldestFirst {
		direction, before = ` ASC`, `>`
	}
	if a := q.After; a != nil {
		c.add(`start_ns `+before+`= ?`, a.StartNano)
		c.add(`(start_ns, trace_id, span_id) `+before+` (?, ?, ?)`, a.StartNano, uuid(a.TraceID), a.SpanID.Int64())
	}
	return `SELECT ` + spanColumns + ` FROM spans WHERE ` + c.take() +
		` ORDER BY start_ns` + direction + `, trace_id` + direction + `, span_id` + direction +
		` LIMIT ` + c.arg(limit), c.args
}

// addSpans demands a span that q selects, whatever its page, and that starts
// from first to last. The plain bounds on start_ns choose the partitions; the
// row comparison of a cursor would not.
func (c *conditions) addSpans(project string, q repo.SpanQuery, first, last int64) {
	c.add(`project = ?`, project)
	c.addBetween(`start_ns`, first, last)
	c.addRange(`start_ns`, q.Start)
	if !q.TraceID.IsZero() {
		c.add(`trace_id = ?`, uuid(q.TraceID))
	}
	if !q.SpanID.IsZero() {
		c.add(`span_id = ?`, q.SpanID.Int64())
	}
	c.addCondition(plan.All(identityConditions(q.Identity)))
	if len(q.Types) > 0 {
		c.add(`type = ANY(?::smallint[])`, column(q.Types, func(t model.SpanType) int16 { return int16(t) }))
	}
	c.addText(`name = ?`, q.Name)
	c.addText(`service = ?`, q.Service)
	c.addText(`environment = ?`, q.Environment)
	c.addText(`model = ?`, q.Model)
	c.addText(`tool_name = ?`, q.ToolName)
	if q.Status != nil {
		c.add(`status = ?`, int16(*q.Status))
	}
	if q.Failed != nil {
		c.terms = append(c.terms, map[bool]string{true: `failed`, false: `NOT failed`}[*q.Failed])
	}
	c.addDuration(q.MinDuration, q.MaxDuration)
	c.addCondition(q.Where)
}

// lastOf returns the last nanosecond of a day.
func lastOf(day int64) int64 {
	if day > math.MaxInt64-model.NanosPerDay {
		return math.MaxInt64
	}
	return day + model.NanosPerDay - 1
}
