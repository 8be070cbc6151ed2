package service

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"connectrpc.com/connect"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// parseSearch reads the field query of a request that searches; nil for an empty
// one, which does not restrict.
func parseSearch(text string) (*query.Query, error) {
	if text == "" {
		return nil, nil
	}
	q, err := parse(text)
	if err == nil && q.Metrics != nil {
		return nil, misplaced("a metrics query", "this call wants one that selects spans; QueryMetrics answers metrics queries")
	}
	return q, err
}

// parseLocal reads the field query of a request about spans one by one.
func parseLocal(text string) (*query.Query, error) {
	q, err := parseSearch(text)
	if err == nil && q != nil && !q.Local() {
		return nil, misplaced("a query about whole traces",
			"this call decides each span when it arrives, by itself: want one pair of braces and nothing behind it, without fields of the trace or the tree; TailTraces takes any search")
	}
	return q, err
}

// parseMetrics reads the field query of a request for series.
func parseMetrics(text string) (*query.Query, error) {
	q, err := parse(text)
	if err == nil && q.Metrics == nil {
		line := text[strings.LastIndexByte(text, '\n')+1:]
		return nil, fault.InvalidQuery("query", &query.Error{
			Offset: len(text), Line: 1 + strings.Count(text, "\n"), Column: 1 + utf8.RuneCountInString(line),
			Found: "end of query", Message: "want a metrics function behind it, such as | rate() or | sum_over_time(usage:total) by (model:name)",
		})
	}
	return q, err
}

// parseField reads the field expression of a request about one field.
func parseField(text string) (*query.Field, error) {
	f, err := query.ParseField(text)
	return f, explain("expression", err)
}

func parse(text string) (*query.Query, error) {
	q, err := query.Parse(text)
	return q, explain("query", err)
}

// explain says for clients what is wrong with the text in a field.
func explain(field string, err error) error {
	if invalid, ok := errors.AsType[*query.Error](err); ok {
		return fault.InvalidQuery(field, invalid)
	}
	return err
}

// misplaced returns the error for a good query in the wrong call.
func misplaced(found, message string) error {
	return fault.InvalidQuery("query", &query.Error{Line: 1, Column: 1, Found: found, Message: message})
}

// engines run queries. A stream may look at as much as there is: it tells how
// far it has come, and can be broken off. What answers at once has limits.
type engines struct {
	calls   *search.Engine
	streams *search.Engine
	// longest is how long a stream may search.
	longest time.Duration
}

func newEngines(c Config) engines {
	limits := c.QueryLimits
	limits.MaxTraceBytes, limits.MaxTraceSpans = int64(c.MaxTraceBytes), int64(c.MaxTraceSpans)
	unlimited := limits
	unlimited.MaxTraces, unlimited.MaxBytes = math.MaxInt64, math.MaxInt64
	// Two for each processor: one waits for the store while the other computes.
	slots := search.NewSlots(2 * max(2, runtime.GOMAXPROCS(0)))
	return engines{
		calls:   &search.Engine{Store: c.Store, Limits: limits, Slots: slots, Prices: c.Prices, Now: c.Now},
		streams: &search.Engine{Store: c.Store, Limits: unlimited, Slots: slots, Prices: c.Prices, Now: c.Now},
		longest: c.QueryTimeout,
	}
}

// errQueryTimeout is why a stream that searches ended before its time.
var errQueryTimeout = errors.New("the query took too long")

// bounded runs a stream that searches for no longer than it may. Without a query
// there is no such bound: a stream may then take as long as its client reads.
func (e engines) bounded(ctx context.Context, q *query.Query, stream func(context.Context) error) error {
	if q == nil {
		return stream(ctx)
	}
	limited, cancel := context.WithTimeoutCause(ctx, e.longest, errQueryTimeout)
	defer cancel()
	err := stream(limited)
	if err != nil && errors.Is(context.Cause(limited), errQueryTimeout) {
		return fault.New(connect.CodeDeadlineExceeded, fmt.Sprintf(
			"the query took longer than --query-timeout (%v): ask for a shorter time range, or add a condition that few traces fulfil; "+
				"what was sent is right, and in the order newest first there is nothing missing down to the last time_reached", e.longest))
	}
	return err
}

// firstItems is how many items the first page of a stream has: the reader waits for
// it. Those that follow are larger, since each costs the store a search of its own.
const firstItems = 16

// paged yields what a store lists page by page, up to limit items (0 for all).
// Between pages nothing of the database is held.
func paged[T any](limit int64, page func(size int, last *T) ([]T, error)) iter.Seq2[T, error] {
	if limit == 0 {
		limit = math.MaxInt64
	}
	return func(yield func(T, error) bool) {
		var last *T
		for most := firstItems; limit > 0; most = min(4*most, repo.MaxPage) {
			size := int(min(limit, int64(most)))
			items, err := page(size, last)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for i := range items {
				if !yield(items[i], nil) {
					return
				}
			}
			if len(items) < size {
				return
			}
			limit -= int64(len(items))
			last = &items[len(items)-1]
		}
	}
}

// mostOf returns the limit of a stream as queries have it.
func mostOf(limit int64) int { return int(min(limit, math.MaxInt)) }
