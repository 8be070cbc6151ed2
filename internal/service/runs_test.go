package service_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/service/fault"
)

func runIDs(runs []*pb.Run) []string {
	var ids []string
	for _, run := range runs {
		ids = append(ids, run.GetRunId())
	}
	return ids
}

func TestListRunsSelects(t *testing.T) {
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, 3)
	s.settle(t)
	at := func(n int) *timestamppb.Timestamp { return timestamppb.New(began(n)) }
	const agent, team = pb.SpanType_SPAN_TYPE_AGENT, pb.SpanType_SPAN_TYPE_TEAM
	cases := []struct {
		name string
		req  *pb.ListRunsRequest
		want []string
	}{
		{"all, newest first", &pb.ListRunsRequest{}, []string{"member-run-0", "team-run-0", "member-run-1", "team-run-1", "member-run-2", "team-run-2"}},
		{"oldest first", &pb.ListRunsRequest{OrderBy: pb.RunOrder_RUN_ORDER_OLDEST_FIRST, Types: []pb.SpanType{team}}, []string{"team-run-2", "team-run-1", "team-run-0"}},
		{"longest first", &pb.ListRunsRequest{OrderBy: pb.RunOrder_RUN_ORDER_LONGEST_FIRST, TraceId: traceID(1)}, []string{"team-run-1", "member-run-1"}},
		{"costliest first", &pb.ListRunsRequest{OrderBy: pb.RunOrder_RUN_ORDER_COSTLIEST_FIRST, TraceId: traceID(2)}, []string{"team-run-2", "member-run-2"}},
		{"agent", &pb.ListRunsRequest{AgentId: "tracker", TraceId: traceID(0)}, []string{"member-run-0"}},
		{"team, which the member has from above", &pb.ListRunsRequest{TeamId: "desk", TraceId: traceID(0)}, []string{"member-run-0", "team-run-0"}},
		{"session", &pb.ListRunsRequest{SessionId: "session-1"}, []string{"member-run-1", "team-run-1"}},
		{"user", &pb.ListRunsRequest{UserId: "user-2", Types: []pb.SpanType{agent}}, []string{"member-run-2"}},
		{"run id", &pb.ListRunsRequest{RunId: "team-run-1"}, []string{"team-run-1"}},
		{"workflow", &pb.ListRunsRequest{WorkflowId: "none"}, nil},
		{"span name", &pb.ListRunsRequest{SpanName: "Desk.run", UserId: "user-0"}, []string{"team-run-0"}},
		{"service", &pb.ListRunsRequest{Service: "none"}, nil},
		{"environment", &pb.ListRunsRequest{Environment: "prod", RunId: "team-run-0"}, []string{"team-run-0"}},
		{"status", &pb.ListRunsRequest{Status: pb.StatusCode_STATUS_CODE_ERROR}, nil},
		{"failed, for a span below did", &pb.ListRunsRequest{Failed: new(true), TraceId: traceID(0)}, []string{"member-run-0", "team-run-0"}},
		{"not failed", &pb.ListRunsRequest{Failed: new(false)}, nil},
		{"from", &pb.ListRunsRequest{StartTime: at(0)}, []string{"member-run-0", "team-run-0"}},
		{"until", &pb.ListRunsRequest{EndTime: at(1)}, []string{"member-run-2", "team-run-2"}},
		{"at least", &pb.ListRunsRequest{MinDuration: durationpb.New(8 * time.Second), TraceId: traceID(0)}, []string{"team-run-0"}},
		{"at most", &pb.ListRunsRequest{MaxDuration: durationpb.New(8 * time.Second), TraceId: traceID(0)}, []string{"member-run-0"}},
		{"above a failed tool", &pb.ListRunsRequest{Query: `{ type = tool && failed } << { type = team }`}, []string{"team-run-0", "team-run-1", "team-run-2"}},
		{"query of the session it has from above", &pb.ListRunsRequest{Query: `{ agent:id = "tracker" }`, SessionId: "session-1"}, []string{"member-run-1"}},
		{"query and what only the run knows", &pb.ListRunsRequest{Query: `{ type = agent }`, Failed: new(false)}, nil},
		{"query, oldest first", &pb.ListRunsRequest{Query: `{ type = agent }`, OrderBy: pb.RunOrder_RUN_ORDER_OLDEST_FIRST}, []string{"member-run-2", "member-run-1", "member-run-0"}},
		{"query that selects no run", &pb.ListRunsRequest{Query: `{ type = llm }`}, nil},
		{"query and fields of the span", &pb.ListRunsRequest{Query: `{ }`, SpanName: "Desk.run", RunId: "team-run-2"}, []string{"team-run-2"}},
		{"query and types", &pb.ListRunsRequest{Query: `{ }`, Types: []pb.SpanType{team}, StartTime: at(1), EndTime: at(0)}, []string{"team-run-1"}},
	}
	for _, c := range cases {
		for name, client := range s.protocols() {
			res, err := client.runs().ListRuns(t.Context(), c.req)
			if got := runIDs(res.GetRuns()); err != nil || !slices.Equal(got, c.want) || res.GetNextPageToken() != "" {
				t.Errorf("%s, %s: got %v (more: %v), %v; want %v", c.name, name, got, res.GetNextPageToken() != "", err, c.want)
			}
		}
	}
}

func (p protocol) runs() agenttracev1connect.RunServiceClient {
	return agenttracev1connect.NewRunServiceClient(p.client, p.url, p.option)
}

func TestRunsAreListedBeforeTheySettle(t *testing.T) {
	s := newServer(t)
	writeDesks(t, s, 0, 1)
	res, err := s.runs.ListRuns(t.Context(), &pb.ListRunsRequest{})
	if err != nil || len(res.GetRuns()) != 2 {
		t.Fatalf("%v, %v", res, err)
	}
	for _, run := range res.GetRuns() {
		if run.GetSettled() || run.GetOwn() != nil || run.GetName() == "" {
			t.Errorf("%v", run)
		}
	}
}

