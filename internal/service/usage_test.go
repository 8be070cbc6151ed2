package service_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/settle"
)

const (
	byAgent    = pb.UsageField_USAGE_FIELD_AGENT
	byModel    = pb.UsageField_USAGE_FIELD_MODEL
	byProvider = pb.UsageField_USAGE_FIELD_PROVIDER
	byUser     = pb.UsageField_USAGE_FIELD_USER
	bySession  = pb.UsageField_USAGE_FIELD_SESSION
	byTool     = pb.UsageField_USAGE_FIELD_TOOL
	byProject  = pb.UsageField_USAGE_FIELD_PROJECT
	byDay      = pb.UsageField_USAGE_FIELD_DAY
	byHour     = pb.UsageField_USAGE_FIELD_HOUR
)

func (p protocol) usage() agenttracev1connect.UsageServiceClient {
	return agenttracev1connect.NewUsageServiceClient(p.client, p.url, p.option)
}

// brief writes a row in a line: its labels, calls and cost.
func brief(row *pb.UsageRow) string {
	var labels []string
	for _, l := range row.GetLabels() {
		value := l.GetValue()
		if l.GetTime() != nil {
			value = l.GetTime().AsTime().Format("02T15")
		}
		labels = append(labels, value)
	}
	return fmt.Sprintf("%s: %d+%d %d", strings.Join(labels, " "), row.GetModelCalls().GetCalls(), row.GetToolCalls().GetCalls(), row.GetCost().GetNanoUsd())
}

func briefs(rows []*pb.UsageRow) (out []string) {
	for _, row := range rows {
		out = append(out, brief(row))
	}
	return out
}

func TestQueryUsageGroupsAndSelects(t *testing.T) {
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, 3)
	s.settle(t)
	fields := func(f ...pb.UsageField) []pb.UsageField { return f }
	for _, c := range []struct {
		name string
		req  *pb.QueryUsageRequest
		want []string
	}{
		{"all", &pb.QueryUsageRequest{}, []string{": 9+3 3630"}},
		{"model, costliest first", &pb.QueryUsageRequest{GroupBy: fields(byModel)}, []string{"large: 3+0 3300", "small: 3+0 330", ": 0+3 0", "mystery: 3+0 0"}},
		{"model, by tokens", &pb.QueryUsageRequest{GroupBy: fields(byModel), OrderBy: pb.UsageOrder_USAGE_ORDER_TOKENS}, []string{"large: 3+0 3300", "small: 3+0 330", "mystery: 3+0 0", ": 0+3 0"}},
		{"agent, by calls", &pb.QueryUsageRequest{GroupBy: fields(byAgent), OrderBy: pb.UsageOrder_USAGE_ORDER_CALLS}, []string{"tracker: 6+3 330", ": 3+0 3300"}},
		{"tool, by failures", &pb.QueryUsageRequest{GroupBy: fields(byTool), OrderBy: pb.UsageOrder_USAGE_ORDER_FAILURES}, []string{"track: 0+3 0", ": 9+0 3630"}},
		{"labels", &pb.QueryUsageRequest{GroupBy: fields(byUser, byModel), UserId: "user-1", OrderBy: pb.UsageOrder_USAGE_ORDER_LABELS},
			[]string{"user-1 : 0+1 0", "user-1 large: 1+0 1100", "user-1 mystery: 1+0 0", "user-1 small: 1+0 110"}},
		{"project between others", &pb.QueryUsageRequest{GroupBy: fields(byUser, byProject, byProvider), ToolName: "track"}, []string{"user-0 default : 0+1 0", "user-1 default : 0+1 0", "user-2 default : 0+1 0"}},
		{"day", &pb.QueryUsageRequest{GroupBy: fields(byDay, byModel), Model: "small"}, []string{"14T00 small: 3+0 330"}},
		{"hour", &pb.QueryUsageRequest{GroupBy: fields(byModel, byHour), Model: "small"}, []string{"small 14T14: 3+0 330"}},
		{"run", &pb.QueryUsageRequest{RunId: "member-run-1"}, []string{": 2+1 110"}},
		{"session, of what has it from above", &pb.QueryUsageRequest{SessionId: "session-1", AgentId: "tracker"}, []string{": 2+1 110"}},
		{"team", &pb.QueryUsageRequest{TeamId: "desk", Provider: "acme"}, []string{": 9+0 3630"}},
		{"workflow", &pb.QueryUsageRequest{WorkflowId: "none"}, nil},
		{"service and environment", &pb.QueryUsageRequest{Service: "shop", Environment: "prod", Model: "large"}, []string{": 3+0 3300"}},
		{"time", &pb.QueryUsageRequest{StartTime: timestamppb.New(began(1)), EndTime: timestamppb.New(began(0))}, []string{": 3+1 1210"}},
		{"query", &pb.QueryUsageRequest{Query: `{ type = llm }`, GroupBy: fields(byUser), Model: "large"}, []string{"user-0: 1+0 1100", "user-1: 1+0 1100", "user-2: 1+0 1100"}},
		{"query by structure", &pb.QueryUsageRequest{Query: `{ agent:id = "tracker" } > { type = llm }`}, []string{": 6+0 330"}},
		{"query by cost", &pb.QueryUsageRequest{Query: `{ usage:cost > 0.000001 }`, GroupBy: fields(byModel)}, []string{"large: 3+0 3300"}},
		{"query that selects no call", &pb.QueryUsageRequest{Query: `{ type = team }`}, nil},
	} {
		for name, client := range s.protocols() {
			res, err := client.usage().QueryUsage(t.Context(), c.req)
			if got := briefs(res.GetRows()); err != nil || !slices.Equal(got, c.want) || res.GetRowCount() != int64(len(c.want)) {
				t.Errorf("%s, %s: %q, %v; want %q", c.name, name, got, err, c.want)
			}
			if len(res.GetTotal().GetLabels()) != 0 {
				t.Errorf("%s, %s: total %v", c.name, name, res.GetTotal())
			}
		}
	}
}

