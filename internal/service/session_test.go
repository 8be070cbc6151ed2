package service_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service"
)

func sessionIDs(sessions []*pb.Session) []string {
	var ids []string
	for _, session := range sessions {
		ids = append(ids, session.GetSessionId())
	}
	return ids
}

func (p protocol) sessions() agenttracev1connect.SessionServiceClient {
	return agenttracev1connect.NewSessionServiceClient(p.client, p.url, p.option)
}

func TestListSessionsSelectsAndSumsUpAllOfEach(t *testing.T) {
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, 4)
	s.settle(t)
	at := func(n int) *timestamppb.Timestamp { return timestamppb.New(began(n)) }
	for _, c := range []struct {
		name string
		req  *pb.ListSessionsRequest
		want []string
	}{
		{"all, that with the latest run first", &pb.ListSessionsRequest{}, []string{"session-0", "session-1"}},
		{"user", &pb.ListSessionsRequest{UserId: "user-1"}, []string{"session-1"}},
		{"agent and user", &pb.ListSessionsRequest{AgentId: "tracker", UserId: "user-2"}, []string{"session-0"}},
		{"team", &pb.ListSessionsRequest{TeamId: "desk"}, []string{"session-0", "session-1"}},
		{"workflow", &pb.ListSessionsRequest{WorkflowId: "none"}, nil},
		{"by the runs that are asked for", &pb.ListSessionsRequest{UserId: "user-0"}, []string{"session-0", "session-1"}},
		{"until", &pb.ListSessionsRequest{EndTime: at(1)}, []string{"session-0", "session-1"}},
		{"within", &pb.ListSessionsRequest{StartTime: at(3), EndTime: at(2)}, []string{"session-1"}},
	} {
		for name, client := range s.protocols() {
			res, err := client.sessions().ListSessions(t.Context(), c.req)
			if got := sessionIDs(res.GetSessions()); err != nil || !slices.Equal(got, c.want) || res.GetNextPageToken() != "" {
				t.Errorf("%s, %s: %v, %v; want %v", c.name, name, got, err, c.want)
			}
			for _, session := range res.GetSessions() {
				total := session.GetTotal()
				if session.GetRunCount() != 4 || session.GetFailedRunCount() != 4 || session.GetTraceCount() != 2 || !session.GetSettled() ||
					total.GetCost().GetNanoUsd() != 2*1210 || total.GetModelCalls() != 6 || len(session.GetUserIds()) != 2 || !slices.Equal(session.GetAgentIds(), []string{"tracker"}) {
					t.Errorf("%s, %s: %v", c.name, name, session)
				}
			}
		}
	}
}

// TestPagesOfSessionsListEachOnce has ids of which a token can hold no more than
// what they have in common, and runs of one moment.
func TestPagesOfSessionsListEachOnce(t *testing.T) {
	s := newServer(t)
	var want []string
	for n := range 7 {
		spans := desk(n)
		spans[0].StartTime = timestamppb.New(began(0))
		spans[0].Identity.SessionId = strings.Repeat("ä", 450) + fmt.Sprint(n)
		spans[0].Identity.UserId = "user"
		write(t, s, spans...)
		want = append(want, spans[0].GetIdentity().GetSessionId())
	}
	slices.Reverse(want)
	for _, size := range []int32{1, 2, 3, 7, 1000} {
		for _, user := range []string{"", "user"} {
			var got []string
			req := &pb.ListSessionsRequest{PageSize: size, UserId: user}
			for pages := 0; pages == 0 || req.PageToken != ""; pages++ {
				res, err := s.visits.ListSessions(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, sessionIDs(res.GetSessions())...)
				req.PageToken = res.GetNextPageToken()
			}
			if !slices.Equal(got, want) {
				t.Errorf("pages of %d, user %q: %d sessions, want %d", size, user, len(got), len(want))
			}
		}
	}
}

