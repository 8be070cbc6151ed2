package agenttrace_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

func info(reason string, metadata map[string]string) proto.Message {
	return &errdetails.ErrorInfo{Reason: reason, Domain: "agenttrace", Metadata: metadata}
}

// failsWith returns what a call ends with when the server fails with err.
func failsWith(t *testing.T, protocol agenttrace.Option, err *connect.Error) error {
	t.Helper()
	client := newClient(t, serve(t, services{traces: &failing{errs: []error{err}}}.handler()), protocol)
	_, got := client.GetSpan(t.Context(), nil)
	if got == nil {
		t.Fatal("the call succeeded")
	}
	return got
}

func TestCodesAreAskedFor(t *testing.T) {
	is := map[connect.Code]func(error) bool{
		connect.CodeNotFound: agenttrace.IsNotFound, connect.CodeInvalidArgument: agenttrace.IsInvalid,
		connect.CodeUnauthenticated: agenttrace.IsUnauthenticated, connect.CodePermissionDenied: agenttrace.IsPermissionDenied,
		connect.CodeResourceExhausted: agenttrace.IsResourceExhausted, connect.CodeDeadlineExceeded: agenttrace.IsDeadlineExceeded,
		connect.CodeCanceled: agenttrace.IsCanceled, connect.CodeUnimplemented: agenttrace.IsUnimplemented,
	}
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		for code := range is {
			err := failsWith(t, protocol, failure(code, "in words"))
			for asked, ask := range is {
				if ask(err) != (asked == code) {
					t.Errorf("asked for %v, %v says %v", asked, err, ask(err))
				}
			}
			e, ok := errors.AsType[*agenttrace.CallError](err)
			if !ok || e.Message != "in words" || e.Call != "GetSpan" || e.Code != code || !e.FromServer {
				t.Errorf("%v: the error is %+v", code, e)
			}
			if want := "agenttrace: GetSpan: in words (" + code.String() + ")"; err.Error() != want {
				t.Errorf("the error reads %q, want %q", err, want)
			}
		}
	})
	for _, ask := range is {
		if ask(nil) || ask(errors.New("another")) {
			t.Error("an error of no call has a code")
		}
	}
}

func TestQueryErrorsHaveAPlace(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		err := failsWith(t, protocol, failure(connect.CodeInvalidArgument, "query: there is no such intrinsic",
			&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "query", Description: "no such intrinsic"}}},
			info("QUERY_INVALID", map[string]string{"line": "2", "column": "5", "offset": "17", "suggestion": "session:id"})))
		e, ok := errors.AsType[*agenttrace.QueryError](err)
		if !ok || e.Line != 2 || e.Column != 5 || e.Offset != 17 || e.Suggestion != "session:id" || !agenttrace.IsInvalid(err) {
			t.Fatalf("got %+v", err)
		}
		if v := e.Violations; len(v) != 1 || v[0] != (agenttrace.Violation{Field: "query", Description: "no such intrinsic"}) {
			t.Errorf("the violations are %v", v)
		}
		if agenttrace.Reason(err) != agenttrace.ReasonQueryInvalid || e.Message != "query: there is no such intrinsic" {
			t.Errorf("got %+v", e.CallError)
		}
	})
}

