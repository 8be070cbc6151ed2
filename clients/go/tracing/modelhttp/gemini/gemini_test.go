package gemini_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answertest"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/gemini"
)

func answers(limit int) answertest.Collector    { return gemini.NewAnswer(limit) }
func embeddings(limit int) answertest.Collector { return gemini.NewEmbeddings(limit) }

func kept(body string) []byte {
	return answertest.Kept(answertest.Limits(gemini.IsBulk, gemini.IsFile), body)
}

func messages(all ...tracing.Message) []tracing.Message { return all }

// chunks are the pieces of a stream.
var chunks = []string{
	`{"candidates":[{"content":{"parts":[{"text":"Let me think.","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":100,"totalTokenCount":100,"promptTokensDetails":[{"modality":"TEXT","tokenCount":80},{"modality":"AUDIO","tokenCount":20}]},"modelVersion":"gemini-2.5-flash","responseId":"r1"}`,
	`{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-flash","responseId":"r1"}`,
	`{"candidates":[{"content":{"parts":[{"text":" there"}],"role":"model"},"index":0}]}`,
	`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"weather","args":{"city":"Paris"}},"thoughtSignature":"zzz"},{"functionCall":{"id":"f2","name":"now","args":{}}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":50,"candidatesTokenCount":30,"thoughtsTokenCount":40,"toolUsePromptTokenCount":7,"totalTokenCount":177,"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":5}]}}`,
}

var streamed = tracing.ModelResult{
	ID: "r1", Model: "gemini-2.5-flash", FinishReasons: []string{"STOP"},
	Messages: messages(tracing.Message{
		Role: "assistant", Content: "Hello there", Reasoning: "Let me think.",
		ToolCalls: []tracing.ToolCall{{Name: "weather", Arguments: `{"city":"Paris"}`}, {ID: "f2", Name: "now", Arguments: `{}`}},
	}),
	Usage: tracing.Usage{Input: 42, CacheRead: 50, AudioInput: 15, Output: 30, Reasoning: 40, Total: 177},
}

var bodies = []answertest.Case{
	{Name: "events", New: answers, Body: "data: " + strings.Join(chunks, "\r\n\r\ndata: ") + "\r\n\r\n", Want: streamed},
	{Name: "an array", New: answers, Body: "[" + strings.Join(chunks, "\n,\r\n") + "\n]\n", Want: streamed},
	{
		Name: "an array that stopped", New: answers, Body: "[" + strings.Join(chunks[:2], ",\r\n") + ",{\"candi", Partial: true,
		Want: tracing.ModelResult{ID: "r1", Model: "gemini-2.5-flash", Messages: messages(tracing.Message{Role: "assistant", Content: "Hello", Reasoning: "Let me think."}), Usage: tracing.Usage{Input: 80, AudioInput: 20, Total: 100}},
	},
	{
		Name: "an error in the middle", New: answers, Body: "[" + chunks[1] + `,{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]`, Partial: true,
		Want:    tracing.ModelResult{ID: "r1", Model: "gemini-2.5-flash", Messages: messages(tracing.Message{Role: "assistant", Content: "Hello"})},
		Failure: &answer.Failure{Type: "UNAVAILABLE", Message: "The model is overloaded."},
	},
	{
		Name: "a whole answer with two candidates and a picture", New: answers,
		Body: `{"candidates":[{"content":{"role":"model","parts":[{"text":"Here:"},{"inlineData":{"mimeType":"image/png","data":"QUJDRA=="}},{"text":"Done."}]},"finishReason":"STOP"},
			{"content":{"parts":[{"executableCode":{"language":"PYTHON","code":"print(1)"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}}]},"finishReason":"MAX_TOKENS","index":1}]}`,
		Want: tracing.ModelResult{FinishReasons: []string{"STOP", "MAX_TOKENS"}, Messages: messages(
			tracing.Message{Role: "assistant", Content: "Here:\n[file, image/png, 4 bytes]\nDone."}, tracing.Message{Role: "assistant", Content: "print(1)\n1"})},
	},
	{
		Name: "a prompt that was blocked", New: answers, Body: `{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"g"}`,
		Want: tracing.ModelResult{Model: "g", FinishReasons: []string{"SAFETY"}, Messages: messages(tracing.Message{Role: "assistant"}), Usage: tracing.Usage{Input: 4, Total: 4}},
	},
	{
		Name: "embeddings", New: embeddings, Body: `{"embeddings":[{"values":[` + strings.Repeat("0.1,", 10_000) + `1]}],"usageMetadata":{"promptTokenCount":3}}`,
		Want: tracing.ModelResult{Usage: tracing.Usage{Input: 3}},
	},
}

func TestAnswers(t *testing.T) {
	answertest.Run(t, answertest.Limits(gemini.IsBulk, gemini.IsFile), bodies)
}