// TestPagesOfSessionsFollowTheRunsThatAreAskedFor has sessions whose latest runs
// are of another user, in the reverse order.
func TestPagesOfSessionsFollowTheRunsThatAreAskedFor(t *testing.T) {
	s := newServer(t)
	const n = 6
	for i := range n {
		mine, other := desk(100 + i)[0], desk(n - i)[0]
		mine.Identity.SessionId, mine.Identity.UserId = fmt.Sprint("session-", i), "me"
		other.Identity.SessionId, other.Identity.UserId = fmt.Sprint("session-", i), "other"
		write(t, s, mine, other)
	}
	var got []string
	req := &pb.ListSessionsRequest{PageSize: 2, UserId: "me"}
	for pages := 0; pages == 0 || req.PageToken != ""; pages++ {
		res, err := s.visits.ListSessions(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, sessionIDs(res.GetSessions())...)
		req.PageToken = res.GetNextPageToken()
	}
	if want := []string{"session-0", "session-1", "session-2", "session-3", "session-4", "session-5"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestGetSessionReturnsItsRunsInPages(t *testing.T) {
	s := newServer(t)
	writeDesks(t, s, 0, 8)
	s.settle(t)
	for _, size := range []int32{0, 1, 3, 8} {
		var got []string
		req := &pb.GetSessionRequest{SessionId: "session-0", PageSize: size}
		for pages := 0; pages == 0 || req.PageToken != ""; pages++ {
			res, err := s.visits.GetSession(t.Context(), req)
			if err != nil || res.GetSession().GetRunCount() != 8 {
				t.Fatal(res, err)
			}
			got = append(got, runIDs(res.GetRuns())...)
			req.PageToken = res.GetNextPageToken()
		}
		want := []string{"team-run-6", "member-run-6", "team-run-4", "member-run-4", "team-run-2", "member-run-2", "team-run-0", "member-run-0"}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v, want %v", size, got, want)
		}
	}
}

// streamed returns the first message of a session's stream, and its spans as
// "trace/span".
func streamed(t *testing.T, client agenttracev1connect.SessionServiceClient, req *pb.StreamSessionRequest) (*pb.Session, []*pb.Span) {
	t.Helper()
	stream, err := client.StreamSession(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	var session *pb.Session
	var spans []*pb.Span
	for n := 0; stream.Receive(); n++ {
		m := stream.Msg()
		if (m.GetSession() != nil) != (n == 0) || (len(m.GetSpans()) == 0) != (n == 0) {
			t.Errorf("message %d has session %v and %d spans", n, m.GetSession(), len(m.GetSpans()))
		}
		if n == 0 {
			session = m.GetSession()
		}
		spans = append(spans, m.GetSpans()...)
		for _, span := range m.GetSpans() {
			if span.GetTraceId() != m.GetSpans()[0].GetTraceId() {
				t.Error("a message has spans of two traces")
			}
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	return session, spans
}

func TestStreamSessionSendsTheSpansThatRanForIt(t *testing.T) {
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, 4)
	guest := lived(2, 7, 1, 8*time.Second, 9*time.Second) // of another session, in a trace of this one
	guest.Name, guest.Type = "Guest.run", pb.SpanType_SPAN_TYPE_AGENT
	guest.Identity = &pb.Identity{AgentId: "guest", SessionId: "session-9"}
	write(t, s, guest, modelCall(lived(2, 8, 7, 8*time.Second, 9*time.Second), "large", 1, 1))
	for _, settled := range []bool{false, true} {
		if settled {
			s.settle(t)
		}
		for name, client := range s.protocols() {
			for _, view := range []pb.SpanView{0, pb.SpanView_SPAN_VIEW_BASIC} {
				session, spans := streamed(t, client.sessions(), &pb.StreamSessionRequest{SessionId: "session-0", View: view})
				var order []string
				count := map[string]int{}
				for _, span := range spans {
					if span.GetName() == "Guest.run" || span.GetParentSpanId() == guest.GetSpanId() {
						t.Errorf("%s: %s is of another session", name, span.GetName())
					}
					if count[span.GetTraceId()]++; count[span.GetTraceId()] == 1 {
						order = append(order, span.GetTraceId())
					}
					if whole := span.GetInput().GetValue() != ""; span.GetName() == "Desk.run" && whole != (view == 0) {
						t.Errorf("%s, view %v: input %v", name, view, whole)
					}
					if cost := span.GetModelCall().GetCost(); span.GetName() == "large.invoke" && (cost.GetNanoUsd() == 1100) != (view == 0) {
						t.Errorf("%s, view %v: cost %v", name, view, cost)
					}
				}
				if !slices.Equal(order, []string{traceID(2), traceID(0)}) || !maps.Equal(count, map[string]int{traceID(0): 6, traceID(2): 6}) {
					t.Errorf("%s, view %v: %v in the order %v", name, view, count, order)
				}
				if session.GetSessionId() != "session-0" || session.GetSettled() != settled {
					t.Errorf("%s: %v", name, session)
				}
			}
			_, spans := streamed(t, client.sessions(), &pb.StreamSessionRequest{SessionId: "session-9"})
			if len(spans) != 2 {
				t.Errorf("%s: the guest has %d spans", name, len(spans))
			}
		}
	}
}

func TestUnknownSessionIsNotFound(t *testing.T) {
	s := newServer(t)
	writeDesks(t, s, 0, 1)
	_, get := s.visits.GetSession(t.Context(), &pb.GetSessionRequest{SessionId: "none"})
	_, project := s.visits.GetSession(inProject(t.Context(), "other"), &pb.GetSessionRequest{SessionId: "session-0"})
	stream, err := s.visits.StreamSession(t.Context(), &pb.StreamSessionRequest{SessionId: "none"})
	for name, err := range map[string]error{"get": get, "project": project, "stream": endOf(t, stream, err)} {
		if connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, req := range map[string]*pb.GetSessionRequest{
		"no id": {}, "long id": {SessionId: strings.Repeat("x", 1025)}, "negative page": {SessionId: "x", PageSize: -1}, "token": {SessionId: "session-0", PageToken: "x"},
	} {
		if _, err := s.visits.GetSession(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// heldStore yields no segment before the call ends.
type heldStore struct {
	service.Store
	entered, ended chan struct{}
}

func (h heldStore) Segments(ctx context.Context, _ string, _ ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		close(h.entered)
		<-ctx.Done()
		close(h.ended)
		yield(repo.Segment{}, ctx.Err())
	}
}

func TestBreakingOffAStreamOfASessionStopsIt(t *testing.T) {
	held := heldStore{entered: make(chan struct{}), ended: make(chan struct{})}
	s := newServer(t, func(c *service.Config) {
		held.Store = c.Store
		c.Store = held
	})
	writeDesks(t, s, 0, 3)
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := s.visits.StreamSession(ctx, &pb.StreamSessionRequest{SessionId: "session-0"})
	if err != nil {
		t.Fatal(err)
	}
	if !stream.Receive() || stream.Msg().GetSession().GetRunCount() != 2 {
		t.Errorf("%v, %v", stream.Msg(), stream.Err())
	}
	<-held.entered
	cancel()
	<-held.ended
	_ = stream.Close()
}

func TestStreamOfASessionEndsWhenTheServerStops(t *testing.T) {
	held := heldStore{entered: make(chan struct{}), ended: make(chan struct{})}
	draining := make(chan struct{})
	s := newServer(t, func(c *service.Config) {
		held.Store = c.Store
		c.Store, c.Draining = held, draining
	})
	writeDesks(t, s, 0, 1)
	stream, err := s.visits.StreamSession(t.Context(), &pb.StreamSessionRequest{SessionId: "session-0"})
	if err != nil {
		t.Fatal(err)
	}
	stream.Receive()
	<-held.entered
	close(draining)
	if err := endOf(t, stream, nil); connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("got %v", err)
	}
}