func TestPagesOfRunsListEachOnceWhateverIsWrittenBetween(t *testing.T) {
	const n = 9
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, n)
	s.settle(t)
	written := n
	for _, query := range []string{"", `{ type = agent || type = team }`} {
		for order := range pb.RunOrder_name {
			if query != "" && order >= int32(pb.RunOrder_RUN_ORDER_LONGEST_FIRST) {
				continue
			}
			for _, size := range []int32{1, 5, 18, 1000} {
				seen := map[string]int{}
				req := &pb.ListRunsRequest{PageSize: size, OrderBy: pb.RunOrder(order), Query: query, StartTime: timestamppb.New(began(n).Add(time.Second))}
				for pages := 0; pages == 0 || req.PageToken != ""; pages++ {
					res, err := s.runs.ListRuns(t.Context(), req)
					if err != nil || len(res.GetRuns()) > int(size) {
						t.Fatal(len(res.GetRuns()), err)
					}
					for _, run := range res.GetRuns() {
						seen[run.GetRunId()]++
					}
					if req.PageToken = res.GetNextPageToken(); pages == 0 {
						writeDesks(t, s, written, written+1) // of before, and not asked for
						late := desk(written)[0]
						late.TraceId, late.StartTime, late.EndTime = traceID(written+1000), timestamppb.New(began(-written)), timestamppb.New(began(-written).Add(time.Hour))
						write(t, s, late)
						written++
					}
				}
				for i := range n {
					if id := fmt.Sprint("team-run-", i); seen[id] != 1 || seen["member-run-"+fmt.Sprint(i)] != 1 {
						t.Errorf("%q, order %d, pages of %d: run %d came %d times", query, order, size, i, seen[id])
					}
				}
			}
		}
	}
}

func TestSelectionOfRunsThatCannotBeIsRefused(t *testing.T) {
	s := newServer(t)
	for name, c := range map[string]struct {
		req   *pb.ListRunsRequest
		field string
	}{
		"longest first with a query":   {&pb.ListRunsRequest{Query: `{}`, OrderBy: pb.RunOrder_RUN_ORDER_LONGEST_FIRST}, "order_by"},
		"costliest first with a query": {&pb.ListRunsRequest{Query: `{}`, OrderBy: pb.RunOrder_RUN_ORDER_COSTLIEST_FIRST}, "order_by"},
		"metrics":                      {&pb.ListRunsRequest{Query: `{} | rate()`}, "query"},
		"misspelt":                     {&pb.ListRunsRequest{Query: `{ agnt:id = "x" }`}, "query"},
		"trace id of zeros":            {&pb.ListRunsRequest{TraceId: strings.Repeat("0", 32)}, "trace_id"},
		"end before start":             {&pb.ListRunsRequest{StartTime: timestamppb.New(now), EndTime: timestamppb.New(now)}, "end_time"},
		"shorter than minimum":         {&pb.ListRunsRequest{MinDuration: durationpb.New(2), MaxDuration: durationpb.New(1)}, "max_duration"},
	} {
		_, err := s.runs.ListRuns(t.Context(), c.req)
		if connect.CodeOf(err) != connect.CodeInvalidArgument || violatedField(err) != c.field {
			t.Errorf("%s: %v, field %q", name, err, violatedField(err))
		}
	}
	for name, req := range map[string]*pb.ListRunsRequest{
		"a type that is no run": {Types: []pb.SpanType{pb.SpanType_SPAN_TYPE_LLM}}, "no type": {Types: []pb.SpanType{0}},
		"unknown order": {OrderBy: 99}, "negative page": {PageSize: -1}, "trace id": {TraceId: "x"},
	} {
		if _, err := s.runs.ListRuns(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	writeDesks(t, s, 0, 2)
	first, err := s.runs.ListRuns(t.Context(), &pb.ListRunsRequest{PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.runs.ListRuns(t.Context(), &pb.ListRunsRequest{PageToken: first.GetNextPageToken(), Query: `{}`})
	if reason, _ := reasonOf(err); reason != fault.ReasonPageTokenMismatch {
		t.Errorf("the token of another list: %v", err)
	}
}

func TestStreamRunsSendsWhatListRunsWould(t *testing.T) {
	const n = 150
	s := newServer(t)
	writeDesks(t, s, 0, n)
	for _, query := range []string{"", `{ type = agent || type = team }`} {
		for limit, want := range map[int64]int{0: 2 * n, 1: 1, 257: 257, 10_000: 2 * n} {
			for name, client := range s.protocols() {
				list, err := s.runs.ListRuns(t.Context(), &pb.ListRunsRequest{PageSize: 1000})
				if err != nil {
					t.Fatal(err)
				}
				stream, err := client.runs().StreamRuns(t.Context(), &pb.StreamRunsRequest{Limit: limit, Query: query})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				progress := 0
				for stream.Receive() {
					if p := stream.Msg().GetProgress(); p != nil {
						progress++
					} else if len(stream.Msg().GetRuns()) == 0 {
						t.Errorf("%s: an empty message", name)
					}
					got = append(got, runIDs(stream.Msg().GetRuns())...)
				}
				if err := stream.Err(); err != nil || !slices.Equal(got, runIDs(list.GetRuns())[:want]) {
					t.Errorf("%s, %q, limit %d: %d runs, %v", name, query, limit, len(got), err)
				}
				if told := progress > 0; told && query == "" || !told && query != "" && limit == 0 {
					t.Errorf("%s, %q: progress %d times", name, query, progress)
				}
				_ = stream.Close()
			}
		}
	}
}
