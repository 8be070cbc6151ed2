package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/testing/protocmp"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// storeOne stores one small trace in a project and returns it.
func storeOne(t *testing.T, s *server, project string) map[string][]sentSpan {
	t.Helper()
	sender := newSender(seed(t), 8)
	trace := sender.newTrace()
	message := requestOf(sender.span(trace), sender.span(trace), sender.span(trace))
	mustStore(t, exportGRPC(t.Context(), newClient(t), s.url(), project, encode(t, message)))
	return flatten(message.GetResourceSpans())
}

func TestQueryWithPlainHTTP(t *testing.T) {
	s := startServer(t, "--store="+newSQLite(t))
	sent := storeOne(t, s, "default")
	list := s.url() + agenttracev1connect.TraceServiceListTracesProcedure

	res, err := http.Post(list, "application/json", strings.NewReader(`{"agentId": "support"}`))
	mustListAsJSON(t, bodyOf(t, res, err), sent)
	question := url.Values{"encoding": {"json"}, "message": {`{"agentId":"support"}`}}
	res, err = http.Get(list + "?" + question.Encode())
	mustListAsJSON(t, bodyOf(t, res, err), sent)
	s.stop()
}

func bodyOf(t *testing.T, res *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %s, %v: %s", res.Status, err, body)
	}
	return string(body)
}

// mustListAsJSON demands that a printed ListTracesResponse has the traces sent.
func mustListAsJSON(t *testing.T, printed string, sent map[string][]sentSpan) {
	t.Helper()
	if !json.Valid([]byte(printed)) {
		t.Fatalf("not JSON: %s", printed)
	}
	var page agenttracev1.ListTracesResponse
	if err := protojson.Unmarshal([]byte(printed), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.GetTraces()) != len(sent) {
		t.Errorf("%d traces, want %d: %s", len(page.GetTraces()), len(sent), printed)
	}
	for _, trace := range page.GetTraces() {
		if spans := sent[trace.GetTraceId()]; int64(len(spans)) != trace.GetSpanCount() {
			t.Errorf("trace %s with %d spans, want %d", trace.GetTraceId(), trace.GetSpanCount(), len(spans))
		}
	}
}

// TestWriteWhatWasRead copies traces from one project to another by our own
// service alone.
func TestWriteWhatWasRead(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := startServer(t, "--store="+store)
		from, to := reader(t, s, "from"), reader(t, s, "to")
		writer := agenttracev1connect.NewIngestServiceClient(projectClient(t, "to"), s.url())
		for id := range storeOne(t, s, "from") {
			read, err := from.GetTrace(t.Context(), &agenttracev1.GetTraceRequest{TraceId: id})
			if err != nil {
				t.Fatal(err)
			}
			written, err := writer.WriteSpans(t.Context(), &agenttracev1.WriteSpansRequest{Spans: read.GetSpans()})
			if err != nil {
				t.Fatal(err)
			}
			if got := written.GetAcceptedCount(); got != int64(len(read.GetSpans())) || len(written.GetRejected()) > 0 {
				t.Errorf("%d spans accepted, %v rejected", got, written.GetRejected())
			}
			again, err := to.GetTrace(t.Context(), &agenttracev1.GetTraceRequest{TraceId: id})
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(read, again, protocmp.Transform()); diff != "" {
				t.Errorf("the copy differs (- original, + copy):\n%s", diff)
			}
		}
		s.stop()
	})
}
