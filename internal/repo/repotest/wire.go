package repotest

import (
	"fmt"

	commonv1 "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/model"
)

// record returns s with OTLP bytes that say the same, so that a store which
// reads its segments again finds in them what it was given beside them.
func record(s *model.Span) model.Record {
	return model.Record{
		Span:     s,
		Raw:      marshal(wireSpan(s)),
		Resource: marshal(&tracev1.ResourceSpans{Resource: wireResource(s), SchemaUrl: "https://opentelemetry.io/schemas/1.41.0"}),
		Scope:    marshal(&tracev1.ScopeSpans{Scope: &commonv1.InstrumentationScope{Name: "repotest", Version: "1.0.3"}}),
	}
}

func records(spans []*model.Span) []model.Record {
	out := make([]model.Record, len(spans))
	for i, s := range spans {
		out[i] = record(s)
	}
	return out
}

// marshal encodes a message that this package made itself: it cannot fail.
func marshal(m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

func wireResource(s *model.Span) *resourcev1.Resource {
	return &resourcev1.Resource{Attributes: attributes(
		"service.name", s.Service,
		"deployment.environment.name", s.Environment,
	)}
}

func wireSpan(s *model.Span) *tracev1.Span {
	w := &tracev1.Span{
		TraceId:           s.TraceID[:],
		SpanId:            s.SpanID[:],
		Name:              s.Name,
		Kind:              tracev1.Span_SpanKind(s.Kind),
		StartTimeUnixNano: uint64(s.StartNano),
		EndTimeUnixNano:   uint64(s.EndNano),
		Status:            &tracev1.Status{Code: tracev1.Status_StatusCode(s.Status), Message: s.StatusMessage},
		Attributes: attributes(
			"openinference.span.kind", wireKind(s.Type),
			"agno.agent.id", s.AgentID, "agent.name", s.AgentName,
			"agno.team.id", s.TeamID,
			"agno.workflow.id", s.WorkflowID,
			"session.id", s.SessionID, "user.id", s.UserID, "agno.run.id", s.RunID,
			"llm.model_name", s.Model, "llm.provider", s.Provider,
			"tool.name", s.ToolName,
			"input.value", s.InputPreview, "output.value", s.OutputPreview,
		),
	}
	if !s.IsRoot() {
		w.ParentSpanId = s.ParentID[:]
	}
	w.Attributes = append(w.Attributes, counts(
		"llm.token_count.prompt", s.Usage.Input,
		"llm.token_count.completion", s.Usage.Output,
	)...)
	if s.Failed {
		w.Events = []*tracev1.Span_Event{{
			TimeUnixNano: uint64(s.EndNano),
			Name:         "exception",
			Attributes:   attributes("exception.type", s.ErrorType, "exception.message", s.ErrorMessage),
		}}
	}
	return w
}

// wireKind returns how OpenInference names a type: it has no teams, workflows
// and steps.
func wireKind(t model.SpanType) string {
	switch t {
	case model.TypeTeam:
		return model.TypeAgent.String()
	case model.TypeWorkflow, model.TypeStep:
		return model.TypeChain.String()
	default:
		return t.String()
	}
}

// attributes returns the pairs of key and value whose value is not empty.
func attributes(pairs ...string) []*commonv1.KeyValue {
	var out []*commonv1.KeyValue
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		value := &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: pairs[i+1]}}
		out = append(out, &commonv1.KeyValue{Key: pairs[i], Value: value})
	}
	return out
}

// counts returns the pairs of key and number whose number is not zero.
func counts(firstKey string, first int64, secondKey string, second int64) []*commonv1.KeyValue {
	var out []*commonv1.KeyValue
	for _, c := range []struct {
		key string
		n   int64
	}{{firstKey, first}, {secondKey, second}} {
		if c.n == 0 {
			continue
		}
		value := &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: c.n}}
		out = append(out, &commonv1.KeyValue{Key: c.key, Value: value})
	}
	return out
}

// Field numbers of opentelemetry/proto/trace/v1/trace.proto: of the repeated
// message inside TracesData, ResourceSpans and ScopeSpans.
const (
	fieldResourceSpans = 1
	fieldScopeSpans    = 2
	fieldSpans         = 2
)

// rawSpan is a span as it lies in a TracesData message.
type rawSpan struct{ span, resource, scope []byte }

// rawSpans takes a TracesData message apart without decoding what it carries.
// It shares no code with the product, so that both cannot be wrong alike.
func rawSpans(tracesData []byte) ([]rawSpan, error) {
	var out []rawSpan
	resources, rest, err := split(tracesData, fieldResourceSpans)
	if err != nil {
		return nil, fmt.Errorf("TracesData: %w", err)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("TracesData holds %d bytes that are not resource_spans", len(rest))
	}
	for _, r := range resources {
		scopes, resource, err := split(r, fieldScopeSpans)
		if err != nil {
			return nil, fmt.Errorf("ResourceSpans: %w", err)
		}
		for _, s := range scopes {
			spans, scope, err := split(s, fieldSpans)
			if err != nil {
				return nil, fmt.Errorf("ScopeSpans: %w", err)
			}
			for _, span := range spans {
				out = append(out, rawSpan{span, resource, scope})
			}
		}
	}
	return out, nil
}

// split returns the values of one repeated message field, and all other fields
// as they are.
func split(message []byte, field protowire.Number) (values [][]byte, rest []byte, err error) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeField(message)
		if n < 0 {
			return nil, nil, protowire.ParseError(n)
		}
		if number == field && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message[protowire.SizeTag(number):])
			values = append(values, value)
		} else {
			rest = append(rest, message[:n]...)
		}
		message = message[n:]
	}
	return values, rest, nil
}
