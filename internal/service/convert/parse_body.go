package convert

import (
	"encoding/hex"
	"fmt"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

func parseBody(in *pb.Span) (*model.Body, error) {
	var p valueParser
	call, tool, scope := in.GetModelCall(), in.GetToolUse(), in.GetScope()
	body := &model.Body{
		TraceState:           in.GetTraceState(),
		Flags:                in.GetFlags(),
		Attributes:           p.keyValues("attribute", in.GetAttributes()),
		DroppedAttributes:    in.GetDroppedAttributesCount(),
		Events:               p.events(in.GetEvents()),
		DroppedEvents:        in.GetDroppedEventsCount(),
		Links:                p.links(in.GetLinks()),
		DroppedLinks:         in.GetDroppedLinksCount(),
		FullName:             in.GetName(),
		FullStatusMessage:    in.GetStatus().GetMessage(),
		Input:                model.Content{Value: in.GetInput().GetValue(), MIMEType: in.GetInput().GetMimeType()},
		Output:               model.Content{Value: in.GetOutput().GetValue(), MIMEType: in.GetOutput().GetMimeType()},
		FinishReasons:        call.GetFinishReasons(),
		InvocationParameters: call.GetInvocationParameters(),
		InputMessages:        parseMessages(call.GetInputMessages()),
		OutputMessages:       parseMessages(call.GetOutputMessages()),
		ToolDescription:      tool.GetDescription(),
		ToolArguments:        tool.GetArguments(),
		ToolResult:           tool.GetResult(),
		Resource: model.Resource{
			Attributes:        p.keyValues("resource attribute", in.GetResource().GetAttributes()),
			DroppedAttributes: in.GetResource().GetDroppedAttributesCount(),
			SchemaURL:         in.GetResource().GetSchemaUrl(),
		},
		Scope: model.Scope{
			Name:              scope.GetName(),
			Version:           scope.GetVersion(),
			Attributes:        p.keyValues("scope attribute", scope.GetAttributes()),
			DroppedAttributes: scope.GetDroppedAttributesCount(),
			SchemaURL:         scope.GetSchemaUrl(),
		},
	}
	return body, p.err
}

func parseMessages(in []*pb.Message) []model.Message {
	var out []model.Message
	for _, m := range in {
		message := model.Message{
			Role:       m.GetRole(),
			Content:    m.GetContent(),
			Reasoning:  m.GetReasoning(),
			ToolCallID: m.GetToolCallId(),
		}
		for _, c := range m.GetToolCalls() {
			message.ToolCalls = append(message.ToolCalls, model.ToolCall{
				ID: c.GetId(), Name: c.GetName(), Arguments: c.GetArguments(),
			})
		}
		out = append(out, message)
	}
	return out
}

// maxDepth is how deep attribute values may be nested; package otlp refuses
// deeper ones, whatever door they come through. Here it keeps hostile values
// from costing more than a walk to this depth.
const maxDepth = 64

// valueParser remembers the first error, so that a span reads as one literal.
type valueParser struct {
	err error
}

func (p *valueParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *valueParser) keyValues(what string, in []*pb.KeyValue) []model.KeyValue {
	return p.nested(what, in, 1)
}

func (p *valueParser) nested(what string, in []*pb.KeyValue, depth int) []model.KeyValue {
	if len(in) == 0 {
		return nil
	}
	out := make([]model.KeyValue, len(in))
	for i, kv := range in {
		out[i].Key = kv.GetKey()
		out[i].Value = p.value(what, kv.GetValue(), depth)
	}
	return out
}

func (p *valueParser) value(what string, in *pb.Value, depth int) model.Value {
	if depth > maxDepth {
		p.fail("%s is nested deeper than %d", what, maxDepth)
		return model.Value{}
	}
	switch k := in.GetKind().(type) {
	case *pb.Value_StringValue:
		return model.StringValue(k.StringValue)
	case *pb.Value_InvalidStringValue:
		return model.StringValue(string(k.InvalidStringValue))
	case *pb.Value_BoolValue:
		return model.BoolValue(k.BoolValue)
	case *pb.Value_IntValue:
		return model.IntValue(k.IntValue)
	case *pb.Value_DoubleValue:
		return model.DoubleValue(k.DoubleValue)
	case *pb.Value_BytesValue:
		return model.Value{Kind: model.KindBytes, Str: string(k.BytesValue)}
	case *pb.Value_ArrayValue:
		v := model.Value{Kind: model.KindArray}
		for _, item := range k.ArrayValue.GetValues() {
			v.Array = append(v.Array, p.value(what, item, depth+1))
		}
		return v
	case *pb.Value_MapValue:
		return model.Value{Kind: model.KindMap, Map: p.nested(what, k.MapValue.GetValues(), depth+1)}
	default:
		return model.Value{}
	}
}

func (p *valueParser) events(in []*pb.Event) []model.Event {
	var out []model.Event
	for i, e := range in {
		event := model.Event{
			Name:              e.GetName(),
			Attributes:        p.keyValues("event attribute", e.GetAttributes()),
			DroppedAttributes: e.GetDroppedAttributesCount(),
		}
		if e.GetTime() != nil {
			nano, err := parseTime(e.GetTime())
			if err != nil {
				p.fail("events[%d].time %w", i, err)
			}
			event.TimeNano = nano
		}
		out = append(out, event)
	}
	return out
}

func (p *valueParser) links(in []*pb.Link) []model.Link {
	var out []model.Link
	for i, l := range in {
		traceID, errTrace := hex.DecodeString(l.GetTraceId())
		spanID, errSpan := hex.DecodeString(l.GetSpanId())
		if errTrace != nil || errSpan != nil {
			p.fail("links[%d]: ids must be hex", i)
		}
		out = append(out, model.Link{
			TraceID:           traceID,
			SpanID:            spanID,
			TraceState:        l.GetTraceState(),
			Attributes:        p.keyValues("link attribute", l.GetAttributes()),
			DroppedAttributes: l.GetDroppedAttributesCount(),
			Flags:             l.GetFlags(),
		})
	}
	return out
}
