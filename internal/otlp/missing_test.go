package otlp

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

func written(s *model.Span) *model.Span {
	AddMissingAttributes(s)
	return s
}

func TestDerivedFieldsAreReadBackAsTheyWereWritten(t *testing.T) {
	identity := model.Identity{
		AgentID: "a", AgentName: "A", TeamID: "t", TeamName: "T", WorkflowID: "w", WorkflowName: "W",
		SessionID: "s", UserID: "u", RunID: "r",
	}
	for typ := model.TypeAgent; typ <= model.TypeChain; typ++ {
		for _, who := range []model.Identity{{}, identity} {
			s := spanOf(1, "x")
			s.Body.Scope.Name, s.Body.Resource.Attributes = "", nil
			s.Type, s.Identity = typ, who
			s.Service, s.Environment = "shop", "production"
			s.Model, s.Provider = "m", "P"
			s.Usage = model.Usage{Input: 1, CacheRead: 2, CacheWrite: 3, Output: 4, Reasoning: 5, AudioInput: 6, AudioOutput: 7, Total: 28}
			s.FirstTokenNano = 123_456_789
			s.ToolName, s.ToolCallID = "add", "c"
			s.Body.ToolDescription, s.Body.ToolArguments, s.Body.ToolResult = "Adds.", "{}", "2"
			s.Body.Input = model.Content{Value: "in", MIMEType: "text/plain"}
			s.Body.Output = model.Content{Value: "out", MIMEType: "text/plain"}
			s.Body.FinishReasons, s.Body.InvocationParameters = []string{"stop"}, `{"t":1}`
			s.Body.InputMessages = []model.Message{{Role: "user", Content: "hi"}, {Role: "tool", Content: "2", ToolCallID: "c"}}
			s.Body.OutputMessages = []model.Message{{Role: "assistant", Content: "ho", Reasoning: "hm",
				ToolCalls: []model.ToolCall{{ID: "c", Name: "add", Arguments: "{}"}}}}
			want, wantBody := *s, *s.Body
			got := complete(t, written(s))
			wantBody.Attributes, wantBody.Resource.Attributes = got.Body.Attributes, got.Body.Resource.Attributes
			want.Body = &wantBody
			want.InputPreview, want.OutputPreview = "in", "out"
			got.ShortAttributes = nil
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("%v %v: %s", typ, who != model.Identity{}, diff)
			}
		}
	}
}

func TestAttributesAreTheTruth(t *testing.T) {
	s := spanOf(1, "x", text("openinference.span.kind", "AGENT"), text("user.id", "alice"), text("llm.model_name", "m"))
	before := len(s.Body.Attributes)
	s.Type, s.UserID, s.Model = model.TypeLLM, "mallory", "other"
	got := complete(t, written(s))
	if got.Type != model.TypeAgent || got.UserID != "alice" || got.Model != "m" || len(got.Body.Attributes) != before {
		t.Errorf("%v %q %q", got.Type, got.UserID, got.Model)
	}
}

func TestWritingWhatWasReadAddsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(anySpan(), rapid.SampledFrom(agentRuns(1, 2))).Draw(t, "span")
		body := EncodeSpans([]*model.Span{s})
		read, err := DecodeSpans("p", body)
		if err != nil {
			t.Fatal(err)
		}
		if got := EncodeSpans([]*model.Span{written(read[0])}); string(got) != string(body) {
			t.Fatalf("%x, want %x", got, body)
		}
	})
}

func TestAnyUsageIsReadBack(t *testing.T) {
	tokens := rapid.Int64Range(0, 50)
	rapid.Check(t, func(t *rapid.T) {
		s := spanOf(1, "x")
		s.Provider = rapid.SampledFrom([]string{"", "OpenAI", "Anthropic"}).Draw(t, "provider")
		s.Usage = model.Usage{
			Input: tokens.Draw(t, "in"), CacheRead: tokens.Draw(t, "read"), CacheWrite: tokens.Draw(t, "write"), AudioInput: tokens.Draw(t, "audio in"),
			Output: tokens.Draw(t, "out"), Reasoning: tokens.Draw(t, "reasoning"), AudioOutput: tokens.Draw(t, "audio out"),
			Total: rapid.Int64Range(0, 400).Draw(t, "total"),
		}
		want := s.Usage
		decoded, err := DecodeSpans("p", EncodeSpans([]*model.Span{written(s)}))
		if err != nil {
			t.Fatal(err)
		}
		got := decoded[0].Usage
		if got.Total == 0 {
			want.Total = 0 // A total that contradicts the buckets cannot be kept.
		}
		if got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

func TestASpanWithoutABodyIsWrittenWithItsNarrowFields(t *testing.T) {
	s := spanOf(1, "x")
	s.Body, s.Type, s.Status, s.StatusMessage = nil, model.TypeTool, model.StatusError, "why"
	got := complete(t, written(s))
	if got.Name != "x" || got.Type != model.TypeTool || got.StatusMessage != "why" {
		t.Errorf("%+v", got)
	}
}
