package service

import (
	"context"
	"errors"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/pagetoken"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// defaultPage is the size of a page that a request does not say.
const defaultPage = 20

// pagedRequest is a request for one page of a list.
type pagedRequest interface {
	proto.Message
	GetPageSize() int32
	GetPageToken() string
}

// page is where in which list a request wants to read, and how much.
type page struct {
	list  pagetoken.Fingerprint
	after *pagetoken.Cursor // nil for the first page
	size  int
}

// openPage reads the paging fields of a request to the named procedure.
func openPage(ctx context.Context, procedure string, req pagedRequest) (page, error) {
	return openPageOf(ctx, procedure, req, defaultPage, repo.MaxPage)
}

// openPageOf does so for pages of other sizes: the usual one and the greatest.
func openPageOf(ctx context.Context, procedure string, req pagedRequest, usual, most int) (page, error) {
	p := page{size: min(int(req.GetPageSize()), most)}
	if p.size <= 0 {
		p.size = usual
	}
	var err error
	if p.list, err = pagetoken.FingerprintOf(tenant.Project(ctx), procedure, req); err != nil {
		return page{}, err
	}
	if req.GetPageToken() == "" {
		return p, nil
	}
	cursor, err := pagetoken.Decode(req.GetPageToken(), p.list)
	switch {
	case errors.Is(err, pagetoken.ErrMismatch):
		return page{}, fault.WithReason(connect.CodeInvalidArgument, fault.ReasonPageTokenMismatch,
			"page_token belongs to another request: all fields but page_size, page_token and view must stay as they were, and so must the project", nil)
	case err != nil:
		return page{}, fault.WithReason(connect.CodeInvalidArgument, fault.ReasonPageTokenInvalid,
			"page_token is not a next_page_token of this server; begin again without it", nil)
	}
	p.after = &cursor
	return p, nil
}

// readPage reads a page and whether more follows: one item more than is wanted
// tells. The store has a limit of its own, beyond which it is asked again.
func readPage[T any](size int, fetch func(limit int, last *T) ([]T, error)) (items []T, more bool, err error) {
	items, err = fetch(min(size+1, repo.MaxPage), nil)
	if err != nil || len(items) < size {
		return items, false, err
	}
	if len(items) == size && size == repo.MaxPage {
		rest, err := fetch(1, &items[size-1])
		return items, len(rest) > 0, err
	}
	return items[:size], len(items) > size, nil
}

// fitting returns how many of the messages at the front fit an answer, but at
// least one.
func fitting[M interface{ SizeVT() int }](messages []M, maxBytes int) int {
	bytes := 0
	for i, m := range messages {
		if bytes += m.SizeVT(); bytes > maxBytes {
			return max(1, i)
		}
	}
	return len(messages)
}

// tokenAfter returns the token of the page behind a cursor.
func (p page) tokenAfter(c pagetoken.Cursor) string { return pagetoken.Encode(p.list, c) }