func TestUsageRowSaysAllOfItsCalls(t *testing.T) {
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, 1)
	s.settle(t)
	res, err := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]*pb.UsageRow{"row": res.GetRows()[0], "total": res.GetTotal()} {
		models, tools := row.GetModelCalls(), row.GetToolCalls()
		if models.GetAverageLatency().AsDuration() != 5*time.Second/3 || tools.GetFailures() != 1 || models.GetFailures() != 0 {
			t.Errorf("%s: %v", name, row)
		}
		for what, got := range map[time.Duration]time.Duration{ // of one second and twice two
			2*time.Second + 1: models.GetP50Latency().AsDuration(), 2 * time.Second: models.GetP95Latency().AsDuration(),
			2*time.Second - 1: models.GetP99Latency().AsDuration(), time.Second: tools.GetP50Latency().AsDuration(),
		} {
			if math.Abs(float64(got-what)) > 0.01*float64(what) {
				t.Errorf("%s: a quantile is %v, want %v", name, got, what)
			}
		}
		wantUsage := &pb.Usage{InputTokens: 157, OutputTokens: 18, TotalTokens: 175}
		wantCost := &pb.Cost{NanoUsd: 1210, Source: pb.CostSource_COST_SOURCE_UNPRICED, ComputedNanoUsd: 1210, ComputedCalls: 2, UnpricedCalls: 1}
		if diff := cmp.Diff(wantUsage, row.GetUsage(), protocmp.Transform()) + cmp.Diff(wantCost, row.GetCost(), protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestQueryForEverythingIsTheSameAsNone has traces on both sides of a full hour,
// and ranges that cut through traces and bills.
func TestQueryForEverythingIsTheSameAsNone(t *testing.T) {
	s := newServer(t, withPrices)
	for n := range 15 {
		spans := desk(n)
		for _, span := range spans {
			if n == 9 { // began half a minute after a full hour
				span.StartTime.Seconds -= 30
				span.EndTime.Seconds -= 30
			}
			if n%2 == 0 && span.GetModelCall() != nil {
				span.ModelCall.Model = "small"
			}
		}
		write(t, s, spans...)
	}
	s.settle(t)
	starts := []*timestamppb.Timestamp{nil, timestamppb.New(began(5).Add(4 * time.Second)), timestamppb.New(began(11).Add(7 * time.Second))}
	ends := []*timestamppb.Timestamp{nil, timestamppb.New(began(2).Add(5 * time.Second)), timestamppb.New(began(3).Add(6 * time.Second).Add(1))}
	for _, groupBy := range [][]pb.UsageField{nil, {byModel}, {bySession, byHour}, {byUser, byAgent, byTool}, {byDay, byProject}} {
		for _, start := range starts {
			for _, end := range ends {
				req := &pb.QueryUsageRequest{GroupBy: groupBy, StartTime: start, EndTime: end}
				want, err := s.usage.QueryUsage(t.Context(), req)
				if err != nil || want.GetRowCount() == 0 {
					t.Fatal(want, err)
				}
				req.Query = `{ }`
				got, err := s.usage.QueryUsage(t.Context(), req)
				if diff := cmp.Diff(want, got, protocmp.Transform()); err != nil || diff != "" {
					t.Errorf("by %v from %v to %v: %v\n%s", groupBy, start, end, err, diff)
				}
			}
		}
	}
}

func TestUnsettledCallsCountWithAQueryOnly(t *testing.T) {
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, 1)
	without, err := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{})
	if err != nil || without.GetTotal().GetModelCalls() != nil {
		t.Errorf("without: %v, %v", without, err)
	}
	with, err := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{Query: `{ }`})
	if err != nil || with.GetTotal().GetModelCalls().GetCalls() != 3 {
		t.Errorf("with: %v, %v", with, err)
	}
}

