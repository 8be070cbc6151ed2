package service_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// spanSpec describes a span as freely as the wire does: ids of any length,
// values of any depth. It can be written for each door.
type spanSpec struct {
	trace, span, parent []byte
	name                string
	start, end          uint64
	attributes          []model.KeyValue
}

// goodSpan returns a span that every door takes.
func goodSpan(trace, span byte) spanSpec {
	return spanSpec{
		trace: bytesOf(16, trace), span: bytesOf(8, span), name: fmt.Sprintf("good-%d", span),
		start: uint64(now.UnixNano()) + uint64(span), end: uint64(now.UnixNano()) + 1e9,
		attributes: []model.KeyValue{{Key: "number", Value: model.IntValue(int64(span))}},
	}
}

func bytesOf(n int, b byte) []byte { return bytes.Repeat([]byte{b}, n) }

// wireRequest returns an ExportTraceServiceRequest in protobuf.
func wireRequest(spans ...spanSpec) []byte {
	var scope []byte
	for _, s := range spans {
		scope = appendMessage(scope, 2, s.wire())
	}
	return appendMessage(nil, 1, appendMessage(nil, 2, scope))
}

func appendMessage(dst []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), message)
}

func (s spanSpec) wire() []byte {
	var b []byte
	b = appendMessage(b, 1, s.trace)
	b = appendMessage(b, 2, s.span)
	if s.parent != nil {
		b = appendMessage(b, 4, s.parent)
	}
	b = appendMessage(b, 5, []byte(s.name))
	b = protowire.AppendFixed64(protowire.AppendTag(b, 7, protowire.Fixed64Type), s.start)
	b = protowire.AppendFixed64(protowire.AppendTag(b, 8, protowire.Fixed64Type), s.end)
	for _, kv := range s.attributes {
		b = appendMessage(b, 9, wireKeyValue(kv))
	}
	return b
}

func wireKeyValue(kv model.KeyValue) []byte {
	b := appendMessage(nil, 1, []byte(kv.Key))
	return appendMessage(b, 2, wireValue(kv.Value))
}

func wireValue(v model.Value) []byte {
	switch v.Kind {
	case model.KindString:
		return appendMessage(nil, 1, []byte(v.Str))
	case model.KindInt:
		return protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), uint64(v.Int))
	case model.KindArray:
		var list []byte
		for _, item := range v.Array {
			list = appendMessage(list, 1, wireValue(item))
		}
		return appendMessage(nil, 5, list)
	case model.KindBytes:
		return appendMessage(nil, 7, []byte(v.Str))
	default:
		panic("no such value in these tests")
	}
}

// jsonRequest returns an ExportTraceServiceRequest in OTLP's JSON.
func jsonRequest(spans ...spanSpec) []byte {
	b := []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[`)
	for i, s := range spans {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.appendJSON(b)
	}
	return append(b, `]}]}]}`...)
}

func (s spanSpec) appendJSON(b []byte) []byte {
	b = fmt.Appendf(b, `{"traceId":%q,"spanId":%q,"parentSpanId":%q,"name":`,
		hex.EncodeToString(s.trace), hex.EncodeToString(s.span), hex.EncodeToString(s.parent))
	b = appendJSONString(b, s.name)
	b = fmt.Appendf(b, `,"startTimeUnixNano":"%d","endTimeUnixNano":"%d","attributes":[`, s.start, s.end)
	for i, kv := range s.attributes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"key":`...)
		b = appendJSONString(b, kv.Key)
		b = append(b, `,"value":`...)
		b = appendJSONValue(b, kv.Value)
		b = append(b, '}')
	}
	return append(b, `]}`...)
}

// appendJSONString leaves bytes that are not UTF-8 as they are, which no JSON
// library would.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

func appendJSONValue(b []byte, v model.Value) []byte {
	switch v.Kind {
	case model.KindString:
		return append(appendJSONString(append(b, `{"stringValue":`...), v.Str), '}')
	case model.KindInt:
		return append(strconv.AppendInt(append(b, `{"intValue":"`...), v.Int, 10), `"}`...)
	case model.KindArray:
		b = append(b, `{"arrayValue":{"values":[`...)
		for i, item := range v.Array {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSONValue(b, item)
		}
		return append(b, `]}}`...)
	case model.KindBytes:
		return fmt.Appendf(b, `{"bytesValue":%q}`, base64.StdEncoding.EncodeToString([]byte(v.Str)))
	default:
		panic("no such value in these tests")
	}
}

// message returns the span as WriteSpans takes it. Its ids are hex, so that
// those of a wrong length have a wrong number of digits.
func (s spanSpec) message() *pb.Span {
	m := &pb.Span{
		TraceId: hex.EncodeToString(s.trace), SpanId: hex.EncodeToString(s.span), ParentSpanId: hex.EncodeToString(s.parent),
		Name: strings.ToValidUTF8(s.name, "\uFFFD"), StartTime: timeOf(s.start), EndTime: timeOf(s.end),
	}
	for _, kv := range s.attributes {
		m.Attributes = append(m.Attributes, &pb.KeyValue{Key: kv.Key, Value: valueMessage(kv.Value)})
	}
	return m
}

func timeOf(nano uint64) *timestamppb.Timestamp {
	return &timestamppb.Timestamp{Seconds: int64(nano / 1e9), Nanos: int32(nano % 1e9)}
}

func valueMessage(v model.Value) *pb.Value {
	switch v.Kind {
	case model.KindString:
		if strings.ToValidUTF8(v.Str, "") != v.Str {
			return &pb.Value{Kind: &pb.Value_InvalidStringValue{InvalidStringValue: []byte(v.Str)}}
		}
		return &pb.Value{Kind: &pb.Value_StringValue{StringValue: v.Str}}
	case model.KindInt:
		return &pb.Value{Kind: &pb.Value_IntValue{IntValue: v.Int}}
	case model.KindArray:
		array := &pb.ArrayValue{}
		for _, item := range v.Array {
			array.Values = append(array.Values, valueMessage(item))
		}
		return &pb.Value{Kind: &pb.Value_ArrayValue{ArrayValue: array}}
	case model.KindBytes:
		return &pb.Value{Kind: &pb.Value_BytesValue{BytesValue: []byte(v.Str)}}
	default:
		panic("no such value in these tests")
	}
}
