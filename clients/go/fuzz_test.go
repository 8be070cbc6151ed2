package agenttrace

import (
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
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