func TestPagesOfUsageHoldEachRowOnce(t *testing.T) {
	s := newServer(t, withPrices)
	for n := range 12 {
		spans := desk(n)
		spans[0].Identity.UserId = strings.Repeat("u", 1000) + fmt.Sprintf("%02d", n/2) // longer than a token holds
		spans[3].ModelCall.Usage.InputTokens = int64(n / 4)
		write(t, s, spans...)
	}
	s.settle(t)
	for order := range pb.UsageOrder_name {
		req := &pb.QueryUsageRequest{GroupBy: []pb.UsageField{byUser, byModel}, OrderBy: pb.UsageOrder(order), PageSize: 10_001}
		all, err := s.usage.QueryUsage(t.Context(), req)
		if err != nil || len(all.GetRows()) != 24 || all.GetNextPageToken() != "" {
			t.Fatal(len(all.GetRows()), err)
		}
		for _, size := range []int32{1, 5, 24} {
			var got []string
			req.PageSize, req.PageToken = size, ""
			for pages := 0; pages == 0 || req.PageToken != ""; pages++ {
				res, err := s.usage.QueryUsage(t.Context(), req)
				if err != nil || !proto.Equal(res.GetTotal(), all.GetTotal()) || res.GetRowCount() != 24 {
					t.Fatalf("order %d: %v, %v", order, res.GetTotal(), err)
				}
				got = append(got, briefs(res.GetRows())...)
				req.PageToken = res.GetNextPageToken()
			}
			if !slices.Equal(got, briefs(all.GetRows())) {
				t.Errorf("order %d, pages of %d: %d rows that are others", order, size, len(got))
			}
		}
	}
}

