package service_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service"
)

func TestMetricsCountSpansInSteps(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 180) // one each minute, of three hours; the first starts now and is not in the range
	for name, p := range s.protocols() {
		res, err := p.query().QueryMetrics(t.Context(), &pb.QueryMetricsRequest{Query: `{ type = agent } | count_over_time() by (user:id, failed)`})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !res.GetEndTime().AsTime().Equal(now) || !res.GetStartTime().AsTime().Equal(now.Add(-time.Hour)) || res.GetStep().AsDuration() != time.Minute {
			t.Errorf("%s: from %v to %v in steps of %v, want the last hour in minutes", name, res.GetStartTime().AsTime(), res.GetEndTime().AsTime(), res.GetStep().AsDuration())
		}
		var labels []string
		total := 0.0
		for _, series := range res.GetSeries() {
			var of []string
			for _, l := range series.GetLabels() {
				of = append(of, fmt.Sprint(l.GetKey(), "=", l.GetValue().GetStringValue(), l.GetValue().GetBoolValue()))
			}
			labels = append(labels, fmt.Sprint(of))
			for i, point := range series.GetPoints() {
				total += point.GetValue()
				if i > 0 && !point.GetTime().AsTime().After(series.GetPoints()[i-1].GetTime().AsTime()) {
					t.Errorf("%s: points out of order", name)
				}
			}
			if len(series.GetExemplars()) != 3 {
				t.Errorf("%s: %d exemplars, want 3", name, len(series.GetExemplars()))
			}
			for _, e := range series.GetExemplars() {
				if _, err := p.traces().GetSpan(t.Context(), &pb.GetSpanRequest{TraceId: e.GetTraceId(), SpanId: e.GetSpanId()}); err != nil {
					t.Errorf("%s: exemplar %v: %v", name, e, err)
				}
			}
		}
		if total != 60 || len(labels) != 6 || !slices.IsSorted(labels) {
			t.Errorf("%s: %v spans in the series %v, want 60 in 6", name, total, labels)
		}
	}
}

func TestMetricsTakeTimesStepsAndExemplars(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 60)
	ago := func(minutes int) *timestamppb.Timestamp {
		return timestamppb.New(now.Add(-time.Duration(minutes) * time.Minute))
	}
	const query = `{ type = agent } | max_over_time(duration)`
	for _, tt := range []struct {
		name      string
		req       *pb.QueryMetricsRequest
		step      time.Duration
		points    int
		exemplars int
	}{
		{"all said", &pb.QueryMetricsRequest{StartTime: ago(30), EndTime: ago(10), Step: durationpb.New(10 * time.Minute), Exemplars: 1}, 10 * time.Minute, 2, 1},
		{"last step shorter", &pb.QueryMetricsRequest{StartTime: ago(30), EndTime: ago(5), Step: durationpb.New(10 * time.Minute), Exemplars: 20}, 10 * time.Minute, 3, 3},
		{"step longer than all", &pb.QueryMetricsRequest{StartTime: ago(30), Step: durationpb.New(24 * time.Hour)}, 24 * time.Hour, 1, 1},
		{"no exemplars", &pb.QueryMetricsRequest{StartTime: ago(30), EndTime: ago(10), Step: durationpb.New(time.Hour), Exemplars: -1}, time.Hour, 1, 0},
		{"round step", &pb.QueryMetricsRequest{StartTime: ago(20)}, 15 * time.Second, 20, 3},
		{"only an end", &pb.QueryMetricsRequest{EndTime: ago(10)}, time.Minute, 49, 3},
		{"many exemplars", &pb.QueryMetricsRequest{EndTime: ago(10), Exemplars: 1000}, time.Minute, 49, 20},
		{"before 1970", &pb.QueryMetricsRequest{EndTime: &timestamppb.Timestamp{Seconds: -1}}, time.Millisecond, 0, 0},
		{"nothing there", &pb.QueryMetricsRequest{EndTime: &timestamppb.Timestamp{Seconds: 1e9}}, time.Minute, 0, 0},
	} {
		tt.req.Query = query
		res, err := s.query.QueryMetrics(t.Context(), tt.req)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		points, exemplars := 0, 0
		for _, series := range res.GetSeries() {
			points += len(series.GetPoints())
			exemplars += len(series.GetExemplars())
		}
		if res.GetStep().AsDuration() != tt.step || points != tt.points || exemplars != tt.exemplars {
			t.Errorf("%s: step %v, %d points, %d exemplars; want %v, %d, %d", tt.name, res.GetStep().AsDuration(), points, exemplars, tt.step, tt.points, tt.exemplars)
		}
	}
	// Durations are in seconds: the trace that started i minutes ago took i+1.
	res, err := s.query.QueryMetrics(t.Context(), &pb.QueryMetricsRequest{Query: query, StartTime: ago(30), EndTime: ago(10), Step: durationpb.New(time.Hour)})
	if err != nil || res.GetSeries()[0].GetPoints()[0].GetValue() != 31 {
		t.Errorf("got %v, %v; want 31 seconds", res, err)
	}
}

