package agenttrace_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"testing"

	"connectrpc.com/connect"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// longSessions has answers of more than 1,000 bytes.
type longSessions struct {
	agenttracev1connect.UnimplementedSessionServiceHandler
}

func (longSessions) ListSessions(context.Context, *agenttrace.ListSessionsRequest) (*agenttrace.ListSessionsResponse, error) {
	return &agenttrace.ListSessionsResponse{NextPageToken: strings.Repeat("a", 2000)}, nil
}

func (longSessions) StreamSession(_ context.Context, _ *agenttrace.StreamSessionRequest, s *connect.ServerStream[agenttrace.StreamSessionResponse]) error {
	return s.Send(&agenttrace.StreamSessionResponse{Session: &agenttrace.Session{SessionId: strings.Repeat("a", 2000)}})
}

// pager has 7 of everything, and gives as many at once as it is asked for.
type pager struct {
	agenttracev1connect.UnimplementedTraceServiceHandler
	agenttracev1connect.UnimplementedRunServiceHandler
	agenttracev1connect.UnimplementedSessionServiceHandler
	agenttracev1connect.UnimplementedUsageServiceHandler
	asked recorder[string]
}

const inAll = 7

// page returns which things are on a page, and the token of the next one.
func (p *pager) page(filter string, size int32, token string) (numbers []string, next string, err error) {
	p.asked.add(fmt.Sprintf("%s %d at %q", filter, size, token))
	first, _ := strconv.Atoi(token)
	if first == 5 && filter == "fails" {
		return nil, "", failure(connect.CodeNotFound, "gone")
	}
	for n := first; n < min(first+int(size), inAll); n++ {
		numbers = append(numbers, strconv.Itoa(n))
	}
	if end := first + int(size); end < inAll {
		next = strconv.Itoa(end)
	}
	return numbers, next, nil
}

func (p *pager) ListTraces(_ context.Context, r *agenttrace.ListTracesRequest) (*agenttrace.ListTracesResponse, error) {
	numbers, next, err := p.page(r.GetName(), r.GetPageSize(), r.GetPageToken())
	res := &agenttrace.ListTracesResponse{NextPageToken: next}
	for _, n := range numbers {
		res.Traces = append(res.Traces, &agenttrace.Trace{TraceId: n})
	}
	return res, err
}

func (p *pager) ListSpans(_ context.Context, r *agenttrace.ListSpansRequest) (*agenttrace.ListSpansResponse, error) {
	numbers, next, err := p.page(r.GetName(), r.GetPageSize(), r.GetPageToken())
	res := &agenttrace.ListSpansResponse{NextPageToken: next}
	for _, n := range numbers {
		res.Spans = append(res.Spans, &agenttrace.Span{SpanId: n})
	}
	return res, err
}

func (p *pager) ListRuns(_ context.Context, r *agenttrace.ListRunsRequest) (*agenttrace.ListRunsResponse, error) {
	numbers, next, err := p.page(r.GetSpanName(), r.GetPageSize(), r.GetPageToken())
	return &agenttrace.ListRunsResponse{Runs: runsOf(numbers), NextPageToken: next}, err
}

func runsOf(numbers []string) (runs []*agenttrace.Run) {
	for _, n := range numbers {
		runs = append(runs, &agenttrace.Run{SpanId: n})
	}
	return runs
}

func (p *pager) ListSessions(_ context.Context, r *agenttrace.ListSessionsRequest) (*agenttrace.ListSessionsResponse, error) {
	numbers, next, err := p.page(r.GetUserId(), r.GetPageSize(), r.GetPageToken())
	res := &agenttrace.ListSessionsResponse{NextPageToken: next}
	for _, n := range numbers {
		res.Sessions = append(res.Sessions, &agenttrace.Session{SessionId: n})
	}
	return res, err
}

func (p *pager) GetSession(_ context.Context, r *agenttrace.GetSessionRequest) (*agenttrace.GetSessionResponse, error) {
	numbers, next, err := p.page(r.GetSessionId(), r.GetPageSize(), r.GetPageToken())
	return &agenttrace.GetSessionResponse{Runs: runsOf(numbers), NextPageToken: next}, err
}

func (p *pager) QueryUsage(_ context.Context, r *agenttrace.QueryUsageRequest) (*agenttrace.QueryUsageResponse, error) {
	numbers, next, err := p.page(r.GetModel(), r.GetPageSize(), r.GetPageToken())
	res := &agenttrace.QueryUsageResponse{NextPageToken: next}
	for _, n := range numbers {
		res.Rows = append(res.Rows, &agenttrace.UsageRow{Labels: []*agenttrace.UsageLabel{{Value: n}}})
	}
	return res, err
}

// texts makes a list of texts of any list.
func texts[T any](items iter.Seq2[T, error], text func(T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range items {
			if err != nil {
				yield("", err)
				return
			}
			if !yield(text(item), nil) {
				return
			}
		}
	}
}

