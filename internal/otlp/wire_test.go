package otlp

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/model"
)

// message builds a protobuf message by hand, to send what no encoder sends.
type message []byte

func (m message) bytes(num protowire.Number, b []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, num, protowire.BytesType), b)
}

func (m message) text(num protowire.Number, s string) message { return m.bytes(num, []byte(s)) }

func (m message) varint(num protowire.Number, n uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, num, protowire.VarintType), n)
}

func (m message) fixed64(num protowire.Number, n uint64) message {
	return protowire.AppendFixed64(protowire.AppendTag(m, num, protowire.Fixed64Type), n)
}

// wireSpan is a valid Span message with further fields.
func wireSpan(more ...byte) message {
	m := message{}.bytes(1, make16(1)).bytes(2, make8(2)).fixed64(7, uint64(testStart)).fixed64(8, uint64(testStart+5))
	return append(m, more...)
}

func make16(b byte) []byte { return append(make([]byte, 15), b) }
func make8(b byte) []byte  { return append(make([]byte, 7), b) }

// request wraps Span messages in a request.
func request(spans ...message) message {
	scope := message{}
	for _, s := range spans {
		scope = scope.bytes(2, s)
	}
	return message{}.bytes(1, message{}.bytes(2, scope))
}

// attribute builds a KeyValue message around an AnyValue message.
func wireAttribute(key string, value message) message {
	return message{}.text(1, key).bytes(2, value)
}

// nested is an AnyValue of the given depth: arrays in arrays, a text at last.
func nested(depth int) message {
	value := message{}.text(1, "deep")
	for range depth - 1 {
		value = message{}.bytes(5, message{}.bytes(1, value))
	}
	return value
}

func mustParse(t testing.TB, body []byte) *Request {
	t.Helper()
	r, err := Parse("p", body, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// derived returns what Parse makes of one span.
func derived(t testing.TB, s *model.Span) *model.Span {
	t.Helper()
	r := mustParse(t, EncodeSpans([]*model.Span{s}))
	if len(r.Records) != 1 {
		t.Fatalf("rejected: %v", r.Rejected)
	}
	return r.Records[0].Span
}

// complete returns the same span decoded from its segment.
func complete(t testing.TB, s *model.Span) *model.Span {
	t.Helper()
	spans, err := DecodeSpans("p", EncodeSpans([]*model.Span{s}))
	if err != nil {
		t.Fatal(err)
	}
	return spans[0]
}
