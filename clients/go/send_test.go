package agenttrace_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// otlp is a door for OTLP: what it got, and what it answers, one after the other.
type otlp struct {
	answers []http.HandlerFunc
	got     recorder[[]byte]
	at      recorder[time.Time]
}

func (o *otlp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = io.ReadAll(z)
		}
	}
	if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	o.got.add(body)
	o.at.add(time.Now())
	o.answers[len(o.got.seen())-1](w, r)
}

// answers returns a handler that answers with a message of protobuf.
func answers(t testing.TB, status int, m proto.Message, header ...string) http.HandlerFunc {
	t.Helper()
	body, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

func status(t testing.TB, code connect.Code, text string, details ...proto.Message) *rpcstatus.Status {
	t.Helper()
	s := &rpcstatus.Status{Code: int32(code), Message: text}
	for _, d := range details {
		packed, err := anypb.New(d)
		if err != nil {
			t.Fatal(err)
		}
		s.Details = append(s.Details, packed)
	}
	return s
}

func TestSpansArriveAsTheyWereSent(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		for _, data := range [][]byte{nil, []byte("short"), bytes.Repeat([]byte("long"), 1000)} {
			o := &otlp{answers: []http.HandlerFunc{answers(t, 200, &collector.ExportTraceServiceResponse{})}}
			client := newClient(t, serve(t, services{otlp: o.ServeHTTP}.handler()), protocol)
			result, err := client.SendTraces(t.Context(), data)
			if err != nil || *result != (agenttrace.SendResult{}) {
				t.Errorf("got %v, %v", result, err)
			}
			if got := o.got.seen(); len(got) != 1 || !bytes.Equal(got[0], data) {
				t.Errorf("sent %d bytes, the server got %v", len(data), got)
			}
		}
	})
}

func TestSpansThatAreRejectedAreTold(t *testing.T) {
	o := &otlp{answers: []http.HandlerFunc{answers(t, 200, &collector.ExportTraceServiceResponse{
		PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 3, ErrorMessage: "3 spans without an id"},
	})}}
	client := newClient(t, serve(t, services{otlp: o.ServeHTTP}.handler()))
	result, err := client.SendTraces(t.Context(), nil)
	if err != nil || result.RejectedSpans != 3 || result.Message != "3 spans without an id" {
		t.Errorf("got %v, %v", result, err)
	}
}

// sendIn sends spans within a bubble, and returns how long after the first attempt
// the last one was.
func sendIn(t *testing.T, o *otlp) (time.Duration, error) {
	t.Helper()
	client, err := agenttrace.New("localhost", agenttrace.WithHTTPClient(&http.Client{Transport: inProcess{services{otlp: o.ServeHTTP}.handler()}}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.SendTraces(t.Context(), []byte("spans"))
	at := o.at.seen()
	return at[len(at)-1].Sub(at[0]), err
}

func TestSendingWaitsAsLongAsTheServerSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ok := answers(t, 200, &collector.ExportTraceServiceResponse{})
		for name, busy := range map[string]http.HandlerFunc{
			"429 in seconds": answers(t, 429, status(t, connect.CodeResourceExhausted, "busy"), "Retry-After", "20"),
			"503 in seconds": answers(t, 503, status(t, connect.CodeUnavailable, "stopping"), "Retry-After", "20"),
			"503 by date": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", time.Now().Add(21*time.Second).UTC().Format(http.TimeFormat))
				w.WriteHeader(503)
			},
			"in the details": answers(t, 429, status(t, connect.CodeResourceExhausted, "busy", retryAfter(20*time.Second))),
			"a proxy's":      func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "20"); w.WriteHeader(502) },
		} {
			o := &otlp{answers: []http.HandlerFunc{busy, ok}}
			if waited, err := sendIn(t, o); err != nil || waited < 18*time.Second || waited > 24*time.Second {
				t.Errorf("%s: after %v: %v", name, waited, err)
			}
		}
	})
}

func TestSendingIsTriedAgainWhenTheServerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ok := answers(t, 200, &collector.ExportTraceServiceResponse{})
		for _, code := range []int{429, 502, 503, 504} {
			o := &otlp{answers: []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }, ok}}
			if _, err := sendIn(t, o); err != nil || len(o.got.seen()) != 2 {
				t.Errorf("%d: %v after %d attempts", code, err, len(o.got.seen()))
			}
		}
	})
}

func TestWhatTheServerRefusesIsAnError(t *testing.T) {
	large := &errdetails.ErrorInfo{Reason: "MESSAGE_TOO_LARGE", Domain: "agenttrace", Metadata: map[string]string{"max_message_bytes": "67108864"}}
	o := &otlp{answers: []http.HandlerFunc{
		answers(t, 400, status(t, connect.CodeInvalidArgument, "no OTLP")),
		answers(t, 413, status(t, connect.CodeResourceExhausted, "too large", large)),
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) },
		func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>welcome") },
	}}
	client := newClient(t, serve(t, services{otlp: o.ServeHTTP}.handler()))
	_, err := client.SendTraces(t.Context(), nil)
	if e, ok := errors.AsType[*agenttrace.CallError](err); !ok || !agenttrace.IsInvalid(err) || e.Message != "no OTLP" || !e.FromServer || e.Call != "SendTraces" {
		t.Errorf("got %v", err)
	}
	_, err = client.SendTraces(t.Context(), nil)
	if e, ok := errors.AsType[*agenttrace.MessageTooLargeError](err); !ok || e.MaxBytes != 64<<20 {
		t.Errorf("got %v", err)
	}
	if _, err = client.SendTraces(t.Context(), nil); !agenttrace.IsUnauthenticated(err) {
		t.Errorf("got %v", err)
	}
	if _, err = client.SendTraces(t.Context(), nil); err == nil {
		t.Error("a page of something else was taken for a success")
	}
	if n := len(o.got.seen()); n != 4 {
		t.Errorf("%d attempts, want one for each", n)
	}
}