var requests = []struct {
	name string
	read func([]byte) tracing.ModelCall
	body string
	want tracing.ModelCall
}{
	{
		"contents", gemini.Call,
		`{"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user","parts":[{"text":"See"},{"inlineData":{"mimeType":"image/png","data":"QUJDRA=="}},{"fileData":{"mimeType":"video/mp4","fileUri":"gs://b/v.mp4"}},{"fileData":{"mimeType":"image/png","fileUri":"gs://b/i.png"}}]},
			{"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"name":"look","args":{"at":"it"}}}]},
			{"role":"user","parts":[{"functionResponse":{"name":"look","response":{"result":"a cat"}}}]}],
		"tools":[{"functionDeclarations":[{"name":"look","description":"Looks.","parameters":{"type":"OBJECT"}}]},{"googleSearch":{}}],
		"generationConfig":{"temperature":0.5},"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}`,
		tracing.ModelCall{
			Operation: tracing.Chat, Parameters: `{"generationConfig":{"temperature":0.5},"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}`,
			Messages: messages(
				tracing.Message{Role: "system", Content: "Be brief."},
				tracing.Message{Role: "user", Content: "See\n[file, image/png, 4 bytes]\n[file, video/mp4, gs://b/v.mp4]\n[file, image/png]", Images: []string{"gs://b/i.png"}},
				tracing.Message{Role: "assistant", Reasoning: "hm", ToolCalls: []tracing.ToolCall{{Name: "look", Arguments: `{"at":"it"}`}}},
				tracing.Message{Role: "tool", ToolCallID: "look", Content: `{"result":"a cat"}`}),
			Tools: []tracing.ToolDefinition{
				{Name: "look", Description: "Looks.", JSON: `{"name":"look","description":"Looks.","parameters":{"type":"OBJECT"}}`},
				{Name: "googleSearch", JSON: `{"googleSearch":{}}`},
			},
		},
	},
	{
		"names in the other spelling", gemini.Call,
		`{"system_instruction":{"parts":[{"text":"Be brief."}]},"contents":{"parts":[{"text":"Hi"},{"inline_data":{"mime_type":"image/png","data":"QUJDRA=="}}]},"tools":[{"function_declarations":[{"name":"f"}]}]}`,
		tracing.ModelCall{Operation: tracing.Chat,
			Messages: messages(tracing.Message{Role: "system", Content: "Be brief."}, tracing.Message{Role: "user", Content: "Hi\n[file, image/png, 4 bytes]"}),
			Tools:    []tracing.ToolDefinition{{Name: "f", JSON: `{"name":"f"}`}}},
	},
	{
		"arguments that are called as vectors", gemini.Call,
		`{"contents":{"role":"model","parts":[{"functionCall":{"name":"sum","args":{"values":[1,2]}}},{"functionResponse":{"name":"sum","response":{"values":[3]}}}]},"tools":[{"functionDeclarations":[{"name":"sum","parameters":{"properties":{"values":{"type":"ARRAY"}}}}]}]}`,
		tracing.ModelCall{Operation: tracing.Chat,
			Messages: messages(tracing.Message{Role: "tool", ToolCallID: "sum", Content: `{"values":[3]}`}, tracing.Message{Role: "assistant", ToolCalls: []tracing.ToolCall{{Name: "sum", Arguments: `{"values":[1,2]}`}}}),
			Tools:    []tracing.ToolDefinition{{Name: "sum", JSON: `{"name":"sum","parameters":{"properties":{"values":{"type":"ARRAY"}}}}`}}},
	},
	{
		"one text to embed", gemini.EmbedCall, `{"model":"models/e","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY"}`,
		tracing.ModelCall{Operation: tracing.Embeddings, Parameters: `{"taskType":"RETRIEVAL_QUERY"}`, Texts: []string{"a"}},
	},
	{
		"several texts to embed", gemini.BatchEmbedCall, `{"requests":[{"model":"models/e","content":{"parts":[{"text":"a"}]},"outputDimensionality":5},{"content":{"parts":[{"text":"b"}]}}]}`,
		tracing.ModelCall{Operation: tracing.Embeddings, Parameters: `{"outputDimensionality":5}`, Texts: []string{"a", "b"}},
	},
}

func TestRequests(t *testing.T) {
	for _, test := range requests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.read(kept(test.body))); diff != "" {
				t.Errorf("-want +got: %s", diff)
			}
		})
	}
}

func FuzzGeminiStream(f *testing.F) {
	for _, test := range bodies {
		f.Add([]byte(test.Body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 1 << 10
		a := answers(limit)
		answertest.Feed(answertest.Limits(gemini.IsBulk, gemini.IsFile), a, string(body))
		answertest.Bounded(t, a.Result(), limit)
	})
}

func FuzzGeminiRequest(f *testing.F) {
	for _, test := range requests {
		f.Add([]byte(test.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := kept(string(body))
		gemini.Call(kept)
		gemini.EmbedCall(kept)
		gemini.BatchEmbedCall(kept)
	})
}
