package service

import (
	"context"
	"hash/fnv"
	"unicode/utf8"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/pagetoken"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// ListSessions returns one page of sessions.
func (s *sessionService) ListSessions(ctx context.Context, req *pb.ListSessionsRequest) (*pb.ListSessionsResponse, error) {
	p, err := openPage(ctx, agenttracev1connect.SessionServiceListSessionsProcedure, req)
	if err != nil {
		return nil, err
	}
	l := sessionList{store: s.store, project: tenant.Project(ctx)}
	l.fields.Identity = model.Identity{AgentID: req.GetAgentId(), TeamID: req.GetTeamId(), WorkflowID: req.GetWorkflowId(), UserID: req.GetUserId()}
	if l.fields.Start, err = timeRange(req); err != nil {
		return nil, err
	}
	if p.after != nil {
		if l.fields.After, err = l.open(ctx, *p.after); err != nil {
			return nil, err
		}
	}
	found, more, err := readPage(p.size, func(limit int, last **model.Session) ([]*model.Session, error) {
		if last != nil {
			after, err := l.cursorOf(ctx, *last)
			if err != nil {
				return nil, err
			}
			l.fields.After = &after
		}
		return l.page(ctx, limit, l.fields.After)
	})
	if err != nil {
		return nil, err
	}
	res := &pb.ListSessionsResponse{}
	for _, session := range found {
		res.Sessions = append(res.Sessions, convert.Session(session))
	}
	n := fitting(res.Sessions, s.pageBytes)
	res.Sessions = res.Sessions[:n]
	if more || n < len(found) {
		at, err := l.cursorOf(ctx, found[n-1])
		if err != nil {
			return nil, err
		}
		res.NextPageToken = p.tokenAfter(placeOfSession(at))
	}
	return res, nil
}

// sessionList is what a request for sessions is about.
type sessionList struct {
	store   Store
	project string
	fields  repo.SessionQuery
}

func (l *sessionList) page(ctx context.Context, limit int, after *repo.SessionCursor) ([]*model.Session, error) {
	q := l.fields
	q.Limit, q.After = limit, after
	return l.store.Sessions(ctx, l.project, q)
}

// cursorOf returns the place of a session in the list, which is that of the latest
// of those of its runs that are asked for.
func (l *sessionList) cursorOf(ctx context.Context, session *model.Session) (repo.SessionCursor, error) {
	at := repo.SessionCursor{Last: session.LastNano, ID: session.ID}
	if l.fields.Identity == (model.Identity{}) && l.fields.Start == (model.TimeRange{}) {
		return at, nil
	}
	q := repo.RunQuery{Identity: l.fields.Identity, Start: l.fields.Start, Limit: 1}
	q.Identity.SessionID = session.ID
	latest, err := l.store.Runs(ctx, l.project, q)
	if err != nil {
		return at, err
	}
	if len(latest) > 0 {
		at.Last = latest[0].StartNano
	}
	return at, nil
}

// placeOfSession returns what a token keeps of a place. An id that is too long for
// one is cut, and its hash tells it from others that begin so.
func placeOfSession(at repo.SessionCursor) pagetoken.Cursor {
	c := pagetoken.Cursor{Key: at.Last, Text: at.ID}
	if len(at.ID) > pagetoken.MaxText {
		c.Text, c.Start = cutText(at.ID), hashOf(at.ID)
	}
	return c
}

// open returns the place in a token. Where the id was cut, it is looked for among
// those that begin so; if it is not there any more, the list goes on behind them.
func (l *sessionList) open(ctx context.Context, c pagetoken.Cursor) (*repo.SessionCursor, error) {
	at := &repo.SessionCursor{Last: c.Key, ID: c.Text}
	if c.Start == 0 {
		return at, nil
	}
	alike, err := l.page(ctx, repo.MaxPage, &repo.SessionCursor{Last: c.Key, ID: c.Text + string(utf8.MaxRune)})
	for _, session := range alike {
		if hashOf(session.ID) == c.Start {
			at.ID = session.ID
		}
	}
	return at, err
}

// cutText returns as much of a text as a token can hold, in whole characters.
func cutText(s string) string {
	n := pagetoken.MaxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// hashOf tells texts apart that were cut; it is never 0.
func hashOf(s string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails
	return int64(h.Sum64() | 1)
}
