package service_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
)

// call makes a Connect call with a body of JSON and returns status and answer.
func (s *server) call(t *testing.T, procedure, contentType, body string) (int, string) {
	t.Helper()
	return exchange(t, s.h1, s.request(t.Context(), t, http.MethodPost, procedure, strings.NewReader(body), "Content-Type", contentType))
}

func exchange(t *testing.T, client *http.Client, req *http.Request) (int, string) {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestFieldThatDoesNotExistIsRefused(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct {
		procedure, body string
		says            []string // what helps to find the mistake
	}{
		{agenttracev1connect.TraceServiceListTracesProcedure, `{"user":"x"}`, []string{`unknown field \"user\" in ListTracesRequest`}},
		{agenttracev1connect.TraceServiceGetTraceProcedure, `{"traceid":"1"}`, []string{`unknown field \"traceid\" in GetTraceRequest`}},
		{agenttracev1connect.IngestServiceWriteSpansProcedure, `{"spans":[{"nam":"x"}]}`, []string{`unknown field \"nam\"`, "line 1:12"}},
		{agenttracev1connect.TraceServiceListTracesProcedure, `{"page_size":"many"}`, []string{"ListTracesRequest", "many"}},
		{agenttracev1connect.TraceServiceListTracesProcedure, `{"page_size":`, []string{"ListTracesRequest", "unexpected"}},
		{agenttracev1connect.TraceServiceListTracesProcedure, ``, []string{"ListTracesRequest"}},
	} {
		for _, contentType := range []string{"application/json", "application/json; charset=utf-8"} {
			status, answer := s.call(t, c.procedure, contentType, c.body)
			if status != http.StatusBadRequest || !strings.Contains(answer, `"invalid_argument"`) {
				t.Errorf("%s %s: got %d %s", c.procedure, c.body, status, answer)
			}
			for _, says := range c.says {
				if !strings.Contains(answer, says) {
					t.Errorf("%s: %s does not say %q", c.body, answer, says)
				}
			}
			if strings.Contains(answer, "*agenttrace") || strings.Contains(answer, "proto:") {
				t.Errorf("%s: the answer speaks of the program: %s", c.body, answer)
			}
		}
	}
}

func TestFieldThatDoesNotExistIsRefusedInAURL(t *testing.T) {
	s := newServer(t)
	for message, want := range map[string]int{`{"user":"x"}`: http.StatusBadRequest, `{"user_id":"x","pageSize":3}`: http.StatusOK} {
		query := url.Values{"connect": {"v1"}, "encoding": {"json"}, "message": {message}}
		req := s.request(t.Context(), t, http.MethodGet, agenttracev1connect.TraceServiceListTracesProcedure+"?"+query.Encode(), nil)
		if status, answer := exchange(t, s.h1, req); status != want {
			t.Errorf("%s: got %d %s, want %d", message, status, answer, want)
		}
	}
}

func TestFieldThatDoesNotExistEndsAStream(t *testing.T) {
	s := newServer(t)
	body := frame([]byte(`{"user":"x"}`))
	req := s.request(t.Context(), t, http.MethodPost, agenttracev1connect.TraceServiceStreamTracesProcedure, bytes.NewReader(body),
		"Content-Type", "application/connect+json")
	if _, answer := exchange(t, s.h1, req); !strings.Contains(answer, `"invalid_argument"`) {
		t.Errorf("got %s", answer)
	}
}

func TestRequestWithTooManySpansIsRefusedAsAWhole(t *testing.T) {
	s := newServer(t)
	scope := appendMessage(nil, 2, goodSpan(1, 1).wire())
	for range 1 << 17 {
		scope = append(scope, 2<<3|2, 0)
	}
	body := appendMessage(nil, 1, appendMessage(nil, 2, scope))

	got := s.grpc(t, frame(body))
	if got.code != connect.CodeResourceExhausted || retryDelay(got) != 0 || len(got.status.GetDetails()) != 1 {
		t.Errorf("gRPC: got %v %s, retry after %v", got.code, got.message, retryDelay(got))
	}
	if reason, metadata := errorInfo(got.status); reason != fault.ReasonMessageTooLarge || metadata["max_spans"] != "131072" {
		t.Errorf("gRPC: the reason is %q %v", reason, metadata)
	}
	got = s.post(t, body, "Content-Type", "application/x-protobuf")
	if got.http != http.StatusRequestEntityTooLarge || got.header.Get("Retry-After") != "" {
		t.Errorf("HTTP: got %d %s", got.http, got.message)
	}
	if status, answer := s.call(t, agenttracev1connect.TraceServiceListTracesProcedure, "application/json", "{}"); status != 200 || answer != "{}" {
		t.Errorf("something was stored: %d %s", status, answer)
	}
	wantStored(t, s)
}

func TestSpanWithBase64IdsInJSONIsRejectedAlone(t *testing.T) {
	s := newServer(t)
	bad := `{"traceId":"W47/95gDgQPSabYzgTxgyA==","spanId":"7uGbfsPBsXQ=","name":"bad","startTimeUnixNano":1}`
	body := strings.Replace(string(jsonRequest(goodSpan(1, 1), goodSpan(1, 2))), `},{"traceId"`, `},`+bad+`,{"traceId"`, 1)
	got := s.post(t, []byte(body), "Content-Type", "application/json")
	if got.http != http.StatusOK || got.rejected != 1 || !strings.Contains(got.message, "hex") {
		t.Errorf("got %d, %d rejected: %s", got.http, got.rejected, got.message)
	}
	if spans := s.stored(t, 1); len(spans) != 2 {
		t.Errorf("stored are %v", spans)
	}
}

func TestOtherSignalsAreToldWhatToDo(t *testing.T) {
	s := newServer(t)
	paths, _ := otlpdoor.OtherSignals()
	for _, path := range paths {
		status, answer := s.call(t, path, "application/x-protobuf", "")
		if status != http.StatusNotFound || !strings.Contains(answer, "OTEL_METRICS_EXPORTER=none") || !strings.Contains(answer, "OTEL_LOGS_EXPORTER=none") {
			t.Errorf("%s: got %d %s", path, status, answer)
		}
	}
}
