package otlp

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
)

// captures returns the directory of real spans of real Agno runs, which are not
// part of the repository.
func captures(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("AGENTTRACE_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "agno", "captures")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("NO CAPTURES: real spans are not tested. Set AGENTTRACE_CAPTURES to their directory. (%v)", err)
	}
	return dir
}

// readCapture decodes a captured request as a reader of the store would.
func readCapture(t *testing.T, name string) []*model.Span {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(captures(t), name))
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name) == ".json" {
		if body, err = FromJSON(body, Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	r := mustParse(t, body)
	if len(r.Rejected) > 0 {
		t.Fatalf("%s: %v", name, r.Rejected)
	}
	var spans []*model.Span
	for _, seg := range BuildSegments(r.Records) {
		data, err := OpenSegment(nil, seg.Payload)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := DecodeSpans("p", data)
		if err != nil {
			t.Fatal(err)
		}
		spans = append(spans, decoded...)
	}
	if len(spans) != r.Spans {
		t.Fatalf("%s: %d of %d spans", name, len(spans), r.Spans)
	}
	return spans
}

func TestTypesOfRealSpans(t *testing.T) {
	for name, want := range map[string]string{
		"agent_async.otlp.json":          "AGENT 1 LLM 2 TOOL 1 failed 0",
		"agent_no_name_no_ids.otlp.json": "AGENT 1 LLM 1 failed 0",
		"agent_stream.otlp.json":         "AGENT 1 LLM 2 TOOL 1 failed 0",
		"agent_tools.otlp.json":          "AGENT 1 LLM 2 TOOL 2 failed 0",
		"dict_input.otlp.json":           "AGENT 1 LLM 1 failed 0",
		"genai_agent_tools.otlp.json":    "AGENT 1 LLM 2 TOOL 2 failed 0",
		"genai_team.otlp.json":           "AGENT 2 LLM 5 TEAM 1 TOOL 3 failed 0",
		"leak_team_then_agent.otlp.json": "AGENT 3 LLM 6 TEAM 1 TOOL 3 failed 0",
		"model_error.otlp.json":          "AGENT 1 LLM 1 failed 1",
		"team.otlp.json":                 "AGENT 2 LLM 5 TEAM 1 TOOL 3 failed 0",
		"tool_error.otlp.json":           "AGENT 1 LLM 2 TOOL 1 failed 1",
		"workflow.otlp.json":             "AGENT 4 LLM 6 STEP 11 TEAM 1 TOOL 2 WORKFLOW 1 failed 0",
		"wire_http_json_0.json":          "AGENT 8 LLM 13 TOOL 6 failed 3",
	} {
		counts := map[string]int{}
		failed := 0
		for _, s := range readCapture(t, name) {
			counts[s.Type.String()]++
			if s.Failed {
				failed++
			}
			if s.Service == "" || s.Body.Scope.Name != agnoScope || s.Body.Flags != 256 {
				t.Errorf("%s: span %s of %q, scope %q, flags %d", name, s.SpanID, s.Service, s.Body.Scope.Name, s.Body.Flags)
			}
		}
		var got strings.Builder
		for _, typ := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(&got, "%s %d ", typ, counts[typ])
		}
		fmt.Fprintf(&got, "failed %d", failed)
		if got.String() != want {
			t.Errorf("%s: %s, want %s", name, got.String(), want)
		}
	}
}

func TestRealModelCallsAreComplete(t *testing.T) {
	for _, name := range []string{"agent_tools.otlp.json", "genai_agent_tools.otlp.json", "wire_grpc_0.binpb", "wire_http_pb_1.binpb"} {
		for _, s := range readCapture(t, name) {
			b := s.Body
			switch s.Type {
			case model.TypeLLM:
				if s.Model == "" || s.Provider != "OpenAI" || len(b.InputMessages) == 0 || b.InvocationParameters == "" {
					t.Errorf("%s: %s: %q %q, %d messages", name, s.SpanID, s.Model, s.Provider, len(b.InputMessages))
				}
				if !s.Failed && (len(b.OutputMessages) == 0 || s.Usage.Sum() == 0) {
					t.Errorf("%s: %s: %d answers, %+v", name, s.SpanID, len(b.OutputMessages), s.Usage)
				}
			case model.TypeTool:
				if s.ToolName != s.Name || b.ToolArguments == "" || b.ToolResult == "" {
					t.Errorf("%s: %s: %q(%q) = %q", name, s.SpanID, s.ToolName, b.ToolArguments, b.ToolResult)
				}
			case model.TypeAgent, model.TypeTeam:
				if s.RunID == "" || s.SessionID == "" || s.AgentID+s.TeamID == "" || s.InputPreview == "" {
					t.Errorf("%s: %s: %+v", name, s.SpanID, s.Identity)
				}
			}
		}
	}
}

// Both vocabularies on one span say the same as OpenInference alone.
func TestDualEmissionChangesNothing(t *testing.T) {
	plain, dual := readCapture(t, "agent_tools.otlp.json"), readCapture(t, "genai_agent_tools.otlp.json")
	for i := range plain {
		a, b := plain[i], dual[i]
		if a.Type != b.Type || a.Model != b.Model || a.Provider != b.Provider || a.Usage != b.Usage || a.ToolName != b.ToolName ||
			a.AgentName != b.AgentName || a.SessionID != b.SessionID {
			t.Errorf("%s and %s differ", a.SpanID, b.SpanID)
		}
	}
}

func TestRealSpansEncodeToThemselves(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(captures(t), "*.otlp.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		spans := readCapture(t, filepath.Base(file))
		again, err := DecodeSpans("p", EncodeSpans(spans))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(spans, again); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}
