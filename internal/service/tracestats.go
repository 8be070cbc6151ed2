package service

import (
	"context"
	"iter"
	"time"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/stats"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// What a request for stats asks where it says nothing.
const (
	statsRange   = 30 * 24 * time.Hour
	defaultStats = 100
	maxStats     = 1000
)

func statsLimit(asked int32) int {
	if asked == 0 {
		return defaultStats
	}
	return min(int(asked), maxStats)
}

// statsRangeOf returns the range that a request for stats names.
func (s *queryService) statsRangeOf(in timeSelection) (model.TimeRange, error) {
	within, err := s.closedRange(in, statsRange)
	if most := s.limits.MaxRange; err == nil && most > 0 && within.End-within.Start > int64(most) {
		err = tooLong(most)
	}
	return within, err
}

func tooLong(most time.Duration) error {
	return &search.TooBroad{Limit: search.FlagMaxRange, Most: int64(most), Advice: "ask for a time range of at most " + most.String()}
}

// QueryTraceStats counts traces.
func (s *queryService) QueryTraceStats(ctx context.Context, req *pb.QueryTraceStatsRequest) (*pb.QueryTraceStatsResponse, error) {
	within, err := s.statsRangeOf(req)
	if err != nil {
		return nil, err
	}
	// The store finds traces with these ids on any span; what counts is the
	// trace's own, which one span of it has.
	id := model.Identity{
		AgentID: req.GetAgentId(), TeamID: req.GetTeamId(), WorkflowID: req.GetWorkflowId(),
		SessionID: req.GetSessionId(), UserID: req.GetUserId(),
	}
	found, left := stats.NewTraces(req.GetGroupBy()), s.limits.MaxTraces
	for t, err := range s.tracesOf(ctx, repo.TraceQuery{Identity: id, Start: within}) {
		if err != nil {
			return nil, err
		}
		if left--; left < 0 {
			return nil, s.tooManyTraces()
		}
		if hasIdentity(&t.Identity, &id) {
			found.Add(t)
		}
	}
	return &pb.QueryTraceStatsResponse{Rows: found.Rows(statsLimit(req.GetLimit()))}, nil
}

func (s *queryService) tooManyTraces() error {
	return &search.TooBroad{Limit: search.FlagMaxTraces, Most: s.limits.MaxTraces,
		Advice: "ask for a shorter time range, or for less than all agents, teams and workflows"}
}

// hasIdentity reports whether all ids that are wanted are those of an identity.
func hasIdentity(id, want *model.Identity) bool {
	has := func(got, want string) bool { return want == "" || got == want }
	return has(id.AgentID, want.AgentID) && has(id.TeamID, want.TeamID) && has(id.WorkflowID, want.WorkflowID) &&
		has(id.SessionID, want.SessionID) && has(id.UserID, want.UserID)
}

// tracesOf yields all traces that a query selects.
func (s *queryService) tracesOf(ctx context.Context, q repo.TraceQuery) iter.Seq2[*model.Trace, error] {
	project := tenant.Project(ctx)
	return paged(0, func(size int, last **model.Trace) ([]*model.Trace, error) {
		q.Limit = size
		if last != nil {
			q.After = new(q.Order.CursorOf(*last))
		}
		return s.store.Traces(ctx, project, q)
	})
}
