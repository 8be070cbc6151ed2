package tracing_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
)

// A marker is content that must not be seen where it is hidden. There is one for
// each place where content can be.
const (
	inValue     = "marker-input-value"
	outValue    = "marker-output-value"
	inMessage   = "marker-input-message"
	inReasoning = "marker-input-reasoning"
	inCall      = "marker-input-arguments"
	outMessage  = "marker-output-message"
	outReason   = "marker-output-reasoning"
	outCall     = "marker-output-arguments"
	inImage     = "marker-input-image"
	parameter   = "marker-parameter"
	toolSchema  = "marker-tool-schema"
	prompt      = "marker-prompt-of-completion"
	choice      = "marker-choice-of-completion"
	template    = "marker-prompt-template"
	embedded    = "marker-embedded-text"
	document    = "marker-found-document"
	candidate   = "marker-candidate-document"
	query       = "marker-rerank-query"
	byName      = "marker-attribute-by-name" // input.value
	failure     = "marker-error-text"
	vectorText  = "0.123456789"
	promptName  = "marker-prompt-by-name"
	choiceName  = "marker-choice-by-name"
)

// vector is the number of vectorText as protobuf has it.
var vector = string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.123456789)))

var inputMarkers = []string{inValue, inMessage, inReasoning, inCall, inImage, toolSchema, prompt, promptName, template, embedded, candidate, query, byName, failure}
var outputMarkers = []string{outValue, outMessage, outReason, outCall, choice, choiceName, document, vector, vectorText, failure}

// switches says what each switch hides.
var switches = []struct {
	variable string
	option   func(bool) tracing.TracerOption
	hides    []string
}{
	{"OPENINFERENCE_HIDE_INPUTS", tracing.HideInputs, inputMarkers},
	{"OPENINFERENCE_HIDE_OUTPUTS", tracing.HideOutputs, outputMarkers},
	{"OPENINFERENCE_HIDE_INPUT_MESSAGES", tracing.HideInputMessages, []string{inMessage, inReasoning, inCall, inImage, prompt, embedded, failure}},
	{"OPENINFERENCE_HIDE_OUTPUT_MESSAGES", tracing.HideOutputMessages, []string{outMessage, outReason, outCall, choice, vectorText, failure}},
	{"OPENINFERENCE_HIDE_INPUT_TEXT", tracing.HideInputText, []string{inMessage, inReasoning, inCall, prompt, embedded, failure}},
	{"OPENINFERENCE_HIDE_OUTPUT_TEXT", tracing.HideOutputText, []string{outMessage, outReason, outCall, choice, vectorText, failure}},
	{"OPENINFERENCE_HIDE_INPUT_IMAGES", tracing.HideInputImages, []string{inImage}},
	{"OPENINFERENCE_HIDE_LLM_INVOCATION_PARAMETERS", tracing.HideLLMInvocationParameters, []string{parameter}},
	{"OPENINFERENCE_HIDE_LLM_TOOLS", tracing.HideLLMTools, []string{toolSchema}},
	{"OPENINFERENCE_HIDE_PROMPTS", tracing.HidePrompts, []string{prompt, promptName, template, failure}},
	{"OPENINFERENCE_HIDE_CHOICES", tracing.HideChoices, []string{choice, choiceName, failure}},
	{"OPENINFERENCE_HIDE_EMBEDDINGS_VECTORS", tracing.HideEmbeddingsVectors, []string{vector, vectorText}},
	{"OPENINFERENCE_HIDE_EMBEDDING_VECTORS", tracing.HideEmbeddingsVectors, []string{vector, vectorText}},
	{"OPENINFERENCE_HIDE_EMBEDDINGS_TEXT", tracing.HideEmbeddingsText, []string{embedded, failure}},
}

// Whatever a switch hides is nowhere in the bytes that are sent, in either
// vocabulary; and what it does not hide is there, or the test would prove nothing.
func TestWhatASwitchHidesIsNowhere(t *testing.T) {
	for _, s := range switches {
		for _, genAI := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, GenAI %v", s.variable, genAI), func(t *testing.T) {
				t.Setenv(s.variable, "True")
				checkHidden(t, saidByAll(t, tracing.GenAI(genAI)), s.hides)
			})
			t.Run(fmt.Sprintf("the option of %s, GenAI %v", s.variable, genAI), func(t *testing.T) {
				checkHidden(t, saidByAll(t, tracing.GenAI(genAI), s.option(true)), s.hides)
			})
			t.Run(fmt.Sprintf("the option undoes %s, GenAI %v", s.variable, genAI), func(t *testing.T) {
				t.Setenv(s.variable, "true")
				checkHidden(t, saidByAll(t, tracing.GenAI(genAI), s.option(false)), nil)
			})
		}
	}
}

