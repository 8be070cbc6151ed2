package service

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// sessionService implements agenttrace.v1.SessionService. It keeps nothing between
// calls and may be used from any number of goroutines.
type sessionService struct {
	store     Store
	content   content
	pageBytes int
}

var _ agenttracev1connect.SessionServiceHandler = (*sessionService)(nil)

func newSessionService(c Config) *sessionService {
	return &sessionService{store: c.Store, content: content{c.Store, c.Prices}, pageBytes: c.MaxTraceBytes}
}

// sessionRuns is how many runs GetSession returns where a request does not say.
const sessionRuns = 100

// GetSession returns a session and one page of its runs.
func (s *sessionService) GetSession(ctx context.Context, req *pb.GetSessionRequest) (*pb.GetSessionResponse, error) {
	p, err := openPageOf(ctx, agenttracev1connect.SessionServiceGetSessionProcedure, req, sessionRuns, repo.MaxPage)
	if err != nil {
		return nil, err
	}
	project := tenant.Project(ctx)
	session, err := s.find(ctx, project, req.GetSessionId())
	if err != nil {
		return nil, err
	}
	fields := runsOfSession(req.GetSessionId())
	found, more, err := storedPage(ctx, s.store, fields, p)
	if err != nil {
		return nil, err
	}
	res := &pb.GetSessionResponse{Session: convert.Session(session)}
	for _, run := range found {
		res.Runs = append(res.Runs, convert.Run(run))
	}
	n := fitting(res.Runs, s.pageBytes)
	res.Runs = res.Runs[:n]
	if more || n < len(found) {
		res.NextPageToken = p.tokenAfter(placeOfRun(fields.Order.CursorOf(found[n-1])))
	}
	return res, nil
}

func runsOfSession(id string) repo.RunQuery {
	return repo.RunQuery{Identity: model.Identity{SessionID: id}, Order: repo.RunsOldestFirst}
}

// find returns a session.
func (s *sessionService) find(ctx context.Context, project, id string) (*model.Session, error) {
	found, err := s.store.Sessions(ctx, project, repo.SessionQuery{SessionID: id, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, repo.ErrNotFound
	}
	return found[0], nil
}

// StreamSession sends a session and then the spans of its runs. It keeps the
// narrow spans of one trace, or one segment and which of its spans are wanted; and
// of each trace that it has sent, the id.
func (s *sessionService) StreamSession(ctx context.Context, req *pb.StreamSessionRequest, stream *connect.ServerStream[pb.StreamSessionResponse]) error {
	project := tenant.Project(ctx)
	session, err := s.find(ctx, project, req.GetSessionId())
	if err != nil {
		return err
	}
	if err := stream.Send(&pb.StreamSessionResponse{Session: convert.Session(session)}); err != nil {
		return err
	}
	out := sessionStream{
		sessionService: s, project: project, id: req.GetSessionId(), narrow: req.GetView() == pb.SpanView_SPAN_VIEW_BASIC,
		batch: batch[*pb.Span]{
			size: (*pb.Span).SizeVT,
			send: func(spans []*pb.Span) error { return stream.Send(&pb.StreamSessionResponse{Spans: spans}) },
		},
	}
	sent := make(map[model.TraceID]struct{})
	for run, err := range paged(0, runPages(ctx, s.store, runsOfSession(out.id))) {
		if err != nil {
			return err
		}
		if _, ok := sent[run.TraceID]; ok {
			continue
		}
		sent[run.TraceID] = struct{}{}
		if err := out.trace(ctx, run.TraceID); err != nil {
			return err
		}
	}
	return nil
}

// sessionStream sends the spans of a session.
type sessionStream struct {
	*sessionService
	project, id string
	narrow      bool
	batch       batch[*pb.Span]
}

// trace sends those spans of a trace that ran for the session: a trace may be of
// several.
func (s *sessionStream) trace(ctx context.Context, id model.TraceID) error {
	trace, err := s.store.Trace(ctx, s.project, id)
	if errors.Is(err, repo.ErrNotFound) {
		return nil // dropped meanwhile
	}
	if err != nil {
		return err
	}
	ref := repo.RefOf(trace)
	wanted := make(map[spanKey]struct{})
	for spans, err := range s.store.TraceSpans(ctx, s.project, nil, ref) {
		if err != nil {
			return err
		}
		derived := runs.Of(spans, nil)
		for i, span := range derived.Spans {
			if derived.Identity(i).SessionID != s.id {
				continue
			}
			if !s.narrow {
				wanted[keyOf(span)] = struct{}{}
			} else if err := s.batch.add(convert.Span(span)); err != nil {
				return err
			}
		}
	}
	if len(wanted) > 0 {
		if err := s.complete(ctx, ref, wanted); err != nil {
			return err
		}
	}
	return s.batch.flush()
}

// complete sends the wanted spans of a trace with their content.
func (s *sessionStream) complete(ctx context.Context, ref repo.TraceRef, wanted map[spanKey]struct{}) error {
	for spans, err := range s.content.parts(ctx, s.project, ref) {
		if err != nil {
			return err
		}
		for _, span := range spans {
			if _, ok := wanted[keyOf(span)]; !ok {
				continue
			}
			if err := s.batch.add(convert.Priced(span, s.content.prices)); err != nil {
				return err
			}
		}
	}
	return nil
}
