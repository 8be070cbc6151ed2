package sample_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/sample"
)

var start = time.Date(2026, time.March, 14, 9, 26, 53, 589793238, time.UTC)

func TestSameOptionsMakeTheSameTraces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		options := sample.Options{
			Seed:       rapid.Uint64().Draw(t, "seed"),
			AgentsOnly: rapid.Bool().Draw(t, "agents only"),
			Replicas:   rapid.IntRange(0, 3).Draw(t, "replicas"),
		}
		a, b := sample.New(options), sample.New(options)
		for range 3 {
			if x, y := a.Trace(start), b.Trace(start); !reflect.DeepEqual(x, y) {
				t.Fatalf("traces %s and %s differ", x.ID, y.ID)
			}
		}
	})
}

func TestDifferentSeedsMakeDifferentTracesAndProcesses(t *testing.T) {
	a, b := sample.New(sample.Options{Seed: 1}).Trace(start), sample.New(sample.Options{Seed: 2}).Trace(start)
	if a.ID == b.ID {
		t.Error("both traces have the id", a.ID)
	}
	if bytes.Equal(a.Resource, b.Resource) {
		t.Error("both traces come from one process")
	}
}

// TestEverySpanIsReadAsWhatItIsMeantToBe holds the generator against the
// parser: neither may drift from what the other takes a span to be.
func TestEverySpanIsReadAsWhatItIsMeantToBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := sample.New(sample.Options{Seed: rapid.Uint64().Draw(t, "seed"), FailureRate: 0.5})
		for range 5 {
			checkParsed(t, g.Trace(start))
		}
	})
}

func checkParsed(t *rapid.T, trace sample.Trace) {
	request, err := otlp.Parse("default", trace.Request(), otlp.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if len(request.Rejected) > 0 || len(request.Records) != len(trace.Spans) {
		t.Fatalf("%d spans read of %d, rejected: %v", len(request.Records), len(trace.Spans), request.Rejected)
	}
	for i, want := range trace.Spans {
		got := request.Records[i].Span
		if got.TraceID != trace.ID || got.SpanID != want.ID || got.Name != want.Name ||
			got.StartNano != want.Start || got.EndNano != want.End {
			t.Fatalf("span %d is read as %+v, want %s %s", i, got, trace.ID, want.ID)
		}
		if got.Type != want.Type || got.Failed != want.Failed {
			t.Fatalf("%s is read as %s, failed %v; want %s, failed %v", want.Name, got.Type, got.Failed, want.Type, want.Failed)
		}
		if !bytes.Equal(request.Records[i].Raw, want.OTLP) {
			t.Fatalf("the bytes of %s are not its own", want.Name)
		}
		checkFields(t, got)
	}
}

// checkFields looks at what lists and queries need of each type.
func checkFields(t *rapid.T, s *model.Span) {
	if s.Service == "" || s.Environment == "" {
		t.Fatalf("%s has no service or environment: %+v", s.Name, s)
	}
	switch s.Type {
	case model.TypeAgent:
		if s.AgentID == "" || s.AgentName == "" || s.SessionID == "" || s.RunID == "" {
			t.Fatalf("%s lacks identity: %+v", s.Name, s.Identity)
		}
	case model.TypeTeam:
		if s.TeamID == "" || s.SessionID == "" {
			t.Fatalf("%s lacks identity: %+v", s.Name, s.Identity)
		}
	case model.TypeWorkflow:
		if s.WorkflowID == "" || s.SessionID == "" || s.InputPreview == "" || s.OutputPreview == "" {
			t.Fatalf("%s lacks identity or previews: %+v", s.Name, s)
		}
	case model.TypeLLM:
		if s.Model == "" || s.Provider == "" || !s.Failed && (s.Usage.Input <= 0 || s.Usage.Output <= 0) {
			t.Fatalf("%s lacks model or usage: %+v", s.Name, s)
		}
	case model.TypeTool:
		if s.ToolName == "" {
			t.Fatalf("%s lacks the tool's name: %+v", s.Name, s)
		}
	}
	if s.Failed && (s.ErrorMessage == "") {
		t.Fatalf("%s failed without a message", s.Name)
	}
}

// TestJSONInAttributesIsValid guards what is put together by hand.
func TestJSONInAttributesIsValid(t *testing.T) {
	g := sample.New(sample.Options{Seed: 8, FailureRate: 0.5})
	seen := map[string]int{}
	for range 100 {
		spans, err := otlp.DecodeSpans("default", g.Trace(start).Request())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range spans {
			for _, kv := range s.Body.Attributes {
				if !isJSON(s, kv.Key) {
					continue
				}
				seen[kv.Key]++
				if !json.Valid([]byte(kv.Value.Str)) {
					t.Fatalf("%s of %s is not JSON: %s", kv.Key, s.Name, kv.Value.Str)
				}
			}
		}
	}
	for _, key := range []string{"input.value", "output.value", "tool.parameters", "llm.tools.0.tool.json_schema",
		"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions"} {
		if seen[key] == 0 {
			t.Errorf("no span has %s", key)
		}
	}
}

// isJSON says which attributes hold JSON, whatever their MIME types claim.
func isJSON(s *model.Span, key string) bool {
	switch key {
	case "input.value":
		return s.Type == model.TypeLLM || s.Type == model.TypeTool
	case "output.value":
		return s.Type == model.TypeLLM
	case "tool.parameters", "llm.invocation_parameters", "gen_ai.input.messages", "gen_ai.output.messages",
		"gen_ai.tool.definitions", "gen_ai.tool.call.arguments":
		return true
	}
	return strings.HasSuffix(key, ".json_schema") || strings.HasSuffix(key, ".arguments")
}

func TestSpansEndInOrderAndNestInTheirParents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace := sample.New(sample.Options{Seed: rapid.Uint64().Draw(t, "seed")}).Trace(start)
		request, err := otlp.Parse("default", trace.Request(), otlp.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		byID := map[model.SpanID]*model.Span{}
		for i, r := range request.Records {
			if i > 0 && r.Span.EndNano < request.Records[i-1].Span.EndNano {
				t.Fatalf("span %d ended before the one that precedes it", i)
			}
			byID[r.Span.SpanID] = r.Span
		}
		for i, r := range request.Records {
			if r.Span.IsRoot() != (i == len(request.Records)-1) {
				t.Fatalf("span %d of %d: a root, or none, at the wrong place", i, len(request.Records))
			}
			if parent := byID[r.Span.ParentID]; !r.Span.IsRoot() &&
				(parent == nil || parent.StartNano > r.Span.StartNano || parent.EndNano < r.Span.EndNano) {
				t.Fatalf("%s is not within its parent %v", r.Span.Name, parent)
			}
		}
		if trace.Start != start.UnixNano() || trace.End != trace.Spans[len(trace.Spans)-1].End {
			t.Fatal("the trace's times are not those of its root")
		}
	})
}