// Any set of switches hides what each of them hides, wherever content is put.
func TestSwitchesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var options []tracing.TracerOption
		hides := map[string]bool{}
		for _, s := range switches {
			if rapid.Bool().Draw(t, s.variable) {
				options = append(options, s.option(true))
				for _, marker := range s.hides {
					hides[marker] = true
				}
			}
		}
		options = append(options, tracing.GenAI(rapid.Bool().Draw(t, "GenAI")))
		sent := saidByAll(t, options...)
		for marker := range hides {
			if bytes.Contains(sent, []byte(marker)) {
				t.Errorf("%s was sent", marker)
			}
		}
	})
}

func checkHidden(t *testing.T, sent []byte, hides []string) {
	t.Helper()
	for _, marker := range append(append([]string{parameter}, inputMarkers...), outputMarkers...) {
		hide := false
		for _, hidden := range hides {
			hide = hide || hidden == marker
		}
		if got := bytes.Contains(sent, []byte(marker)); got == hide {
			t.Errorf("%s: sent is %v, hidden %v", marker, got, hide)
		}
	}
	if len(hides) > 0 && len(hides) != 1 && !bytes.Contains(sent, []byte("__REDACTED__")) {
		t.Error("nothing tells that something was hidden")
	}
}

// saidByAll sends a span of every kind with a marker in every place and returns
// the bytes.
func saidByAll(t failer, options ...tracing.TracerOption) []byte {
	t.Helper()
	r := record(t, options...)
	ctx := tracing.WithPromptTemplate(context.Background(), template, "v1", map[string]any{"x": template})
	ctx, run := r.Agent(ctx, "agent", tracing.Input(inValue))
	sayModel(ctx)
	saySearch(ctx)
	_, _ = tracing.Run(ctx, tracing.Tool, "tool", map[string]any{"a": inValue}, func(context.Context, map[string]any) (map[string]any, error) {
		return map[string]any{"b": outValue}, nil
	})
	_, other := tracing.Chain(ctx, "by name", tracing.Attributes(attribute.String("input.value", byName)))
	other.SetAttributes(
		attribute.String("llm.input_messages.0.message.content", inMessage), attribute.String("llm.output_messages.0.message.content", outMessage),
		attribute.String("llm.input_messages.0.message.contents.0.message_content.image.image.url", inImage),
		attribute.String("gen_ai.input.messages", inMessage), attribute.String("gen_ai.output.messages", outMessage),
		attribute.String("llm.prompts.0.prompt.text", promptName), attribute.String("llm.choices.0.completion.text", choiceName),
		attribute.String("gen_ai.tool.definitions", toolSchema), attribute.String("retrieval.documents.0.document.content", document),
		attribute.String("embedding.embeddings.0.embedding.text", embedded), attribute.String("llm.invocation_parameters", `{"a":"`+parameter+`"}`),
	)
	other.Event("exception", attribute.String("exception.message", failure))
	other.End()
	run.SetOutput(outValue)
	run.Fail(errors.New(failure))
	sayPanic(ctx)
	run.End()
	return r.sent.bytes(t)
}

func sayModel(ctx context.Context) {
	message := tracing.Message{
		Role: "user", Content: inMessage, Reasoning: inReasoning, Images: []string{"https://example.com/" + inImage},
		ToolCalls: []tracing.ToolCall{{ID: "1", Name: "f", Arguments: `{"a":"` + inCall + `"}`}},
	}
	call := tracing.ModelCall{
		Model: "m", Parameters: `{"stop":"` + parameter + `"}`,
		Tools:    []tracing.ToolDefinition{{Name: "f", JSON: `{"name":"` + toolSchema + `"}`}, {Name: "g", Description: toolSchema}},
		Messages: []tracing.Message{message, {Role: "tool", Content: inMessage, ToolCallID: "1"}},
	}
	_, m := tracing.Model(ctx, call)
	m.SetResult(tracing.ModelResult{Messages: []tracing.Message{
		{Role: "assistant", Reasoning: outReason, ToolCalls: []tracing.ToolCall{{Name: "f", Arguments: outCall}}}, {Role: "assistant", Content: outMessage},
	}})
	m.Fail(fmt.Errorf("400: %s", failure))
	m.End()
	_, m = tracing.Model(ctx, tracing.ModelCall{Operation: tracing.TextCompletion, Messages: []tracing.Message{{Role: "user", Content: prompt}}})
	m.SetResult(tracing.ModelResult{Messages: []tracing.Message{{Role: "assistant", Content: choice}}})
	m.End()
	_, m = tracing.Model(ctx, tracing.ModelCall{Operation: tracing.Embeddings, Texts: []string{embedded}})
	m.SetResult(tracing.ModelResult{Vectors: [][]float64{{0.123456789}}})
	m.SetOutput([][]json.Number{{vectorText}})
	m.End()
}

