package service

import (
	"context"
	"errors"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// runService implements agenttrace.v1.RunService. It keeps nothing between calls
// and may be used from any number of goroutines.
type runService struct {
	store     Store
	content   content
	engines   engines
	limits    settle.Limits // of a trace that is worked out for GetRun
	pageBytes int
}

var _ agenttracev1connect.RunServiceHandler = (*runService)(nil)

func newRunService(c Config, e engines) *runService {
	return &runService{
		store: c.Store, content: content{c.Store, c.Prices}, engines: e,
		limits: c.settleLimits(), pageBytes: c.MaxTraceBytes,
	}
}

// maxChildren is how many runs below a run GetRun shows.
const maxChildren = 1000

// GetRun returns one run, with content, and the runs directly below it.
func (s *runService) GetRun(ctx context.Context, req *pb.GetRunRequest) (*pb.GetRunResponse, error) {
	project := tenant.Project(ctx)
	stored, err := s.find(ctx, project, req)
	if err != nil {
		return nil, err
	}
	run, children, err := s.worked(ctx, project, stored)
	if err != nil {
		return nil, err
	}
	full, err := s.content.complete(ctx, project, []*model.Span{{TraceID: run.TraceID, SpanID: run.SpanID, StartNano: run.StartNano}}, s.pageBytes)
	if err != nil {
		return nil, err
	}
	res := &pb.GetRunResponse{Run: convert.Run(run)}
	res.Run.Input, res.Run.Output = full[0].GetInput(), full[0].GetOutput()
	for _, child := range children {
		res.Children = append(res.Children, convert.Run(child))
	}
	return res, nil
}

// find returns the run that a request names, as it is stored.
func (s *runService) find(ctx context.Context, project string, req *pb.GetRunRequest) (*model.Run, error) {
	q := repo.RunQuery{Identity: model.Identity{RunID: req.GetRunId()}, Limit: 1}
	if req.GetRunId() == "" {
		ref, err := s.findSpan(ctx, project, req)
		if err != nil {
			return nil, err
		}
		q.Of = []repo.RunRef{ref}
	}
	found, err := s.store.Runs(ctx, project, q)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, repo.ErrNotFound
	}
	return found[0], nil
}

// runTypes are the types of spans that are runs.
func runTypes() []model.SpanType {
	return []model.SpanType{model.TypeAgent, model.TypeTeam, model.TypeWorkflow}
}

// findSpan returns the run whose span a request names: of several with one id, the
// earliest.
func (s *runService) findSpan(ctx context.Context, project string, req *pb.GetRunRequest) (repo.RunRef, error) {
	traceID, err := model.ParseTraceID(req.GetTraceId())
	if err != nil {
		return repo.RunRef{}, fault.InvalidField("trace_id", err.Error())
	}
	spanID, err := model.ParseSpanID(req.GetSpanId())
	if err != nil {
		return repo.RunRef{}, fault.InvalidField("span_id", err.Error())
	}
	page, err := s.store.Spans(ctx, project, repo.SpanQuery{
		TraceID: traceID, SpanID: spanID, Types: runTypes(), Order: repo.SpansOldestFirst, Limit: 1,
	})
	if err != nil {
		return repo.RunRef{}, err
	}
	if len(page) == 0 {
		return repo.RunRef{}, repo.ErrNotFound
	}
	return refOf(page[0]), nil
}

func refOf(s *model.Span) repo.RunRef {
	return repo.RunRef{TraceID: s.TraceID, SpanID: s.SpanID, StartNano: s.StartNano}
}

// worked returns all that is known of a run now, and the runs directly below it.
// Where its trace has not settled, the trace is worked out from its spans, unless
// it is too large for that.
func (s *runService) worked(ctx context.Context, project string, stored *model.Run) (run *model.Run, children []*model.Run, err error) {
	if stored.Settled {
		children, err = s.storedChildren(ctx, project, stored)
		return stored, children, err
	}
	trace, err := s.store.Trace(ctx, project, stored.TraceID)
	if err != nil {
		return nil, nil, err
	}
	derived, err := settle.Derive(ctx, s.store, project, repo.RefOf(trace), s.content.prices, s.limits)
	switch {
	case errors.Is(err, settle.ErrTooLarge):
		return stored, nil, nil
	case err != nil:
		return nil, nil, err
	}
	run = stored
	for _, r := range derived.Runs {
		if r.SpanID == stored.SpanID && r.StartNano == stored.StartNano {
			run = r
		}
	}
	return run, childrenAmong(derived.Runs, run, nil), nil
}

// storedChildren returns the runs directly below a settled one.
func (s *runService) storedChildren(ctx context.Context, project string, run *model.Run) (children []*model.Run, err error) {
	if run.Detail.Children == 0 {
		return nil, nil
	}
	q := repo.RunQuery{TraceID: run.TraceID, Order: repo.RunsOldestFirst, Limit: batchItems}
	for len(children) < maxChildren && int64(len(children)) < run.Detail.Children {
		page, err := s.store.Runs(ctx, project, q)
		if err != nil {
			return nil, err
		}
		children = childrenAmong(page, run, children)
		if len(page) < q.Limit {
			break
		}
		q.After = new(q.Order.CursorOf(page[len(page)-1]))
	}
	return children, nil
}

// childrenAmong adds the runs directly below a run to those that were found
// before, as far as there is room.
func childrenAmong(runs []*model.Run, parent *model.Run, found []*model.Run) []*model.Run {
	for _, r := range runs {
		if len(found) < maxChildren && r != parent && r.Detail.ParentSpanID == parent.SpanID {
			found = append(found, r)
		}
	}
	return found
}