func TestReasonsHaveTypes(t *testing.T) {
	connected := agenttrace.WithConnect()
	broad, ok := errors.AsType[*agenttrace.TooBroadError](failsWith(t, connected,
		failure(connect.CodeFailedPrecondition, "too much", info("QUERY_TOO_BROAD", map[string]string{"limit": "max-query-traces", "most": "1000"}))))
	if !ok || broad.Limit != "max-query-traces" || broad.Most != "1000" {
		t.Errorf("got %+v", broad)
	}
	large, ok := errors.AsType[*agenttrace.TraceTooLargeError](failsWith(t, connected,
		failure(connect.CodeFailedPrecondition, "too large", info("TRACE_TOO_LARGE", map[string]string{"span_count": "70000", "max_spans": "50000"}))))
	if !ok || large.SpanCount != 70000 || large.Metadata["max_spans"] != "50000" {
		t.Errorf("got %+v", large)
	}
	if _, ok := errors.AsType[*agenttrace.CursorExpiredError](failsWith(t, connected,
		failure(connect.CodeOutOfRange, "gone", info("CURSOR_EXPIRED", nil)))); !ok {
		t.Error("an expired cursor has no type")
	}
	message, ok := errors.AsType[*agenttrace.MessageTooLargeError](failsWith(t, connected,
		failure(connect.CodeResourceExhausted, "too large", info("MESSAGE_TOO_LARGE", map[string]string{"max_spans": "131072"}))))
	if !ok || message.MaxSpans != 131072 || message.MaxBytes != 0 || !message.FromServer {
		t.Errorf("got %+v", message)
	}
	if err := failsWith(t, connected, failure(connect.CodeInvalidArgument, "no", info("NEWER", map[string]string{"a": "b"}))); agenttrace.Reason(err) != "NEWER" {
		t.Errorf("a reason that is not known yet got lost: %v", err)
	}
	foreign := &errdetails.ErrorInfo{Reason: "QUERY_INVALID", Domain: "example.com"}
	if err := failsWith(t, connected, failure(connect.CodeInvalidArgument, "no", foreign)); agenttrace.Reason(err) != "" {
		t.Errorf("a proxy's reason is taken for the server's: %v", err)
	}
}

func TestViolationsNameTheirField(t *testing.T) {
	index := uint64(2)
	violations := &validate.Violations{Violations: []*validate.Violation{{
		Message: proto.String("must be defined"),
		Field: &validate.FieldPath{Elements: []*validate.FieldPathElement{
			{FieldName: proto.String("types"), Subscript: &validate.FieldPathElement_Index{Index: index}},
			{FieldName: proto.String("name")},
		}},
	}}}
	err := failsWith(t, agenttrace.WithConnect(), failure(connect.CodeInvalidArgument, "no", violations))
	e, _ := errors.AsType[*agenttrace.CallError](err)
	if want := (agenttrace.Violation{Field: "types[2].name", Description: "must be defined"}); len(e.Violations) != 1 || e.Violations[0] != want {
		t.Errorf("got %v, want %v", e.Violations, want)
	}
}

func TestAnAnswerThatIsTooLargeSaysSo(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		url := serve(t, services{traces: new(failing), sessions: longSessions{}}.handler())
		client := newClient(t, url, protocol, agenttrace.WithMaxMessageBytes(1000), agenttrace.WithCompression(false))
		_, unary := client.ListSessions(t.Context(), nil)
		var streamed error
		for _, err := range client.StreamSession(t.Context(), nil) {
			streamed = err
		}
		for _, err := range []error{unary, streamed} {
			e, ok := errors.AsType[*agenttrace.MessageTooLargeError](err)
			if !ok || e.MaxBytes != 1000 || e.FromServer || !strings.Contains(err.Error(), "WithMaxMessageBytes") {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestNobodyThere(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		client := newClient(t, "http://127.0.0.1:1", protocol)
		_, err := client.GetSpan(t.Context(), nil)
		e, ok := errors.AsType[*agenttrace.CallError](err)
		if !ok || e.Code != agenttrace.CodeUnavailable || e.FromServer || !strings.Contains(e.Message, "refused") {
			t.Errorf("got %v", err)
		}
		if _, err := client.SendTraces(t.Context(), nil); !agenttrace.IsUnavailable(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnotherServer(t *testing.T) {
	client := newClient(t, serve(t, http.NotFoundHandler()))
	if _, err := client.GetSpan(t.Context(), nil); !agenttrace.IsUnimplemented(err) {
		t.Errorf("got %v", err)
	}
	if _, err := client.SendTraces(t.Context(), nil); !agenttrace.IsUnimplemented(err) {
		t.Errorf("got %v", err)
	}
}

func TestACancelledCall(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		client := newClient(t, serve(t, services{traces: hanging{}}.handler()), protocol)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := client.GetSpan(ctx, nil)
		if !agenttrace.IsCanceled(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if _, err := client.SendTraces(ctx, nil); !agenttrace.IsCanceled(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