func saySearch(ctx context.Context) {
	found := tracing.Document{ID: "1", Content: document, Score: 0.5, Metadata: map[string]any{"title": document}}
	_, s := tracing.Retriever(ctx, "kb", tracing.Input(inValue))
	s.SetDocuments(found)
	s.End()
	_, s = tracing.Reranker(ctx, tracing.Reranking{Model: "r", Query: query, Documents: []tracing.Document{{Content: candidate}}})
	s.SetDocuments(found)
	s.End()
}

func sayPanic(ctx context.Context) {
	defer func() { _ = recover() }()
	_, s := tracing.Chain(ctx, "panics")
	defer s.End()
	panic(failure)
}

// A switch that cannot be read is an error: somebody wanted something hidden.
func TestASwitchThatCannotBeReadIsAnError(t *testing.T) {
	for _, s := range switches {
		t.Run(s.variable, func(t *testing.T) {
			t.Setenv(s.variable, "yes please")
			_, err := tracing.NewTracer(nil)
			if err == nil || !strings.Contains(err.Error(), s.variable+` is "yes please"; it must be true or false`) {
				t.Error(err)
			}
		})
	}
	t.Run("length of images", func(t *testing.T) {
		t.Setenv("OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH", "-1")
		if _, err := tracing.NewTracer(nil); err == nil || !strings.Contains(err.Error(), "OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH") {
			t.Error(err)
		}
	})
}

// Secrets in parameters and in definitions of tools are never sent.
func TestSecretsAreNeverSent(t *testing.T) {
	r := record(t, tracing.GenAI(true))
	call := tracing.ModelCall{
		Parameters: `{"temperature":0.5,"api_key":"marker-secret","extra_headers":{"X":"Bearer marker-secret"}}`,
		Tools:      []tracing.ToolDefinition{{JSON: `{"type":"mcp","authorization":"marker-secret"}`}},
	}
	_, m := r.Model(t.Context(), call)
	m.SetAttributes(attribute.String("llm.invocation_parameters", call.Parameters))
	m.End()
	if bytes.Contains(r.sent.bytes(t), []byte("marker-secret")) {
		t.Error("a secret was sent")
	}
	if got := r.only(t).Body.InvocationParameters; !strings.Contains(got, `"temperature":0.5`) {
		t.Errorf("parameters are %s: more than the secrets is gone", got)
	}
	if call.Tools[0].JSON != `{"type":"mcp","authorization":"marker-secret"}` {
		t.Error("the caller's value was changed")
	}
}

// Large images that are written into messages are redacted; addresses stay.
func TestLargeImagesAreRedacted(t *testing.T) {
	small, large := "data:image/png;base64,"+strings.Repeat("s", 20), "data:image/png;base64,"+strings.Repeat("l", 100)
	r := record(t, tracing.Base64ImageMaxLength(64), tracing.GenAI(true))
	images := []string{small, large, "https://example.com/" + strings.Repeat("a", 100)}
	_, m := r.Model(t.Context(), tracing.ModelCall{Messages: []tracing.Message{{Role: "user", Images: images}}})
	m.End()
	sent := r.sent.bytes(t)
	for text, want := range map[string]bool{strings.Repeat("s", 20): true, strings.Repeat("l", 100): false, strings.Repeat("a", 100): true} {
		if got := bytes.Contains(sent, []byte(text)); got != want {
			t.Errorf("%.10s…: sent is %v, want %v", text, got, want)
		}
	}
}

// The texts of errors follow what they may quote, unless they are chosen by
// themselves.
func TestErrorTextsCanBeKept(t *testing.T) {
	for name, c := range map[string]struct {
		options []tracing.TracerOption
		want    string
	}{
		"nothing hidden":           {nil, failure},
		"inputs hidden":            {[]tracing.TracerOption{tracing.HideInputs(true)}, "__REDACTED__"},
		"inputs hidden, texts not": {[]tracing.TracerOption{tracing.HideInputs(true), tracing.HideExceptions(false)}, failure},
		"texts alone hidden":       {[]tracing.TracerOption{tracing.HideExceptions(true)}, "__REDACTED__"},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, c.options...)
			_, s := r.Chain(t.Context(), "c")
			s.Fail(&typedError{})
			s.End()
			got := r.only(t)
			if got.ErrorMessage != c.want || got.StatusMessage != c.want || got.ErrorType != "rate_limit" {
				t.Errorf("%q, %q of type %q, want %q", got.ErrorMessage, got.StatusMessage, got.ErrorType, c.want)
			}
		})
	}
}

// typedError says its type itself.
type typedError struct{}

func (*typedError) Error() string     { return failure }
func (*typedError) ErrorType() string { return "rate_limit" }
