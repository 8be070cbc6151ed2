package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Spans returns one page of narrow spans.
func (s *Store) Spans(ctx context.Context, project string, q repo.SpanQuery) ([]*model.Span, error) {
	query, args := spanPage(project, q)
	spans := make([]*model.Span, 0, q.Limit)
	err := s.read(ctx, "list spans", func(db *sql.DB) error {
		return readRows(ctx, db, query, args, func(r *row) error {
			span, err := r.span()
			spans = append(spans, span)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return spans, nil
}

// spanPage returns the query for one page. As in tracePage, the ids are found
// first, in one step that can be interrupted.
func spanPage(project string, q repo.SpanQuery) (query string, args []any) {
	c := spanConditions(project, q)
	order := ` ORDER BY start_ns DESC, id DESC`
	if q.Order == repo.SpansOldestFirst {
		order = ` ORDER BY start_ns, id`
	}
	query = `WITH page AS MATERIALIZED (SELECT id FROM spans INDEXED BY ` + spanIndex(q) + ` WHERE ` + c.String() + order + ` LIMIT ?)
SELECT ` + spanColumns + ` FROM page CROSS JOIN spans USING (id)` + order
	return query, append(c.args, q.Limit)
}

// spanIndex returns which index yields the fewest spans, in order where there
// is no trace id. SQLite cannot know: it sees parameters, not values.
func spanIndex(q repo.SpanQuery) string {
	ids := identityTerms(q.Identity)
	switch {
	case !q.TraceID.IsZero():
		return `spans_identity`
	case len(ids) > 0:
		return ids[0].index
	case q.Failed != nil && *q.Failed:
		return `spans_failed`
	}
	return `spans_start`
}

func spanConditions(project string, q repo.SpanQuery) conditions {
	var c conditions
	c.add(`project = ?`, project)
	if !q.TraceID.IsZero() {
		c.add(`trace_id = ?`, q.TraceID[:])
	}
	if !q.SpanID.IsZero() {
		c.add(`span_id = ?`, q.SpanID.Int64())
	}
	c.addRange(q.Start)
	for _, id := range identityTerms(q.Identity) {
		c.add(id.term, id.value)
	}
	if len(q.Types) > 0 {
		types := make([]any, len(q.Types))
		for i, t := range q.Types {
			types[i] = int64(t)
		}
		c.add(`type IN (?`+strings.Repeat(`, ?`, len(types)-1)+`)`, types...)
	}
	c.addText(`name = ?`, q.Name)
	c.addText(`service = ?`, q.Service)
	c.addText(`environment = ?`, q.Environment)
	c.addText(`model = ?`, q.Model)
	c.addText(`tool_name = ?`, q.ToolName)
	if q.Status != nil {
		c.add(`status = ?`, int64(*q.Status))
	}
	switch {
	case q.Failed != nil && *q.Failed:
		c.add(`failed = 1`) // a constant, so that the partial index applies
	case q.Failed != nil:
		c.add(`failed = 0`)
	}
	c.addDuration(`(end_ns - start_ns)`, q.MinDuration, q.MaxDuration)
	if q.After != nil {
		c.addPlace(project, *q.After, q.Order)
	}
	return c
}

// addPlace restricts spans to those behind a. Where that span is gone, so are
// all spans of its start, and any id will do.
func (c *conditions) addPlace(project string, a repo.SpanCursor, o repo.SpanOrder) {
	compare := `<`
	if o == repo.SpansOldestFirst {
		compare = `>`
	}
	c.add(`(start_ns, id) `+compare+` (?, coalesce((
		SELECT id FROM spans WHERE project = ? AND trace_id = ? AND span_id = ? AND start_ns = ?), 0))`,
		a.StartNano, project, a.TraceID[:], a.SpanID.Int64(), a.StartNano)
}