func TestUsageThatCannotBeAskedIsRefused(t *testing.T) {
	s := newServer(t, withPrices, func(c *service.Config) {
		c.QueryLimits = search.Limits{MaxPoints: 2, MaxTraces: 2, MaxRange: 100 * 24 * time.Hour}
	})
	writeDesks(t, s, 0, 3)
	s.settle(t)
	_, both := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{GroupBy: []pb.UsageField{byDay, byHour}})
	_, metrics := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{Query: `{} | rate()`})
	_, end := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{StartTime: timestamppb.New(now), EndTime: timestamppb.New(now)})
	_, unpriced := s.usage.ListUnpricedModels(t.Context(), &pb.ListUnpricedModelsRequest{StartTime: timestamppb.New(now.Add(time.Hour))})
	for field, err := range map[string]error{"group_by": both, "query": metrics, "end_time": end, "start_time": unpriced} {
		if connect.CodeOf(err) != connect.CodeInvalidArgument || violatedField(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for name, req := range map[string]*pb.QueryUsageRequest{
		"twice": {GroupBy: []pb.UsageField{byModel, byModel}}, "by nothing": {GroupBy: []pb.UsageField{0}}, "unknown": {GroupBy: []pb.UsageField{99}},
		"order": {OrderBy: 99}, "page": {PageSize: -1}, "token": {PageToken: "x"},
	} {
		if _, err := s.usage.QueryUsage(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	lately := timestamppb.New(now.Add(-24 * time.Hour))
	_, sums := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{GroupBy: []pb.UsageField{byModel}})
	_, queried := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{GroupBy: []pb.UsageField{byModel}, Query: `{ trace:id != nil }`, StartTime: lately})
	_, traces := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{Query: `{ }`, StartTime: lately})
	_, long := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{Query: `{ }`})
	for name, c := range map[string]struct {
		err    error
		limits []string
	}{
		"sums": {sums, []string{"max-query-points"}}, "sums with a query": {queried, []string{"max-query-points", "max-query-traces"}},
		"traces": {traces, []string{"max-query-traces"}}, "range": {long, []string{"max-query-range"}},
	} {
		reason, metadata := reasonOf(c.err)
		if connect.CodeOf(c.err) != connect.CodeFailedPrecondition || reason != fault.ReasonQueryTooBroad || !slices.Contains(c.limits, metadata["limit"]) {
			t.Errorf("%s: %v, %v", name, c.err, metadata)
		}
	}
}

func TestUnpricedModelsAreListed(t *testing.T) {
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, 3)
	odd := desk(3)
	odd[3].ModelCall.Model, odd[3].ModelCall.Usage.InputTokens = "riddle", 1000
	write(t, s, odd...)
	old := desk(40 * 24 * 60)
	old[3].ModelCall.Model = "ancient"
	write(t, s, old...)
	s.settle(t)
	res, err := s.usage.ListUnpricedModels(t.Context(), &pb.ListUnpricedModelsRequest{})
	want := []*pb.UnpricedModel{
		{Provider: "acme", Model: "mystery", Calls: 4, Usage: &pb.Usage{InputTokens: 28, OutputTokens: 12, TotalTokens: 40}},
		{Provider: "acme", Model: "riddle", Calls: 1, Usage: &pb.Usage{InputTokens: 1000, OutputTokens: 10, TotalTokens: 1010}},
	}
	if diff := cmp.Diff(want, res.GetModels(), protocmp.Transform()); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	early, err := s.usage.ListUnpricedModels(t.Context(), &pb.ListUnpricedModelsRequest{StartTime: timestamppb.New(began(50 * 24 * 60))})
	if err != nil || len(early.GetModels()) != 3 {
		t.Errorf("%v, %v", early, err)
	}
}

// repricerFunc is a Repricer.
type repricerFunc func(ctx context.Context, project string, within model.TimeRange, progress func(settle.Report)) (settle.Report, error)

func (f repricerFunc) Reprice(ctx context.Context, project string, within model.TimeRange, progress func(settle.Report)) (settle.Report, error) {
	return f(ctx, project, within, progress)
}

