package agenttrace

import (
	"context"
	"iter"
)

// GetRun returns a run with what went in and came out, and the runs directly
// below it.
func (c *Client) GetRun(ctx context.Context, req *GetRunRequest) (*GetRunResponse, error) {
	return call(ctx, c, "GetRun", req, c.runs.GetRun)
}

// ListRuns returns one page of runs.
func (c *Client) ListRuns(ctx context.Context, req *ListRunsRequest) (*ListRunsResponse, error) {
	return call(ctx, c, "ListRuns", req, c.runs.ListRuns)
}

// Runs yields all runs that the request selects, page by page from the one that
// it asks for. Without a page size it asks for 100 at once.
func (c *Client) Runs(ctx context.Context, req *ListRunsRequest) iter.Seq2[*Run, error] {
	return pages[*ListRunsRequest, *ListRunsResponse, *Run]{
		list:  c.ListRuns,
		items: (*ListRunsResponse).GetRuns,
		set: func(r *ListRunsRequest, size int32, token *string) {
			turn(&r.PageSize, &r.PageToken, size, token)
		},
	}.all(ctx, orEmpty(req))
}

// StreamRuns yields all runs that the request selects, as they are found; see
// [OnProgress].
func (c *Client) StreamRuns(ctx context.Context, req *StreamRunsRequest, options ...StreamOption) iter.Seq2[*Run, error] {
	return foundItems(stream(ctx, c, "StreamRuns", req, c.runs.StreamRuns), (*StreamRunsResponse).GetRuns, options)
}

// GetSession returns a session and one page of its runs.
func (c *Client) GetSession(ctx context.Context, req *GetSessionRequest) (*GetSessionResponse, error) {
	return call(ctx, c, "GetSession", req, c.sessions.GetSession)
}

// SessionRuns yields all runs of a session, the first one first, page by page
// from the one that the request asks for.
func (c *Client) SessionRuns(ctx context.Context, req *GetSessionRequest) iter.Seq2[*Run, error] {
	return pages[*GetSessionRequest, *GetSessionResponse, *Run]{
		list:  c.GetSession,
		items: (*GetSessionResponse).GetRuns,
		set: func(r *GetSessionRequest, size int32, token *string) {
			turn(&r.PageSize, &r.PageToken, size, token)
		},
	}.all(ctx, orEmpty(req))
}

// ListSessions returns one page of sessions.
func (c *Client) ListSessions(ctx context.Context, req *ListSessionsRequest) (*ListSessionsResponse, error) {
	return call(ctx, c, "ListSessions", req, c.sessions.ListSessions)
}

// Sessions yields all sessions that the request selects, page by page from the
// one that it asks for. Without a page size it asks for 100 at once.
func (c *Client) Sessions(ctx context.Context, req *ListSessionsRequest) iter.Seq2[*Session, error] {
	return pages[*ListSessionsRequest, *ListSessionsResponse, *Session]{
		list:  c.ListSessions,
		items: (*ListSessionsResponse).GetSessions,
		set: func(r *ListSessionsRequest, size int32, token *string) {
			turn(&r.PageSize, &r.PageToken, size, token)
		},
	}.all(ctx, orEmpty(req))
}

// StreamSession yields the messages of a session of any size: the first has the
// session, all others spans of its runs.
func (c *Client) StreamSession(ctx context.Context, req *StreamSessionRequest) iter.Seq2[*StreamSessionResponse, error] {
	return stream(ctx, c, "StreamSession", req, c.sessions.StreamSession)
}
