package service

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/pagetoken"
	"github.com/agenttrace/agenttrace/internal/service/stats"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// usageService implements agenttrace.v1.UsageService. It keeps nothing between
// calls and may be used from any number of goroutines.
type usageService struct {
	store    Store
	engine   search.Engine // without a limit on the range, which is checked here
	limits   search.Limits
	prices   Prices
	repricer Repricer // nil for none
	now      func() time.Time
}

var _ agenttracev1connect.UsageServiceHandler = (*usageService)(nil)

func newUsageService(c Config, e engines) *usageService {
	s := &usageService{
		store: c.Store, engine: *e.calls, limits: e.calls.Limits.WithDefaults(),
		prices: c.Prices, repricer: c.Repricer, now: c.Now,
	}
	s.engine.Limits.MaxRange = 0
	return s
}

// What a request for usage asks where it says nothing.
const (
	usagePage     = 100
	maxUsagePage  = 10_000
	unpricedRange = 30 * 24 * time.Hour
	maxUnpriced   = 1000
)

// QueryUsage sums up calls.
func (s *usageService) QueryUsage(ctx context.Context, req *pb.QueryUsageRequest) (*pb.QueryUsageResponse, error) {
	p, err := openPageOf(ctx, agenttracev1connect.UsageServiceQueryUsageProcedure, req, usagePage, maxUsagePage)
	if err != nil {
		return nil, err
	}
	asked, err := s.billQuery(req)
	if err != nil {
		return nil, err
	}
	q, err := parseSearch(req.GetQuery())
	if err != nil {
		return nil, err
	}
	project := tenant.Project(ctx)
	var sums []repo.BillSum
	if q == nil {
		sums, err = s.bills(ctx, project, asked)
	} else {
		sums, err = s.queried(ctx, project, q, asked)
	}
	if err != nil {
		return nil, err
	}
	table := stats.NewUsageTable(project, req.GetGroupBy(), req.GetOrderBy(), sums)
	rows, last, more := table.Page(placeIn(p.after), p.size)
	res := &pb.QueryUsageResponse{Rows: rows, Total: table.Total(), RowCount: int64(table.Len())}
	if more {
		last = last.Cut(pagetoken.MaxText)
		res.NextPageToken = p.tokenAfter(pagetoken.Cursor{Key: last.Key, Text: last.Labels, Start: last.Hash})
	}
	return res, nil
}

// placeIn returns where a page begins.
func placeIn(c *pagetoken.Cursor) *stats.Place {
	if c == nil {
		return nil
	}
	return &stats.Place{Key: c.Key, Labels: c.Text, Hash: c.Start}
}

// billQuery returns the query that a request stands for.
func (s *usageService) billQuery(req *pb.QueryUsageRequest) (repo.BillQuery, error) {
	q := repo.BillQuery{
		By:    stats.By(req.GetGroupBy()),
		Agent: req.GetAgentId(), Team: req.GetTeamId(), Workflow: req.GetWorkflowId(),
		Session: req.GetSessionId(), User: req.GetUserId(), Run: req.GetRunId(),
		Model: req.GetModel(), Provider: req.GetProvider(), Tool: req.GetToolName(),
		Service: req.GetService(), Environment: req.GetEnvironment(),
		MaxSums: int(min(s.limits.MaxPoints, math.MaxInt32)),
	}
	if slices.Contains(q.By, repo.ByDay) && slices.Contains(q.By, repo.ByHour) {
		return q, fault.InvalidField("group_by", "DAY and HOUR exclude each other")
	}
	var err error
	q.Start, err = timeRange(req)
	return q, err
}

// bills lets the store sum up.
func (s *usageService) bills(ctx context.Context, project string, asked repo.BillQuery) ([]repo.BillSum, error) {
	sums, err := s.store.Bills(ctx, project, asked)
	return sums, s.explain(err)
}

// explain says which limit an error means.
func (s *usageService) explain(err error) error {
	if errors.Is(err, repo.ErrTooMany) {
		return &search.TooBroad{Limit: search.FlagMaxPoints, Most: s.limits.MaxPoints,
			Advice: "group by fields with fewer values, or ask for a shorter time range"}
	}
	return err
}