func TestRepriceChangesWhatCallsCost(t *testing.T) {
	var s *server
	repricer := repricerFunc(func(ctx context.Context, project string, within model.TimeRange, progress func(settle.Report)) (settle.Report, error) {
		r := settle.Repricer{Store: s.store, Prices: prices{"small": 3, "large": 10, "mystery": 1}}
		return r.Reprice(ctx, project, within, progress)
	})
	s = newServer(t, withPrices, func(c *service.Config) { c.Repricer = repricer })
	writeDesks(t, s, 0, 4)
	s.settle(t)
	for i, changed := range []int64{2, 0} {
		stream, err := s.usage.Reprice(t.Context(), &pb.RepriceRequest{StartTime: timestamppb.New(began(1))})
		if err != nil {
			t.Fatal(err)
		}
		var messages []*pb.RepriceResponse
		for stream.Receive() {
			messages = append(messages, proto.CloneOf(stream.Msg()))
		}
		if err := stream.Err(); err != nil || len(messages) < 2 {
			t.Fatalf("%d messages, %v", len(messages), err)
		}
		_ = stream.Close()
		for n, m := range messages {
			if m.GetDone() != (n == len(messages)-1) {
				t.Errorf("message %d of %d: done %v", n, len(messages), m.GetDone())
			}
		}
		last := messages[len(messages)-1]
		before := int64(2 * 1210)
		if i > 0 {
			before = 2 * 1275
		}
		if last.GetTraces() != 2 || last.GetChangedTraces() != changed || last.GetBefore().GetNanoUsd() != before ||
			last.GetAfter().GetNanoUsd() != 2*1275 || !last.GetTimeReached().AsTime().Equal(began(1)) {
			t.Errorf("time %d: %v", i, last)
		}
	}
	res, err := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{})
	if err != nil || res.GetTotal().GetCost().GetNanoUsd() != 2*1275+2*1210 {
		t.Errorf("%v, %v", res.GetTotal(), err)
	}
}

func TestBreakingOffRepricingStopsIt(t *testing.T) {
	ended := make(chan struct{})
	s := newServer(t, func(c *service.Config) {
		c.Repricer = repricerFunc(func(ctx context.Context, project string, _ model.TimeRange, progress func(settle.Report)) (settle.Report, error) {
			defer close(ended)
			for ctx.Err() == nil {
				progress(settle.Report{Traces: 1})
			}
			return settle.Report{}, ctx.Err()
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := s.usage.Reprice(ctx, &pb.RepriceRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if !stream.Receive() || stream.Msg().GetTraces() != 1 || stream.Msg().GetDone() {
		t.Errorf("%v, %v", stream.Msg(), stream.Err())
	}
	cancel()
	<-ended
	_ = stream.Close()
}

func TestRepricingThatFailsSaysSo(t *testing.T) {
	s := newServer(t, func(c *service.Config) {
		c.Repricer = repricerFunc(func(context.Context, string, model.TimeRange, func(settle.Report)) (settle.Report, error) {
			return settle.Report{}, errors.New("disk on fire")
		})
	})
	stream, err := s.usage.Reprice(t.Context(), &pb.RepriceRequest{})
	if err := endOf(t, stream, err); connect.CodeOf(err) != connect.CodeInternal {
		t.Errorf("a failure: %v", err)
	}
	stream, err = s.usage.Reprice(t.Context(), &pb.RepriceRequest{StartTime: timestamppb.New(now), EndTime: timestamppb.New(now)})
	if err := endOf(t, stream, err); connect.CodeOf(err) != connect.CodeInvalidArgument || violatedField(err) != "end_time" {
		t.Errorf("a bad range: %v", err)
	}
	without := newServer(t)
	stream, err = without.usage.Reprice(t.Context(), &pb.RepriceRequest{})
	if err := endOf(t, stream, err); connect.CodeOf(err) != connect.CodeUnimplemented {
		t.Errorf("without a repricer: %v", err)
	}
}

// TestCallCountsToTheFirstOfItsHour asks for a time that ends between two calls
// that are alike, and for the second of them alone.
func TestCallCountsToTheFirstOfItsHour(t *testing.T) {
	s := newServer(t, withPrices)
	spans := desk(0)
	spans[5].ModelCall.Model = "small" // as the call three seconds before
	write(t, s, spans...)
	for end, want := range map[time.Duration]int64{2 * time.Second: 0, 5 * time.Second: 1, 10 * time.Second: 1} {
		res, err := s.usage.QueryUsage(t.Context(), &pb.QueryUsageRequest{
			Query: `{ span:id = "0000000000000006" }`, EndTime: timestamppb.New(began(0).Add(end)),
		})
		if got := res.GetTotal().GetModelCalls().GetCalls(); err != nil || got != want {
			t.Errorf("until %v: %d calls, %v; want %d", end, got, err, want)
		}
	}
}
