package convert_test

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/service/convert"
)

func goodSpan() *pb.Span {
	return &pb.Span{
		TraceId: "0102030405060708090a0b0c0d0e0f10", SpanId: "0102030405060708",
		StartTime: &timestamppb.Timestamp{Seconds: 1_700_000_000, Nanos: 123_456_789},
	}
}

func TestParseSpanRefusesWhatCannotBeASpan(t *testing.T) {
	cases := map[string]func(*pb.Span){
		"no trace id":          func(s *pb.Span) { s.TraceId = "" },
		"trace id of zeros":    func(s *pb.Span) { s.TraceId = strings.Repeat("0", 32) },
		"trace id not hex":     func(s *pb.Span) { s.TraceId = strings.Repeat("g", 32) },
		"short span id":        func(s *pb.Span) { s.SpanId = "01" },
		"parent not hex":       func(s *pb.Span) { s.ParentSpanId = "none" },
		"no start":             func(s *pb.Span) { s.StartTime = nil },
		"start in 1970":        func(s *pb.Span) { s.StartTime = &timestamppb.Timestamp{} },
		"start in 1969":        func(s *pb.Span) { s.StartTime = &timestamppb.Timestamp{Seconds: -1} },
		"start in 2300":        func(s *pb.Span) { s.StartTime = &timestamppb.Timestamp{Seconds: 10_413_792_000} },
		"start that is none":   func(s *pb.Span) { s.StartTime.Nanos = -1 },
		"end in 2300":          func(s *pb.Span) { s.EndTime = &timestamppb.Timestamp{Seconds: 10_413_792_000} },
		"unknown status":       func(s *pb.Span) { s.Status = &pb.SpanStatus{Code: 3} },
		"status that wraps":    func(s *pb.Span) { s.Status = &pb.SpanStatus{Code: 256} },
		"event in 2300":        func(s *pb.Span) { s.Events = []*pb.Event{{Time: &timestamppb.Timestamp{Seconds: 10_413_792_000}}} },
		"link id not hex":      func(s *pb.Span) { s.Links = []*pb.Link{{TraceId: "x"}} },
		"nested 65 deep":       func(s *pb.Span) { s.Attributes = []*pb.KeyValue{{Value: nested(65)}} },
		"nested in a resource": func(s *pb.Span) { s.Resource = &pb.Resource{Attributes: []*pb.KeyValue{{Value: nested(65)}}} },
		"nested in an event":   func(s *pb.Span) { s.Events = []*pb.Event{{Attributes: []*pb.KeyValue{{Value: nested(65)}}}} },
		"nested in a link":     func(s *pb.Span) { s.Links = []*pb.Link{{Attributes: []*pb.KeyValue{{Value: nested(65)}}}} },
		"nested in a scope":    func(s *pb.Span) { s.Scope = &pb.Scope{Attributes: []*pb.KeyValue{{Value: nested(65)}}} },
	}
	for name, change := range cases {
		span := goodSpan()
		change(span)
		if _, err := convert.ParseSpan("p", span); err == nil || err.Error() == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := convert.ParseSpan("p", goodSpan()); err != nil {
		t.Errorf("a good span: %v", err)
	}
}

func nested(depth int) *pb.Value {
	v := &pb.Value{Kind: &pb.Value_IntValue{IntValue: 1}}
	for i := range depth - 1 {
		if i%2 == 0 {
			v = &pb.Value{Kind: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: []*pb.Value{v}}}}
		} else {
			v = &pb.Value{Kind: &pb.Value_MapValue{MapValue: &pb.MapValue{Values: []*pb.KeyValue{{Value: v}}}}}
		}
	}
	return v
}

func TestTimesKeepEveryNanosecond(t *testing.T) {
	for _, nano := range []int64{1, 999_999_999, 1_700_000_000_123_456_789, math.MaxInt64} {
		message := convert.Span(&model.Span{TraceID: model.TraceID{1}, SpanID: model.SpanID{1}, StartNano: nano, EndNano: nano})
		span, err := convert.ParseSpan("p", message)
		if err != nil || span.StartNano != nano || span.EndNano != nano {
			t.Errorf("%d became %+v, %v", nano, span, err)
		}
	}
	for _, nano := range []int64{math.MinInt64, -1, 0, math.MaxInt64} { // of events, which may be nonsense
		message := convert.Span(&model.Span{
			TraceID: model.TraceID{1}, SpanID: model.SpanID{1}, StartNano: 1,
			Body: &model.Body{Events: []model.Event{{TimeNano: nano}}},
		})
		span, err := convert.ParseSpan("p", message)
		if err != nil || span.Body.Events[0].TimeNano != nano {
			t.Errorf("an event at %d became %+v, %v", nano, span, err)
		}
	}
}

func TestEveryTextOfAMessageIsUTF8(t *testing.T) {
	const bad = "\xff"
	attributes := []model.KeyValue{{Key: bad, Value: model.StringValue(bad)}}
	message := convert.Span(&model.Span{
		Name: bad, StatusMessage: bad, ErrorType: bad, ErrorMessage: bad, Service: bad, Environment: bad,
		Identity: model.Identity{AgentID: bad, UserID: bad}, Model: bad, Provider: bad, ToolName: bad, ToolCallID: bad,
		Body: &model.Body{
			TraceState: bad, FullName: bad, FullStatusMessage: bad, Attributes: attributes,
			Events: []model.Event{{Name: bad, Attributes: attributes}}, Links: []model.Link{{TraceState: bad, Attributes: attributes}},
			Resource: model.Resource{Attributes: attributes, SchemaURL: bad},
			Scope:    model.Scope{Name: bad, Version: bad, Attributes: attributes, SchemaURL: bad},
			Input:    model.Content{Value: bad, MIMEType: bad}, Output: model.Content{Value: bad},
			FinishReasons: []string{bad}, InvocationParameters: bad, ToolDescription: bad, ToolArguments: bad, ToolResult: bad, Stacktrace: bad,
			InputMessages: []model.Message{{Role: bad, Content: bad, Reasoning: bad, ToolCallID: bad, ToolCalls: []model.ToolCall{{ID: bad, Name: bad, Arguments: bad}}}},
		},
	})
	if _, err := proto.Marshal(message); err != nil {
		t.Errorf("span: %v", err)
	}
	if _, err := proto.Marshal(convert.Trace(&model.Trace{
		Name: bad, Service: bad, Environment: bad, Models: []string{bad}, Tools: []string{bad}, InputPreview: bad, OutputPreview: bad,
		RootName: bad, RootKey: []byte{1}, Errors: 1, ErrorSpan: bad, ErrorType: bad, ErrorMessage: bad, Identity: model.Identity{RunID: bad},
	})); err != nil {
		t.Errorf("trace: %v", err)
	}
}

func TestNarrowSpanHasNoContent(t *testing.T) {
	message := convert.Span(&model.Span{Name: "n", Type: model.TypeLLM, Model: "m", Usage: model.Usage{Input: 1, Output: 2}})
	if message.GetResource() != nil || message.GetScope() != nil || message.GetAttributes() != nil || message.GetInput() != nil {
		t.Errorf("got %v", message)
	}
	if message.GetModelCall().GetUsage().GetTotalTokens() != 3 || message.GetToolUse() != nil || message.GetError() != nil || message.GetIdentity() != nil {
		t.Errorf("got %v", message)
	}
}