// list asks for the page of a filter, of a size, from a token on.
type list func(ctx context.Context, c *agenttrace.Client, filter string, size int32, token string) iter.Seq2[string, error]

var lists = map[string]list{
	"traces": func(ctx context.Context, c *agenttrace.Client, filter string, size int32, token string) iter.Seq2[string, error] {
		return texts(c.Traces(ctx, &agenttrace.ListTracesRequest{Name: filter, PageSize: size, PageToken: token}), (*agenttrace.Trace).GetTraceId)
	},
	"spans": func(ctx context.Context, c *agenttrace.Client, filter string, size int32, token string) iter.Seq2[string, error] {
		return texts(c.Spans(ctx, &agenttrace.ListSpansRequest{Name: filter, PageSize: size, PageToken: token}), (*agenttrace.Span).GetSpanId)
	},
	"runs": func(ctx context.Context, c *agenttrace.Client, filter string, size int32, token string) iter.Seq2[string, error] {
		return texts(c.Runs(ctx, &agenttrace.ListRunsRequest{SpanName: filter, PageSize: size, PageToken: token}), (*agenttrace.Run).GetSpanId)
	},
	"sessions": func(ctx context.Context, c *agenttrace.Client, filter string, size int32, token string) iter.Seq2[string, error] {
		return texts(c.Sessions(ctx, &agenttrace.ListSessionsRequest{UserId: filter, PageSize: size, PageToken: token}), (*agenttrace.Session).GetSessionId)
	},
	"runs of a session": func(ctx context.Context, c *agenttrace.Client, filter string, size int32, token string) iter.Seq2[string, error] {
		return texts(c.SessionRuns(ctx, &agenttrace.GetSessionRequest{SessionId: filter, PageSize: size, PageToken: token}), (*agenttrace.Run).GetSpanId)
	},
	"usage": func(ctx context.Context, c *agenttrace.Client, filter string, size int32, token string) iter.Seq2[string, error] {
		return texts(c.Usage(ctx, &agenttrace.QueryUsageRequest{Model: filter, PageSize: size, PageToken: token}), func(r *agenttrace.UsageRow) string { return r.GetLabels()[0].GetValue() })
	},
}

func eachList(t *testing.T, test func(t *testing.T, p *pager, c *agenttrace.Client, l list)) {
	t.Helper()
	for name, l := range lists {
		t.Run(name, func(t *testing.T) {
			p := new(pager)
			client := newClient(t, serve(t, services{traces: p, runs: p, sessions: p, usage: p}.handler()))
			test(t, p, client, l)
		})
	}
}

func TestListsTurnTheirPages(t *testing.T) {
	eachList(t, func(t *testing.T, p *pager, c *agenttrace.Client, l list) {
		all := l(t.Context(), c, "f", 3, "")
		for range 2 { // a list may be asked again
			var got []string
			for text, err := range all {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, text)
			}
			if want := []string{"0", "1", "2", "3", "4", "5", "6"}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		pages := []string{`f 3 at ""`, `f 3 at "3"`, `f 3 at "6"`}
		if asked := p.asked.seen(); !slices.Equal(asked, slices.Concat(pages, pages)) {
			t.Errorf("the server was asked %q", asked)
		}
	})
}

func TestListsAskForHundredAtOnceWhereNothingIsSaid(t *testing.T) {
	eachList(t, func(t *testing.T, p *pager, c *agenttrace.Client, l list) {
		for _, err := range l(t.Context(), c, "f", 0, "4") {
			if err != nil {
				t.Fatal(err)
			}
		}
		if asked := p.asked.seen(); !slices.Equal(asked, []string{`f 100 at "4"`}) {
			t.Errorf("the server was asked %q", asked)
		}
	})
}

func TestALoopThatEndsAsksForNoMorePages(t *testing.T) {
	eachList(t, func(t *testing.T, p *pager, c *agenttrace.Client, l list) {
		for range l(t.Context(), c, "f", 3, "") {
			break
		}
		if asked := p.asked.seen(); len(asked) != 1 {
			t.Errorf("the server was asked %q", asked)
		}
	})
}

func TestAnErrorEndsAList(t *testing.T) {
	eachList(t, func(t *testing.T, _ *pager, c *agenttrace.Client, l list) {
		var got []string
		var end error
		for text, err := range l(t.Context(), c, "fails", 5, "") {
			if end != nil {
				t.Error("something came behind the error")
			}
			if end = err; err == nil {
				got = append(got, text)
			}
		}
		if !agenttrace.IsNotFound(end) || len(got) != 5 {
			t.Errorf("got %q and %v", got, end)
		}
	})
}

func TestARequestStaysAsItWas(t *testing.T) {
	p := new(pager)
	client := newClient(t, serve(t, services{traces: p}.handler()))
	req := &agenttrace.ListTracesRequest{PageSize: 2}
	for _, err := range client.Traces(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if req.GetPageToken() != "" || req.GetPageSize() != 2 {
		t.Errorf("the request became %v", req)
	}
}
