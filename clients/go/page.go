package agenttrace

import (
	"context"
	"iter"

	"google.golang.org/protobuf/proto"
)

// pageSize is how many things a list that turns its pages by itself asks for at
// once, unless its request says otherwise: few enough for a loop that ends early,
// enough for one that does not.
const pageSize = 100

// paged is a request for a page.
type paged interface {
	proto.Message
	GetPageSize() int32
}

// pages is a list call that turns its pages by itself.
type pages[Req paged, Res interface{ GetNextPageToken() string }, T any] struct {
	list  func(context.Context, Req) (Res, error)
	items func(Res) []T
	// set sets which page a request is for.
	set func(req Req, size int32, token *string)
}

// all yields what is on the page that req asks for, and on all behind it.
func (p pages[Req, Res, T]) all(ctx context.Context, req Req) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		// The caller's request stays as it is, also for a second loop.
		req := proto.CloneOf(req)
		size := req.GetPageSize()
		if size == 0 {
			size = pageSize
		}
		p.set(req, size, nil)
		for {
			res, err := p.list(ctx, req)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range p.items(res) {
				if !yield(item, nil) {
					return
				}
			}
			token := res.GetNextPageToken()
			if token == "" {
				return
			}
			p.set(req, size, &token)
		}
	}
}

// turn sets the fields of a request that say which page it is for.
func turn(sizeField *int32, tokenField *string, size int32, token *string) {
	*sizeField = size
	if token != nil {
		*tokenField = *token
	}
}

// orEmpty returns the request, an empty one for nil.
func orEmpty[Req any](req *Req) *Req {
	if req == nil {
		return new(Req)
	}
	return req
}
