package convert_test

import (
	"math"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/service/convert"
)

func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) string { return string(b) }),
	)
}

func anyAttributes(depth int) *rapid.Generator[[]model.KeyValue] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) model.KeyValue {
		return model.KeyValue{Key: anyText().Draw(t, "key"), Value: anyValue(depth).Draw(t, "value")}
	}), 0, 4)
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
			v.Double = rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.NaN(), math.Copysign(0, -1), math.Inf(1)})).Draw(t, "double")
		case model.KindArray:
			v.Array = rapid.SliceOfN(anyValue(depth-1), 0, 3).Draw(t, "array")
		case model.KindMap:
			v.Map = anyAttributes(depth-1).Draw(t, "map")
		}
		return v
	})
}

// messagesOf and valueOf say in messages what attributes are.
func messagesOf(in []model.KeyValue) (out []*pb.KeyValue) {
	for i := range in {
		message := &pb.KeyValue{Key: convert.Text(in[i].Key)}
		if in[i].Value.Kind != model.KindEmpty {
			message.Value = valueOf(&in[i].Value)
		}
		out = append(out, message)
	}
	return out
}

func valueOf(v *model.Value) *pb.Value {
	switch v.Kind {
	case model.KindString:
		if convert.Text(v.Str) != v.Str {
			return &pb.Value{Kind: &pb.Value_InvalidStringValue{InvalidStringValue: []byte(v.Str)}}
		}
		return &pb.Value{Kind: &pb.Value_StringValue{StringValue: v.Str}}
	case model.KindBool:
		return &pb.Value{Kind: &pb.Value_BoolValue{BoolValue: v.Bool}}
	case model.KindInt:
		return &pb.Value{Kind: &pb.Value_IntValue{IntValue: v.Int}}
	case model.KindDouble:
		return &pb.Value{Kind: &pb.Value_DoubleValue{DoubleValue: v.Double}}
	case model.KindBytes:
		return &pb.Value{Kind: &pb.Value_BytesValue{BytesValue: []byte(v.Str)}}
	case model.KindArray:
		array := &pb.ArrayValue{}
		for i := range v.Array {
			array.Values = append(array.Values, valueOf(&v.Array[i]))
		}
		return &pb.Value{Kind: &pb.Value_ArrayValue{ArrayValue: array}}
	case model.KindMap:
		return &pb.Value{Kind: &pb.Value_MapValue{MapValue: &pb.MapValue{Values: messagesOf(v.Map)}}}
	}
	return &pb.Value{}
}

// TestAttributesAreTheBytesOfTheirMessages compares what stands in a message with
// what the protobuf library would have written, wherever a span has attributes.
func TestAttributesAreTheBytesOfTheirMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := func(of string) []model.KeyValue { return anyAttributes(3).Draw(t, of) }
		body := &model.Body{
			Attributes: some("span"),
			Events:     []model.Event{{Attributes: some("event")}, {}},
			Links:      []model.Link{{Attributes: some("link")}},
			Resource:   model.Resource{Attributes: some("resource")},
			Scope:      model.Scope{Attributes: some("scope")},
		}
		have, err := convert.Readable(convert.Span(&model.Span{TraceID: model.TraceID{1}, Body: body}))
		if err != nil {
			t.Fatal(err)
		}
		want := convert.Span(&model.Span{TraceID: model.TraceID{1}, Body: &model.Body{Events: make([]model.Event, 2), Links: make([]model.Link, 1)}})
		want.Attributes = messagesOf(body.Attributes)
		want.Events[0].Attributes = messagesOf(body.Events[0].Attributes)
		want.Links[0].Attributes = messagesOf(body.Links[0].Attributes)
		want.Resource.Attributes = messagesOf(body.Resource.Attributes)
		want.Scope.Attributes = messagesOf(body.Scope.Attributes)
		if diff := gocmp.Diff(want, have, protocmp.Transform(), cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("differs (- want, + have):\n%s", diff)
		}
		stable := proto.MarshalOptions{Deterministic: true}
		wantBytes, err := stable.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		haveBytes, err := stable.Marshal(have)
		if err != nil {
			t.Fatal(err)
		}
		if string(wantBytes) != string(haveBytes) {
			t.Fatalf("want %x\nhave %x", wantBytes, haveBytes)
		}
	})
}
