package service

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/stats"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// QuerySpanStats counts spans.
func (s *queryService) QuerySpanStats(ctx context.Context, req *pb.QuerySpanStatsRequest) (*pb.QuerySpanStatsResponse, error) {
	within, err := s.statsRangeOf(req)
	if err != nil {
		return nil, err
	}
	c := spanCount{queryService: s, project: tenant.Project(ctx), found: stats.NewSpans(), left: s.limits.MaxTraces}
	c.spans = repo.SpanQuery{Name: req.GetName(), Start: within}
	if t := req.GetType(); t != pb.SpanType_SPAN_TYPE_UNSPECIFIED {
		c.spans.Types = []model.SpanType{model.SpanType(t)}
	}
	who := model.Identity{AgentID: req.GetAgentId(), TeamID: req.GetTeamId(), WorkflowID: req.GetWorkflowId()}
	if who == (model.Identity{}) {
		err = c.countAll(ctx)
	} else {
		err = c.countOf(ctx, who)
	}
	if err != nil {
		return nil, err
	}
	res := &pb.QuerySpanStatsResponse{}
	rows, err := c.rows(ctx, req.GetOrderBy(), statsLimit(req.GetLimit()))
	for _, row := range rows {
		res.Rows = append(res.Rows, row.Message())
	}
	return res, err
}

// spanCount is one count of spans.
type spanCount struct {
	*queryService
	project string
	spans   repo.SpanQuery
	found   *stats.Spans
	left    int64 // how many traces may be read
}

// Bounds of what a store counts for one answer.
const (
	statsCells = 400_000
	statsText  = 32 << 20 // bytes of names
	// lastSteps is into how many steps the time is divided to find out when the
	// last span of a name began: the store is asked about one of them.
	lastSteps = 64
)

// countAll lets the store count: once what took how long, and once what failed and
// when it was there last.
func (c *spanCount) countAll(ctx context.Context) error {
	length := c.spans.Start.End - c.spans.Start.Start
	cells, err := c.aggregate(ctx, repo.Aggregation{
		Step: length, By: []query.Intrinsic{query.Name, query.Type}, Value: query.SpanDuration, Bounds: stats.DurationBounds(),
	})
	if err != nil {
		return err
	}
	for i := range cells {
		cell := &cells[i]
		c.found.Row(spanKeyOf(cell)).AddDurations(cell.Bucket, cell.Count, cell.Sum, cell.Min, cell.Max)
	}
	step := length/lastSteps + 1
	cells, err = c.aggregate(ctx, repo.Aggregation{Step: step, By: []query.Intrinsic{query.Name, query.Type, query.Failed}})
	if err != nil {
		return err
	}
	for i := range cells {
		cell := &cells[i]
		row := c.found.Row(spanKeyOf(cell))
		if cell.Labels[2].Int != 0 {
			row.Failures += cell.Count
		}
		if cell.First >= row.Last {
			row.Last = cell.First
		}
		start := c.spans.Start.Start + cell.Step*step
		if until := min(start+step, c.spans.Start.End); until >= row.Until {
			row.Until, row.Earlier = until, true
		}
	}
	return nil
}

func (c *spanCount) aggregate(ctx context.Context, a repo.Aggregation) ([]repo.Cell, error) {
	a.Spans, a.MaxCells, a.MaxText = c.spans, statsCells, statsText
	cells, err := c.store.Aggregate(ctx, c.project, a)
	if errors.Is(err, repo.ErrTooMany) {
		return nil, &search.TooBroad{Limit: search.FlagMaxPoints, Most: statsCells,
			Advice: "there are too many names of spans: ask for a shorter time range, or for one type or name"}
	}
	return cells, err
}

func spanKeyOf(cell *repo.Cell) stats.SpanKey {
	return stats.SpanKey{Name: cell.Labels[0].Text, Type: model.SpanType(cell.Labels[1].Int)}
}

// rows returns the rows of the answer.
func (c *spanCount) rows(ctx context.Context, order pb.SpanStatsOrder, limit int) ([]*stats.SpanRow, error) {
	rows := c.found.Rows(order, limit)
	for _, row := range rows {
		if !row.Earlier {
			continue
		}
		last, err := c.last(ctx, row)
		if err != nil {
			return nil, err
		}
		row.Found(last)
	}
	if order == pb.SpanStatsOrder_SPAN_STATS_ORDER_LAST {
		rows = c.found.Rows(order, limit)
	}
	return rows[:min(limit, len(rows))], nil
}

// last returns when the latest span of a row began.
func (c *spanCount) last(ctx context.Context, row *stats.SpanRow) (int64, error) {
	name := plan.Term{Intrinsic: query.Name, Op: plan.Equal}
	if row.Name != "" {
		name.Value = query.Text(row.Name)
	}
	page, err := c.store.Spans(ctx, c.project, repo.SpanQuery{
		Types: []model.SpanType{row.Type}, Where: name,
		Start: model.TimeRange{Start: row.Last, End: row.Until}, Limit: 1,
	})
	if err != nil || len(page) == 0 { // dropped meanwhile
		return row.Last, err
	}
	return page[0].StartNano, nil
}

// countOf reads the spans of the traces in which somebody ran, and counts them.
func (c *spanCount) countOf(ctx context.Context, who model.Identity) error {
	const together = 64 // traces that are asked for at once
	var refs []repo.TraceRef
	for t, err := range c.overlapping(ctx, repo.TraceQuery{Identity: who}) {
		if err != nil {
			return err
		}
		if c.left--; c.left < 0 {
			return c.tooManyTraces()
		}
		if t.Spans > c.limits.MaxTraceSpans {
			return c.traceTooLarge(t)
		}
		if refs = append(refs, repo.RefOf(t)); len(refs) < together {
			continue
		}
		if err := c.countIn(ctx, refs); err != nil {
			return err
		}
		refs = refs[:0]
	}
	return c.countIn(ctx, refs)
}

func (c *spanCount) traceTooLarge(t *model.Trace) error {
	return &search.TooBroad{Limit: search.FlagMaxTraceSpans, Most: c.limits.MaxTraceSpans,
		Advice: fmt.Sprintf("trace %s alone is larger; leave it out by the time range", t.TraceID)}
}

func (c *spanCount) countIn(ctx context.Context, refs []repo.TraceRef) error {
	if len(refs) == 0 {
		return nil
	}
	for spans, err := range c.store.TraceSpans(ctx, c.project, nil, refs...) {
		if err != nil {
			return err
		}
		for _, span := range spans {
			if c.spans.Matches(span) {
				c.found.Add(span)
			}
		}
	}
	return nil
}

// overlapping yields the traces that a query selects and that are not over before
// the wanted time: those that start within it, and of those before it the ones
// that last long enough. The longer ago, the fewer are.
func (c *spanCount) overlapping(ctx context.Context, q repo.TraceQuery) iter.Seq2[*model.Trace, error] {
	return func(yield func(*model.Trace, error) bool) {
		q.Start = c.spans.Start
		for ago := int64(time.Hour); ; ago *= 2 {
			for t, err := range c.tracesOf(ctx, q) {
				if !yield(t, err) || err != nil {
					return
				}
			}
			edge := q.Start.Start
			if edge <= 1 {
				return
			}
			q.Start = model.TimeRange{Start: max(1, edge-ago), End: edge}
			q.MinDuration = c.spans.Start.Start - edge
		}
	}
}
