package service

import (
	"context"
	"errors"
	"iter"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/pagetoken"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// runSelection is what requests for runs have in common.
type runSelection interface {
	fieldSelection
	GetSpanName() string
	GetTraceId() string
	GetTypes() []pb.SpanType
	GetOrderBy() pb.RunOrder
	GetQuery() string
}

// runsSelected is which runs a request is about.
type runsSelected struct {
	fields repo.RunQuery
	query  *query.Query // nil for none
}

func selectRuns(in runSelection, failed *bool) (s runsSelected, err error) {
	if s.query, err = parseSearch(in.GetQuery()); err != nil {
		return s, err
	}
	s.fields = repo.RunQuery{
		Identity:    identityOf(in),
		Name:        in.GetSpanName(),
		Service:     in.GetService(),
		Environment: in.GetEnvironment(),
		Status:      statusOf(in),
		Failed:      failed,
		MinDuration: int64(in.GetMinDuration().AsDuration()),
		MaxDuration: int64(in.GetMaxDuration().AsDuration()),
	}
	switch in.GetOrderBy() {
	case pb.RunOrder_RUN_ORDER_OLDEST_FIRST:
		s.fields.Order = repo.RunsOldestFirst
	case pb.RunOrder_RUN_ORDER_LONGEST_FIRST:
		s.fields.Order = repo.RunsLongestFirst
	case pb.RunOrder_RUN_ORDER_COSTLIEST_FIRST:
		s.fields.Order = repo.RunsCostliestFirst
	}
	if s.query != nil && s.fields.Order != repo.RunsNewestFirst && s.fields.Order != repo.RunsOldestFirst {
		return s, fault.InvalidField("order_by", "must be newest first or oldest first where a query is asked")
	}
	if s.fields.Types, s.fields.TraceID, err = placeOf(in); err != nil {
		return s, err
	}
	s.fields.Start, err = rangeOf(in)
	return s, err
}

// spans returns what is asked of the spans of the runs: all that a span knows by
// itself. Who it ran for, it may have from above, and it has failed too where a
// span below it did.
func (s runsSelected) spans() repo.SpanQuery {
	f := &s.fields
	q := repo.SpanQuery{
		TraceID: f.TraceID, Types: f.Types, Identity: model.Identity{RunID: f.Identity.RunID},
		Name: f.Name, Service: f.Service, Environment: f.Environment, Status: f.Status,
		Start: f.Start, MinDuration: f.MinDuration, MaxDuration: f.MaxDuration,
	}
	if len(q.Types) == 0 {
		q.Types = runTypes()
	}
	if f.Order == repo.RunsOldestFirst {
		q.Order = repo.SpansOldestFirst
	}
	return q
}

// ListRuns returns one page of runs.
func (s *runService) ListRuns(ctx context.Context, req *pb.ListRunsRequest) (*pb.ListRunsResponse, error) {
	p, err := openPage(ctx, agenttracev1connect.RunServiceListRunsProcedure, req)
	if err != nil {
		return nil, err
	}
	selected, err := selectRuns(req, req.Failed)
	if err != nil {
		return nil, err
	}
	runs, more, err := s.runPage(ctx, selected, p)
	if err != nil {
		return nil, err
	}
	res := &pb.ListRunsResponse{}
	for _, run := range runs {
		res.Runs = append(res.Runs, convert.Run(run))
	}
	n := fitting(res.Runs, s.pageBytes)
	res.Runs = res.Runs[:n]
	if more || n < len(runs) {
		res.NextPageToken = p.tokenAfter(placeOfRun(selected.fields.Order.CursorOf(runs[n-1])))
	}
	return res, nil
}

// runPage returns a page of runs, and whether there are more.
func (s *runService) runPage(ctx context.Context, selected runsSelected, p page) (found []*model.Run, more bool, err error) {
	if selected.query != nil {
		return s.queriedPage(ctx, selected, p)
	}
	return storedPage(ctx, s.store, selected.fields, p)
}

// storedPage returns a page of the runs that fields select.
func storedPage(ctx context.Context, store Store, fields repo.RunQuery, p page) (found []*model.Run, more bool, err error) {
	if c := p.after; c != nil {
		fields.After = &repo.RunCursor{Key: c.Key, RunRef: repo.RunRef{TraceID: c.TraceID, SpanID: c.SpanID, StartNano: c.Start}}
	}
	return readPage(p.size, runPages(ctx, store, fields))
}

// runPages returns what reads the page of runs behind one.
func runPages(ctx context.Context, store Store, fields repo.RunQuery) func(size int, last **model.Run) ([]*model.Run, error) {
	project := tenant.Project(ctx)
	return func(size int, last **model.Run) ([]*model.Run, error) {
		fields.Limit = size
		if last != nil {
			fields.After = new(fields.Order.CursorOf(*last))
		}
		return store.Runs(ctx, project, fields)
	}
}

// placeOfRun returns what a list goes on behind a run by.
func placeOfRun(at repo.RunCursor) pagetoken.Cursor {
	return pagetoken.Cursor{Key: at.Key, TraceID: at.TraceID, SpanID: at.SpanID, Start: at.StartNano}
}

// queriedPage returns a page of runs that a query selects. They come in the order
// of the walk over their spans, which a cursor of runs by start has the place in.
func (s *runService) queriedPage(ctx context.Context, selected runsSelected, p page) (found []*model.Run, more bool, err error) {
	project, spans := tenant.Project(ctx), selected.spans()
	if c := p.after; c != nil {
		spans.After = &repo.SpanCursor{StartNano: c.Key, TraceID: c.TraceID, SpanID: c.SpanID}
	}
	var waiting []*model.Span
	look := func() error {
		runs, err := s.runsOf(ctx, project, selected.fields, waiting)
		found, waiting = append(found, runs...), waiting[:0]
		return err
	}
	for m, err := range s.engines.calls.Spans(ctx, project, selected.query, spans, nil) {
		if err != nil {
			return nil, false, err
		}
		if waiting = append(waiting, m.Span); len(waiting) < min(p.size+1, repo.MaxPage) {
			continue
		}
		if err := look(); err != nil {
			return nil, false, err
		}
		if len(found) > p.size {
			return found[:p.size], true, nil
		}
	}
	if err := look(); err != nil {
		return nil, false, err
	}
	return found[:min(len(found), p.size)], len(found) > p.size, nil
}

// runsOf returns the runs of spans, in their order, as far as the fields select
// them. There are at most repo.MaxPage spans.
func (s *runService) runsOf(ctx context.Context, project string, fields repo.RunQuery, spans []*model.Span) ([]*model.Run, error) {
	if len(spans) == 0 {
		return nil, nil
	}
	fields.Limit = len(spans)
	for _, span := range spans {
		fields.Of = append(fields.Of, refOf(span))
	}
	page, err := s.store.Runs(ctx, project, fields)
	if err != nil {
		return nil, err
	}
	byRef := make(map[repo.RunRef]*model.Run, len(page))
	for _, run := range page {
		byRef[fields.Order.CursorOf(run).RunRef] = run
	}
	var found []*model.Run
	for _, ref := range fields.Of {
		if run := byRef[ref]; run != nil {
			found = append(found, run)
		}
	}
	return found, nil
}

// StreamRuns sends all selected runs as they are found.
func (s *runService) StreamRuns(ctx context.Context, req *pb.StreamRunsRequest, stream *connect.ServerStream[pb.StreamRunsResponse]) error {
	selected, err := selectRuns(req, req.Failed)
	if err != nil {
		return err
	}
	out := batch[*pb.Run]{
		size: func(m *pb.Run) int { return proto.Size(m) },
		send: func(runs []*pb.Run) error { return stream.Send(&pb.StreamRunsResponse{Runs: runs}) },
	}
	tell := func(p *pb.Progress) error { return stream.Send(&pb.StreamRunsResponse{Progress: p}) }
	return s.engines.bounded(ctx, selected.query, func(ctx context.Context) error {
		if selected.query != nil {
			return s.streamQueried(ctx, selected, req.GetLimit(), &out, tell)
		}
		d := delivery[*pb.Run]{batch: out}
		return d.run(ctx, func(ctx context.Context, _ func(search.Progress)) iter.Seq2[*pb.Run, error] {
			return convertEach(paged(req.GetLimit(), runPages(ctx, s.store, selected.fields)), convert.Run)
		})
	})
}

// errEnough ends a search that has found as much as was wanted.
var errEnough = errors.New("enough was found")

// streamQueried sends the runs that a query selects: it looks up those of the
// spans that were found together at once.
func (s *runService) streamQueried(
	ctx context.Context, selected runsSelected, limit int64, out *batch[*pb.Run], tell func(*pb.Progress) error,
) error {
	project, sent := tenant.Project(ctx), int64(0)
	d := delivery[*model.Span]{tell: tell}
	d.size = func(*model.Span) int { return 0 }
	d.send = func(spans []*model.Span) error {
		runs, err := s.runsOf(ctx, project, selected.fields, spans)
		if err != nil {
			return err
		}
		for _, run := range runs {
			if err := out.add(convert.Run(run)); err != nil {
				return err
			}
			if sent++; sent == limit {
				break
			}
		}
		if err := out.flush(); err != nil {
			return err
		}
		if sent == limit && limit > 0 {
			return errEnough
		}
		return nil
	}
	err := d.run(ctx, func(ctx context.Context, note func(search.Progress)) iter.Seq2[*model.Span, error] {
		return convertEach(s.engines.streams.Spans(ctx, project, selected.query, selected.spans(), note),
			func(m match.Selected) *model.Span { return m.Span })
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
