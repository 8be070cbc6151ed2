package e2e_test

import (
	"context"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// inProject names the project in every request of a client.
type inProject struct {
	project string
	next    http.RoundTripper
}

func (p inProject) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set(projectHeader, p.project)
	return p.next.RoundTrip(req)
}

// projectClient is newClient for one project.
func projectClient(t *testing.T, project string) *http.Client {
	t.Helper()
	c := newClient(t)
	c.Transport = inProject{project, c.Transport}
	return c
}

// reader asks questions in Connect's protocol.
func reader(t *testing.T, s *server, project string) agenttracev1connect.TraceServiceClient {
	t.Helper()
	return agenttracev1connect.NewTraceServiceClient(projectClient(t, project), s.url())
}

// getTrace is a GetTrace call in some protocol.
type getTrace func(ctx context.Context, id string) (*agenttracev1.GetTraceResponse, error)

// everyProtocol returns a GetTrace for each protocol that a reader may speak.
func everyProtocol(t *testing.T, s *server, project string) map[string]getTrace {
	t.Helper()
	over := func(options ...connect.ClientOption) getTrace {
		client := agenttracev1connect.NewTraceServiceClient(projectClient(t, project), s.url(), options...)
		return func(ctx context.Context, id string) (*agenttracev1.GetTraceResponse, error) {
			return client.GetTrace(ctx, &agenttracev1.GetTraceRequest{TraceId: id})
		}
	}
	return map[string]getTrace{
		"connect":      over(),
		"connect get":  over(connect.WithHTTPGet()),
		"connect json": over(connect.WithProtoJSON()),
		"grpc-web":     over(connect.WithGRPCWeb()),
		"grpc":         realGRPC(t, s, project),
	}
}

// realGRPC calls through grpc-go, which most readers use.
func realGRPC(t *testing.T, s *server, project string) getTrace {
	t.Helper()
	conn, err := grpc.NewClient(s.address(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return func(ctx context.Context, id string) (*agenttracev1.GetTraceResponse, error) {
		ctx = metadata.AppendToOutgoingContext(ctx, projectHeader, project)
		res := new(agenttracev1.GetTraceResponse)
		err := conn.Invoke(ctx, agenttracev1connect.TraceServiceGetTraceProcedure, &agenttracev1.GetTraceRequest{TraceId: id}, res)
		return res, err
	}
}

// listTraces pages through all traces of a project.
func listTraces(t *testing.T, c agenttracev1connect.TraceServiceClient, pageSize int32) []*agenttracev1.Trace {
	t.Helper()
	var all []*agenttracev1.Trace
	req := &agenttracev1.ListTracesRequest{PageSize: pageSize}
	for {
		page, err := c.ListTraces(t.Context(), req)
		if err != nil {
			t.Fatalf("ListTraces: %v", err)
		}
		all = append(all, page.GetTraces()...)
		if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
			return all
		}
	}
}

// listSpans pages through all spans of a project.
func listSpans(t *testing.T, c agenttracev1connect.TraceServiceClient, pageSize int32) []*agenttracev1.Span {
	t.Helper()
	var all []*agenttracev1.Span
	req := &agenttracev1.ListSpansRequest{PageSize: pageSize}
	for {
		page, err := c.ListSpans(t.Context(), req)
		if err != nil {
			t.Fatalf("ListSpans: %v", err)
		}
		all = append(all, page.GetSpans()...)
		if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
			return all
		}
	}
}
