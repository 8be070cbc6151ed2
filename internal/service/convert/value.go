package convert

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

const nanosPerSecond = 1_000_000_000

// Timestamp returns a time that may lie before 1970.
func Timestamp(nano int64) *timestamppb.Timestamp {
	seconds, nanos := nano/nanosPerSecond, nano%nanosPerSecond
	if nanos < 0 {
		seconds, nanos = seconds-1, nanos+nanosPerSecond
	}
	return &timestamppb.Timestamp{Seconds: seconds, Nanos: int32(nanos)}
}

// Duration returns a length of time.
func Duration(nano int64) *durationpb.Duration {
	return &durationpb.Duration{Seconds: nano / nanosPerSecond, Nanos: int32(nano % nanosPerSecond)}
}

// Text returns s as protobuf can carry it.
func Text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func texts(in []string) []string {
	var out []string
	for _, s := range in {
		out = append(out, Text(s))
	}
	return out
}

func keyValues(in []model.KeyValue) []*pb.KeyValue {
	if len(in) == 0 {
		return nil
	}
	// One allocation for all of them: a span may have a hundred thousand.
	block := make([]pb.KeyValue, len(in))
	out := make([]*pb.KeyValue, len(in))
	for i := range in {
		out[i] = &block[i]
		out[i].Key = Text(in[i].Key)
		if in[i].Value.Kind != model.KindEmpty {
			out[i].Value = value(&in[i].Value)
		}
	}
	return out
}

func value(v *model.Value) *pb.Value {
	switch v.Kind {
	case model.KindString:
		if !utf8.ValidString(v.Str) {
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
			array.Values = append(array.Values, value(&v.Array[i]))
		}
		return &pb.Value{Kind: &pb.Value_ArrayValue{ArrayValue: array}}
	case model.KindMap:
		return &pb.Value{Kind: &pb.Value_MapValue{MapValue: &pb.MapValue{Values: keyValues(v.Map)}}}
	default:
		return &pb.Value{}
	}
}