// queried sums up the calls that a query selects: it works out each trace with
// such a call.
func (s *usageService) queried(ctx context.Context, project string, q *query.Query, asked repo.BillQuery) ([]repo.BillSum, error) {
	if most := s.limits.MaxRange; most > 0 && !shorter(asked.Start, most, s.now()) {
		return nil, tooLong(most)
	}
	var mu sync.Mutex
	sums := stats.NewSums(asked.By, asked.MaxSums)
	err := s.engine.EachTrace(ctx, project, q, callRange(asked.Start), func(spans []*model.Span, selected []match.Selected) error {
		chosen := make(map[*model.Span]struct{}, len(selected))
		for _, one := range selected {
			chosen[one.Span] = struct{}{}
		}
		bills := runs.Of(spans, s.prices).BillsOf(func(span *model.Span) bool {
			_, ok := chosen[span]
			return ok
		})
		mu.Lock()
		defer mu.Unlock()
		for i := range bills {
			if !asked.Matches(&bills[i]) {
				continue
			}
			if err := sums.Add(&bills[i]); err != nil {
				return s.explain(err)
			}
		}
		return nil
	})
	return sums.All(), err
}

// shorter reports whether a range is no longer than allowed.
func shorter(r model.TimeRange, most time.Duration, now time.Time) bool {
	end := r.End
	if end == 0 {
		end = now.UnixNano()
	}
	return r.Start > 0 && end-r.Start <= int64(most)
}

// callRange returns when the calls begin that count to a range: a call counts to
// the time of the first of its hour that is like it.
func callRange(counts model.TimeRange) model.TimeRange {
	if counts.End == 0 || counts.End > math.MaxInt64-model.NanosPerHour {
		return model.TimeRange{Start: counts.Start}
	}
	return model.TimeRange{Start: counts.Start, End: model.Hour(counts.End-1) + model.NanosPerHour}
}

// ListUnpricedModels returns models without a price.
func (s *usageService) ListUnpricedModels(ctx context.Context, req *pb.ListUnpricedModelsRequest) (*pb.ListUnpricedModelsResponse, error) {
	within, err := closedRange(req, unpricedRange, s.now())
	if err != nil {
		return nil, err
	}
	sums, err := s.bills(ctx, tenant.Project(ctx), repo.BillQuery{
		By: []repo.BillField{repo.ByProvider, repo.ByModel}, Start: within, MaxSums: int(min(s.limits.MaxPoints, math.MaxInt32)),
	})
	if err != nil {
		return nil, err
	}
	sums = slices.DeleteFunc(sums, func(s repo.BillSum) bool { return s.Cost.UnpricedCalls == 0 })
	slices.SortFunc(sums, func(a, b repo.BillSum) int {
		return cmp.Or(cmp.Compare(b.Cost.UnpricedCalls, a.Cost.UnpricedCalls), slices.Compare(a.Labels, b.Labels))
	})
	res := &pb.ListUnpricedModelsResponse{}
	for i := range sums[:min(len(sums), maxUnpriced)] {
		res.Models = append(res.Models, &pb.UnpricedModel{
			Provider: convert.Text(sums[i].Labels[0]), Model: convert.Text(sums[i].Labels[1]),
			Calls: sums[i].Cost.UnpricedCalls, Usage: convert.Usage(sums[i].Usage),
		})
	}
	return res, nil
}

// Reprice computes stored costs again, and tells how far it has come.
func (s *usageService) Reprice(ctx context.Context, req *pb.RepriceRequest, stream *connect.ServerStream[pb.RepriceResponse]) error {
	if s.repricer == nil {
		return fault.New(connect.CodeUnimplemented, "this server does not settle traces and cannot compute their costs again")
	}
	within, err := timeRange(req)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sendErr error
	report, err := s.repricer.Reprice(ctx, tenant.Project(ctx), within, func(r settle.Report) {
		if sendErr != nil {
			return
		}
		if sendErr = stream.Send(repriceMessage(r)); sendErr != nil {
			cancel() // nobody listens any more
		}
	})
	if err = cmp.Or(sendErr, err); err != nil {
		return err
	}
	last := repriceMessage(report)
	last.Done = true
	return stream.Send(last)
}

func repriceMessage(r settle.Report) *pb.RepriceResponse {
	out := &pb.RepriceResponse{
		Traces: r.Traces, ChangedTraces: r.Changed, SkippedTraces: r.Skipped,
		Before: convert.Cost(r.Before), After: convert.Cost(r.After),
	}
	if r.Reached != 0 {
		out.TimeReached = convert.Timestamp(r.Reached)
	}
	return out
}
