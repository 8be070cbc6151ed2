package e2e_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"testing"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// ledger remembers what was sent and what of it was acknowledged.
type ledger struct {
	mu       sync.Mutex
	spans    map[string]sentSpan // by trace and span id
	promised map[string]bool     // those that were acknowledged
	requests int                 // how many were acknowledged
}

func newLedger() *ledger {
	return &ledger{spans: map[string]sentSpan{}, promised: map[string]bool{}}
}

// sent enters a request before it is sent.
func (l *ledger) sent(r *coltracepb.ExportTraceServiceRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, spans := range flatten(r.GetResourceSpans()) {
		for _, s := range spans {
			l.spans[s.key()] = s
		}
	}
}

// acknowledged enters that all spans of a request are stored.
func (l *ledger) acknowledged(r *coltracepb.ExportTraceServiceRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	for _, spans := range flatten(r.GetResourceSpans()) {
		for _, s := range spans {
			l.promised[s.key()] = true
		}
	}
}

// acknowledgements returns how many requests were acknowledged.
func (l *ledger) acknowledgements() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.requests
}

func (s sentSpan) key() string {
	return key(hex.EncodeToString(s.span.GetTraceId()), hex.EncodeToString(s.span.GetSpanId()))
}

func key(traceID, spanID string) string { return traceID + "/" + spanID }

// mustHold reads everything back in each way there is. Every acknowledged span
// must be there once; others may be, once, when they were sent; and what sums up
// spans must agree with them.
func (l *ledger) mustHold(t *testing.T, c agenttracev1connect.TraceServiceClient) {
	t.Helper()
	traces := listTraces(t, c, 500)
	byTrace := map[string]*agenttracev1.Trace{}
	stored := map[string]bool{}
	for _, trace := range traces {
		if byTrace[trace.GetTraceId()] != nil {
			t.Errorf("trace %s is listed twice", trace.GetTraceId())
		}
		byTrace[trace.GetTraceId()] = trace
		for _, span := range l.mustSumUp(t, c, trace) {
			stored[key(span.GetTraceId(), span.GetSpanId())] = true
		}
	}
	var lost []string
	for k := range l.promised {
		if !stored[k] {
			lost = append(lost, k)
		}
	}
	if len(lost) > 0 {
		t.Errorf("%d of %d acknowledged spans are lost, such as %v", len(lost), len(l.promised), lost[:min(5, len(lost))])
	}
	l.mustList(t, c, stored)
	l.mustExport(t, c, stored)
	t.Logf("%d requests acknowledged; %d spans sent, %d acknowledged, %d stored, in %d traces", l.requests, len(l.spans), len(l.promised), len(stored), len(traces))
}

// mustSumUp compares a trace with its spans, which it returns, and the spans
// with those sent.
func (l *ledger) mustSumUp(t *testing.T, c agenttracev1connect.TraceServiceClient, trace *agenttracev1.Trace) []*agenttracev1.Span {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got, err := c.GetTrace(ctx, &agenttracev1.GetTraceRequest{TraceId: trace.GetTraceId()})
	if err != nil {
		t.Fatalf("GetTrace of a listed trace: %v", err)
	}
	var sent []sentSpan
	var count, errors, llms, tools, tokens int64
	for _, span := range got.GetSpans() {
		s, ok := l.spans[key(span.GetTraceId(), span.GetSpanId())]
		if !ok {
			t.Errorf("span %s of trace %s was never sent", span.GetSpanId(), span.GetTraceId())
			continue
		}
		sent = append(sent, s)
		count++
		errors += one(span.GetFailed())
		llms += one(span.GetType() == agenttracev1.SpanType_SPAN_TYPE_LLM)
		tools += one(span.GetType() == agenttracev1.SpanType_SPAN_TYPE_TOOL)
		tokens += span.GetModelCall().GetUsage().GetInputTokens()
	}
	mustEqual(t, sent, got.GetSpans())
	for _, summary := range []*agenttracev1.Trace{trace, got.GetTrace()} {
		have := []int64{summary.GetSpanCount(), summary.GetErrorCount(), summary.GetLlmCount(), summary.GetToolCount(), summary.GetUsage().GetInputTokens()}
		if want := []int64{count, errors, llms, tools, tokens}; !slices.Equal(have, want) {
			t.Errorf("trace %s counts %v (spans, errors, model calls, tool calls, tokens), its spans %v", trace.GetTraceId(), have, want)
		}
	}
	return got.GetSpans()
}

// mustList demands that paging through all spans yields those stored, each once.
func (l *ledger) mustList(t *testing.T, c agenttracev1connect.TraceServiceClient, stored map[string]bool) {
	t.Helper()
	listed := map[string]int{}
	for _, span := range listSpans(t, c, 1000) {
		listed[key(span.GetTraceId(), span.GetSpanId())]++
	}
	mustBeOnce(t, "listed", listed, stored)
}

// mustExport demands that an export has the stored spans, each once.
func (l *ledger) mustExport(t *testing.T, c agenttracev1connect.TraceServiceClient, stored map[string]bool) {
	t.Helper()
	exported := map[string]int{}
	for _, spans := range export(t, c) {
		for _, s := range spans {
			exported[s.key()]++
		}
	}
	mustBeOnce(t, "exported", exported, stored)
}

func mustBeOnce(t *testing.T, what string, have map[string]int, want map[string]bool) {
	t.Helper()
	var wrong []string
	for k := range want {
		if have[k] != 1 {
			wrong = append(wrong, fmt.Sprintf("%s %s %d times", k, what, have[k]))
		}
	}
	for k := range have {
		if !want[k] {
			wrong = append(wrong, fmt.Sprintf("%s %s, but GetTrace does not have it", k, what))
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%d spans are not %s once: %v", len(wrong), what, wrong[:min(5, len(wrong))])
	}
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