func TestTracesHaveTheShapeThatIsPromised(t *testing.T) {
	g := sample.New(sample.Options{Seed: 7})
	const traces = 600
	var spans, size, failed int
	types := map[model.SpanType]int{}
	sessions := map[string]int{}
	for range traces {
		trace := g.Trace(start)
		if n := len(trace.Spans); n < 8 || n > 40 {
			t.Errorf("a trace has %d spans, want 8 to 40", n)
		}
		bad := false
		for _, s := range trace.Spans {
			spans++
			size += len(s.OTLP)
			types[s.Type]++
			bad = bad || s.Failed
		}
		if bad {
			failed++
		}
		request, err := otlp.Parse("default", trace.Request(), otlp.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		sessions[request.Records[len(request.Records)-1].Span.SessionID]++
	}
	if mean := size / spans; mean < 2000 || mean > 3000 {
		t.Errorf("a span has %d bytes on average, want 2,000 to 3,000", mean)
	}
	t.Logf("%d spans, %d a trace, %d bytes each, %d of %d traces failed, %d sessions, %v",
		spans, spans/traces, size/spans, failed, traces, len(sessions), types)
	if failed < traces/50 || failed > traces/5 {
		t.Errorf("%d of %d traces failed", failed, traces)
	}
	if len(sessions) > traces/2 {
		t.Errorf("%d runs are in %d sessions, want several runs in one", traces, len(sessions))
	}
	for _, want := range []model.SpanType{model.TypeAgent, model.TypeTeam, model.TypeWorkflow, model.TypeStep, model.TypeLLM, model.TypeTool} {
		if types[want] == 0 {
			t.Errorf("no span is a %s", want)
		}
	}
}

func TestAgentsOnlyLeavesOutTeamsAndWorkflows(t *testing.T) {
	g := sample.New(sample.Options{Seed: 3, AgentsOnly: true})
	for range 200 {
		for _, s := range g.Trace(start).Spans {
			if s.Type == model.TypeTeam || s.Type == model.TypeWorkflow || s.Type == model.TypeStep {
				t.Fatalf("%s is a %s", s.Name, s.Type)
			}
		}
	}
}

func TestNegativeFailureRateMeansNoFailures(t *testing.T) {
	g := sample.New(sample.Options{Seed: 3, FailureRate: -1})
	for range 200 {
		for _, s := range g.Trace(start).Spans {
			if s.Failed {
				t.Fatalf("%s failed", s.Name)
			}
		}
	}
}

func BenchmarkTrace(b *testing.B) {
	g := sample.New(sample.Options{Seed: 1})
	spans := 0
	for b.Loop() {
		spans += len(g.Trace(start).Spans)
	}
	b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
}
