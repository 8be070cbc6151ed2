package otlp

import (
	"math"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Generators of everything that OTLP can say.

func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"", "\x00", "\xff\xfe", "a\x00b", "é", "llm.model_name", "openinference.span.kind", "AGENT"}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) }),
	)
}

func anyValue(depth int) *rapid.Generator[model.Value] {
	kinds := []model.ValueKind{model.KindEmpty, model.KindString, model.KindBool, model.KindInt, model.KindDouble, model.KindBytes}
	if depth > 0 {
		kinds = append(kinds, model.KindArray, model.KindMap)
	}
	return rapid.Custom(func(t *rapid.T) model.Value {
		v := model.Value{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		switch v.Kind {
		case model.KindString, model.KindBytes:
			v.Str = anyText().Draw(t, "text")
		case model.KindBool:
			v.Bool = rapid.Bool().Draw(t, "bool")
		case model.KindInt:
			v.Int = rapid.Int64().Draw(t, "int")
		case model.KindDouble:
			v.Double = rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{
				math.NaN(), math.Copysign(0, -1), math.Inf(1), math.Inf(-1),
			})).Draw(t, "double")
		case model.KindArray:
			v.Array = someOf(t, "array", anyValue(depth-1))
		case model.KindMap:
			v.Map = someOf(t, "map", anyAttribute(depth-1))
		}
		return v
	})
}

// someOf draws up to three; none is nil, as decoding has it.
func someOf[T any](t *rapid.T, label string, g *rapid.Generator[T]) []T {
	some := rapid.SliceOfN(g, 0, 3).Draw(t, label)
	if len(some) == 0 {
		return nil
	}
	return some
}

func anyAttribute(depth int) *rapid.Generator[model.KeyValue] {
	return rapid.Custom(func(t *rapid.T) model.KeyValue {
		return model.KeyValue{Key: anyText().Draw(t, "key"), Value: anyValue(depth).Draw(t, "value")}
	})
}

func anySpan() *rapid.Generator[*model.Span] {
	return rapid.Custom(func(t *rapid.T) *model.Span {
		start := rapid.Int64Range(1, math.MaxInt64).Draw(t, "start")
		s := &model.Span{
			Project:   "p",
			TraceID:   model.TraceID(rapid.SliceOfN(rapid.ByteMin(1), 16, 16).Draw(t, "trace")),
			SpanID:    model.SpanID(rapid.SliceOfN(rapid.ByteMin(1), 8, 8).Draw(t, "span")),
			StartNano: start,
			EndNano:   rapid.Int64Range(start, math.MaxInt64).Draw(t, "end"),
			Kind:      model.SpanKind(rapid.Int32().Draw(t, "kind")),
			Status:    model.StatusCode(rapid.IntRange(0, 2).Draw(t, "status")),
			Body:      anyBody(t),
		}
		if rapid.Bool().Draw(t, "child") {
			s.ParentID = model.SpanID{7: 1}
		}
		return s
	})
}

func anyBody(t *rapid.T) *model.Body {
	event := rapid.Custom(func(t *rapid.T) model.Event {
		return model.Event{
			TimeNano: rapid.Int64().Draw(t, "time"), Name: rapid.OneOf(anyText(), rapid.Just("exception")).Draw(t, "name"),
			Attributes: someOf(t, "attributes", anyAttribute(1)), DroppedAttributes: rapid.Uint32().Draw(t, "dropped"),
		}
	})
	link := rapid.Custom(func(t *rapid.T) model.Link {
		return model.Link{
			TraceID: someOf(t, "trace", rapid.Byte()), SpanID: someOf(t, "span", rapid.Byte()), TraceState: anyText().Draw(t, "state"),
			Attributes: someOf(t, "attributes", anyAttribute(1)), DroppedAttributes: rapid.Uint32().Draw(t, "dropped"), Flags: rapid.Uint32().Draw(t, "flags"),
		}
	})
	return &model.Body{
		TraceState: anyText().Draw(t, "state"), Flags: rapid.Uint32().Draw(t, "flags"),
		Attributes: someOf(t, "attributes", anyAttribute(3)), DroppedAttributes: rapid.Uint32().Draw(t, "dropped"),
		Events: someOf(t, "events", event), DroppedEvents: rapid.Uint32().Draw(t, "dropped events"),
		Links: someOf(t, "links", link), DroppedLinks: rapid.Uint32().Draw(t, "dropped links"),
		Resource: model.Resource{
			Attributes:        someOf(t, "resource", anyAttribute(1)),
			DroppedAttributes: rapid.Uint32().Draw(t, "dropped of resource"), SchemaURL: anyText().Draw(t, "schema"),
		},
		Scope: model.Scope{
			Name: anyText().Draw(t, "scope"), Version: anyText().Draw(t, "version"), Attributes: someOf(t, "of scope", anyAttribute(1)),
			DroppedAttributes: rapid.Uint32().Draw(t, "dropped of scope"), SchemaURL: anyText().Draw(t, "schema of scope"),
		},
		FullName: anyText().Draw(t, "name"), FullStatusMessage: anyText().Draw(t, "message"),
	}
}