func TestMetricsRequestThatCannotBeIsRefused(t *testing.T) {
	s := newServer(t)
	at, before := timestamppb.New(now), timestamppb.New(now.Add(-1))
	for name, req := range map[string]*pb.QueryMetricsRequest{
		"no query":               {},
		"negative step":          {Step: durationpb.New(-time.Second)},
		"step too short":         {Step: durationpb.New(time.Microsecond)},
		"not a step":             {Step: &durationpb.Duration{Seconds: 1, Nanos: -1}},
		"end before start":       {StartTime: at, EndTime: before},
		"end at start":           {StartTime: at, EndTime: at},
		"start in the future":    {StartTime: timestamppb.New(now.Add(time.Hour))},
		"not a time":             {StartTime: &timestamppb.Timestamp{Nanos: -1}},
		"less than no exemplars": {Exemplars: -2},
	} {
		if name != "no query" {
			req.Query = `{} | rate()`
		}
		if _, err := s.query.QueryMetrics(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesAndValuesForCompletion(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 6)
	for name, p := range s.protocols() {
		names, err := p.query().ListAttributeNames(t.Context(), &pb.ListAttributeNamesRequest{Prefix: "AGENT", EndTime: timestamppb.New(now.Add(time.Second))})
		if err != nil || !names.GetComplete() {
			t.Errorf("%s: names: %v, %v", name, names, err)
		}
		expressions := map[string]pb.AttributeScope{}
		for _, n := range names.GetNames() {
			expressions[n.GetExpression()] = n.GetScope()
			if intrinsic := n.GetScope() == pb.AttributeScope_ATTRIBUTE_SCOPE_INTRINSIC; (n.GetHelp() != "") != intrinsic || n.GetName() == "" {
				t.Errorf("%s: %v", name, n)
			}
		}
		if expressions["agent:id"] != pb.AttributeScope_ATTRIBUTE_SCOPE_INTRINSIC || len(expressions) < 2 {
			t.Errorf("%s: %v", name, names)
		}
		values, err := p.query().ListAttributeValues(t.Context(), &pb.ListAttributeValuesRequest{
			Expression: "user:id", Prefix: "user-", EndTime: timestamppb.New(now.Add(time.Second)), Limit: 2,
		})
		if err != nil || len(values.GetValues()) != 2 || !values.GetComplete() {
			t.Errorf("%s: values: %v, %v", name, values, err)
			continue
		}
		if v := values.GetValues()[0]; v.GetCount() != 2 || v.GetLiteral() != `"`+v.GetValue().GetStringValue()+`"` {
			t.Errorf("%s: %v", name, v)
		}
	}
	for _, scope := range []pb.AttributeScope{1, 2, 3, 4, 5, 6} {
		res, err := s.query.ListAttributeNames(t.Context(), &pb.ListAttributeNamesRequest{Scope: scope, EndTime: timestamppb.New(now.Add(time.Second)), Limit: 1000})
		if err != nil {
			t.Error(err)
		}
		for _, n := range res.GetNames() {
			if n.GetScope() != scope {
				t.Errorf("asked for %v, got %v", scope, n)
			}
		}
	}
	words, err := s.query.ListAttributeValues(t.Context(), &pb.ListAttributeValuesRequest{Expression: "status", EndTime: timestamppb.New(now.Add(time.Second))})
	if err != nil || len(words.GetValues()) != 2 || words.GetValues()[0].GetLiteral() != words.GetValues()[0].GetValue().GetStringValue() {
		t.Errorf("values of status: %v, %v", words, err)
	}
	for name, err := range map[string]error{
		"end before start": second(s.query.ListAttributeNames(t.Context(), &pb.ListAttributeNamesRequest{StartTime: timestamppb.New(now), EndTime: timestamppb.New(now.Add(-1))})),
		"unknown scope":    second(s.query.ListAttributeNames(t.Context(), &pb.ListAttributeNamesRequest{Scope: 99})),
		"negative limit":   second(s.query.ListAttributeValues(t.Context(), &pb.ListAttributeValuesRequest{Expression: "name", Limit: -1})),
		"no expression":    second(s.query.ListAttributeValues(t.Context(), &pb.ListAttributeValuesRequest{})),
		"not a field":      second(s.query.ListAttributeValues(t.Context(), &pb.ListAttributeValuesRequest{Expression: "1 + 2"})),
	} {
		if connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestDefaultsFitTheLimits(t *testing.T) {
	s := newServer(t, func(c *service.Config) {
		c.QueryLimits = search.Limits{MaxRange: 30 * time.Minute, MaxPoints: 10}
	})
	writeTraces(t, s, 20)
	ask := s.query
	res, err := ask.QueryMetrics(t.Context(), &pb.QueryMetricsRequest{Query: `{ } | rate()`})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.GetStep().AsDuration(); got != 5*time.Minute {
		t.Errorf("the last %v have steps of %v", res.GetEndTime().AsTime().Sub(res.GetStartTime().AsTime()), got)
	}
	if _, err := ask.ListAttributeNames(t.Context(), &pb.ListAttributeNamesRequest{}); err != nil {
		t.Error(err)
	}
}
