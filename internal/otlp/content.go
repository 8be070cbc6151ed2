package otlp

import (
	"encoding/base64"

	"github.com/agenttrace/agenttrace/internal/model"
)

// attributeIndex finds the values of known attributes in a decoded span.
type attributeIndex [maxKeys]*model.Value

// fill forgets what was in the index.
func (ix *attributeIndex) fill(attributes []model.KeyValue) {
	*ix = attributeIndex{}
	for i := range attributes {
		if n, ok := known.numbers[attributes[i].Key]; ok && ix[n] == nil {
			ix[n] = &attributes[i].Value
		}
	}
}

// value returns the preferred value of a field that is not empty.
func (ix *attributeIndex) value(fd field, t model.SpanType) *model.Value {
	for _, s := range known.sources[fd] {
		if v := ix[s.key]; v != nil && s.when.holds(t) && valueText(v) != "" {
			return v
		}
	}
	return nil
}

// text returns the preferred text of a field; lists and maps as JSON.
func (ix *attributeIndex) text(fd field, t model.SpanType) string {
	if v := ix.value(fd, t); v != nil {
		return valueText(v)
	}
	return ""
}

// deriveBody fills what a complete span derives from its attributes beside the
// narrow fields. The index is that of its attributes.
func deriveBody(s *model.Span, ix *attributeIndex) {
	b := s.Body
	b.Input = model.Content{Value: ix.text(fieldInput, s.Type), MIMEType: ix.text(fieldInputType, s.Type)}
	b.Output = model.Content{Value: ix.text(fieldOutput, s.Type), MIMEType: ix.text(fieldOutputType, s.Type)}
	b.FinishReasons = finishReasons(ix.value(fieldFinishReasons, s.Type))
	b.InvocationParameters = ix.text(fieldParameters, s.Type)
	if b.InvocationParameters == "" {
		b.InvocationParameters = requestParameters(b.Attributes)
	}
	b.InputMessages = inputMessages(b.Attributes, ix, s.Type)
	b.OutputMessages = outputMessages(b, ix, s.Type)
	if s.Type == model.TypeTool || s.ToolName != "" {
		b.ToolDescription = ix.text(fieldToolDescription, s.Type)
		b.ToolArguments = ix.text(fieldToolArguments, s.Type)
		b.ToolResult = ix.text(fieldToolResult, s.Type)
	}
	if s.Type.CallsModel() {
		b.Cost = s.Billing.Reported
	}
	if s.Failed {
		b.Stacktrace = stacktrace(b.Events)
		if b.Stacktrace == "" {
			b.Stacktrace = ix.text(fieldStacktrace, s.Type)
		}
	}
}

func inputMessages(attributes []model.KeyValue, ix *attributeIndex, t model.SpanType) []model.Message {
	if messages := indexedMessages(attributes, "llm.input_messages."); len(messages) > 0 {
		return messages
	}
	messages, _ := partMessages(ix.text(fieldInputMessages, t))
	if system := partInstructions(ix.text(fieldSystemInstructions, t)); system != "" {
		messages = append([]model.Message{{Role: "system", Content: system}}, messages...)
	}
	return messages
}

// outputMessages also learns why the model stopped, where only the messages say.
func outputMessages(b *model.Body, ix *attributeIndex, t model.SpanType) []model.Message {
	if messages := indexedMessages(b.Attributes, "llm.output_messages."); len(messages) > 0 {
		return messages
	}
	messages, reasons := partMessages(ix.text(fieldOutputMessages, t))
	if len(b.FinishReasons) == 0 {
		b.FinishReasons = reasons
	}
	return messages
}

func finishReasons(v *model.Value) []string {
	if v == nil {
		return nil
	}
	if v.Kind != model.KindArray {
		return []string{valueText(v)}
	}
	reasons := make([]string, len(v.Array))
	for i := range v.Array {
		reasons[i] = valueText(&v.Array[i])
	}
	return reasons
}

// stacktrace returns that of the last exception event, which is the one that
// the error's type and message come from.
func stacktrace(events []model.Event) string {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Name == "exception" {
			v, _ := model.Lookup(events[i].Attributes, "exception.stacktrace")
			return valueText(&v)
		}
	}
	return ""
}

// requestPrefix begins the names of the GenAI conventions' parameters of a call.
const requestPrefix = "gen_ai.request."

// requestParameters makes one JSON object of the parameters that the GenAI
// conventions spread over attributes, without the model, which has a field.
func requestParameters(attributes []model.KeyValue) string {
	var dst []byte
	for i := range attributes {
		key := attributes[i].Key
		if len(key) <= len(requestPrefix) || key[:len(requestPrefix)] != requestPrefix || key == "gen_ai.request.model" {
			continue
		}
		if dst == nil {
			dst = append(dst, '{')
		} else {
			dst = append(dst, ',')
		}
		dst = appendJSONString(dst, key[len(requestPrefix):])
		dst = append(dst, ':')
		dst = appendJSONValue(dst, &attributes[i].Value)
	}
	if dst == nil {
		return ""
	}
	return string(append(dst, '}'))
}

// valueText returns a value as text: strings as they are, other scalars as
// people write them, lists and maps as JSON.
func valueText(v *model.Value) string {
	switch v.Kind {
	case model.KindString:
		return v.Str
	case model.KindEmpty:
		return ""
	default:
		return string(appendJSONValue(nil, v))
	}
}

func appendJSONValue(dst []byte, v *model.Value) []byte {
	switch v.Kind {
	case model.KindString:
		return appendJSONString(dst, v.Str)
	case model.KindBool, model.KindInt, model.KindDouble:
		a := scalarOf(v)
		return appendJSONScalar(dst, &a)
	case model.KindBytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, []byte(v.Str))
		return append(dst, '"')
	case model.KindArray:
		dst = append(dst, '[')
		for i := range v.Array {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONValue(dst, &v.Array[i])
		}
		return append(dst, ']')
	case model.KindMap:
		dst = append(dst, '{')
		for i := range v.Map {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, v.Map[i].Key), ':')
			dst = appendJSONValue(dst, &v.Map[i].Value)
		}
		return append(dst, '}')
	default:
		return append(dst, "null"...)
	}
}
