package agenttrace

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// A status that the protobuf library reads is read alike, and no other does harm.
func FuzzStatus(f *testing.F) {
	info, _ := anypb.New(&errdetails.ErrorInfo{Reason: "QUERY_INVALID", Domain: "agenttrace", Metadata: map[string]string{"line": "1"}})
	retry, _ := anypb.New(&errdetails.RetryInfo{RetryDelay: durationpb.New(1_500_000_000)})
	bad, _ := anypb.New(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "query", Description: "no"}}})
	seed, err := proto.Marshal(&rpcstatus.Status{Code: 3, Message: "no", Details: []*anypb.Any{info, retry, bad}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		e := new(CallError)
		e.addStatus(data)
		_ = e.typed().Error()
		if e.RetryAfter < 0 {
			t.Errorf("to come back after %v", e.RetryAfter)
		}
		want := new(rpcstatus.Status)
		if proto.Unmarshal(data, want) == nil && e.Message != want.GetMessage() {
			t.Errorf("the message is %q, want %q", e.Message, want.GetMessage())
		}
	})
}

// What the protobuf library reads is read alike or not at all: that one takes a field that
// is encoded as another type for an unknown one. (Unknown fields are left out here:
// generated code does not keep those of a time.) And no answer does harm.
func FuzzAnswer(f *testing.F) {
	span := &pb.Span{Name: "x", StartTime: timestamppb.New(time.Unix(1, 2)), Attributes: []*pb.KeyValue{{Key: "k", Value: &pb.Value{
		Kind: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: []*pb.Value{{Kind: &pb.Value_DoubleValue{DoubleValue: 1.5}}}}},
	}}}}
	seed, err := proto.Marshal(&pb.GetTraceResponse{Trace: &pb.Trace{Name: "x", Models: []string{"m"}}, Spans: []*pb.Span{span}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-3])
	f.Fuzz(func(t *testing.T, data []byte) {
		want, got := new(pb.GetTraceResponse), new(pb.GetTraceResponse)
		failed := wireCodec{}.Unmarshal(data, got)
		if err := proto.Unmarshal(data, want); err == nil && failed == nil && !sameBits(want, got) {
			t.Errorf("%v was read as %v", want, got)
		}
	})
}

// sameBits is proto.Equal for what may hold numbers that are none.
func sameBits(a, b proto.Message) bool {
	encode := func(m proto.Message) []byte {
		data, _ := proto.Marshal(m)
		known := m.ProtoReflect().New().Interface()
		_ = proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, known)
		data, _ = proto.MarshalOptions{Deterministic: true}.Marshal(known)
		return data
	}
	return bytes.Equal(encode(a), encode(b))
}

func FuzzSendResult(f *testing.F) {
	f.Add([]byte{10, 6, 8, 3, 18, 2, 'n', 'o'})
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := sendResult(data); r == nil || len(r.Message) > len(data) {
			t.Errorf("got %v", r)
		}
	})
}

// Violations come from the server's rules of validation.
func FuzzViolations(f *testing.F) {
	f.Add([]byte{10, 16, 26, 2, 'n', 'o', 42, 10, 10, 8, 18, 4, 'a', 'b', 'c', 'd', 48, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		e := new(CallError)
		e.addDetail("buf.validate.Violations", data)
		if len(e.Violations) > len(data) {
			t.Errorf("%d violations in %d bytes", len(e.Violations), len(data))
		}
	})
}
