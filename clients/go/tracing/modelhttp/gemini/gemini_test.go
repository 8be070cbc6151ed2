package gemini_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/cut"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/frame"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/gemini"
)

var limits = cut.Limits{String: 1 << 16, Total: 1 << 20, Drop: gemini.IsBulk, File: gemini.IsFile}

func read(limit int, pieces ...string) gemini.Answer {
	a := gemini.NewAnswer(limit)
	s := frame.New(limits, a.Document)
	for _, piece := range pieces {
		s.Write([]byte(piece))
	}
	s.Close()
	return a
}

func request(body string) []byte {
	c := cut.New(limits)
	c.Write([]byte(body))
	return c.Finish()
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

var answers = []struct {
	name, body string
	want       tracing.ModelResult
	failure    *answer.Failure
	partial    bool
}{
	{name: "events", body: "data: " + strings.Join(chunks, "\r\n\r\ndata: ") + "\r\n\r\n", want: streamed},
	{name: "an array", body: "[" + strings.Join(chunks, "\n,\r\n") + "\n]\n", want: streamed},
	{
		name: "an array that stopped", body: "[" + strings.Join(chunks[:2], ",\r\n") + ",{\"candi", partial: true,
		want: tracing.ModelResult{ID: "r1", Model: "gemini-2.5-flash", Messages: messages(tracing.Message{Role: "assistant", Content: "Hello", Reasoning: "Let me think."}), Usage: tracing.Usage{Input: 80, AudioInput: 20, Total: 100}},
	},
	{
		name: "an error in the middle", body: "[" + chunks[1] + `,{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]`, partial: true,
		want:    tracing.ModelResult{ID: "r1", Model: "gemini-2.5-flash", Messages: messages(tracing.Message{Role: "assistant", Content: "Hello"})},
		failure: &answer.Failure{Type: "UNAVAILABLE", Message: "The model is overloaded."},
	},
	{
		name: "a whole answer with two candidates and a picture",
		body: `{"candidates":[{"content":{"role":"model","parts":[{"text":"Here:"},{"inlineData":{"mimeType":"image/png","data":"QUJDRA=="}},{"text":"Done."}]},"finishReason":"STOP"},
			{"content":{"parts":[{"executableCode":{"language":"PYTHON","code":"print(1)"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}}]},"finishReason":"MAX_TOKENS","index":1}]}`,
		want: tracing.ModelResult{FinishReasons: []string{"STOP", "MAX_TOKENS"}, Messages: messages(
			tracing.Message{Role: "assistant", Content: "Here:\n[file, image/png, 4 bytes]\nDone."}, tracing.Message{Role: "assistant", Content: "print(1)\n1"})},
	},
	{
		name: "a prompt that was blocked", body: `{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"g"}`,
		want: tracing.ModelResult{Model: "g", FinishReasons: []string{"SAFETY"}, Messages: messages(tracing.Message{Role: "assistant"}), Usage: tracing.Usage{Input: 4, Total: 4}},
	},
}

func TestAnswers(t *testing.T) {
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			got := read(1<<16, test.body)
			if diff := cmp.Diff(test.want, got.Result()); diff != "" {
				t.Errorf("-want +got: %s", diff)
			}
			if diff := cmp.Diff(test.failure, got.Failed()); diff != "" {
				t.Errorf("failure: %s", diff)
			}
			if got.Finished() == test.partial {
				t.Errorf("finished: %v", got.Finished())
			}
		})
	}
}

func TestAnswersInPiecesAreTheSame(t *testing.T) {
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				var pieces []string
				for rest := test.body; rest != ""; {
					n := rapid.IntRange(1, len(rest)).Draw(t, "length")
					pieces, rest = append(pieces, rest[:n]), rest[n:]
				}
				if diff := cmp.Diff(test.want, read(1<<16, pieces...).Result()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

var requests = []struct {
	name string
	read func([]byte) tracing.ModelCall
	body string
	want tracing.ModelCall
}{
	{
		"contents", gemini.Call,
		`{"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user","parts":[{"text":"See"},{"inlineData":{"mimeType":"image/png","data":"QUJDRA=="}},{"fileData":{"mimeType":"video/mp4","fileUri":"gs://b/v.mp4"}}]},
			{"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"name":"look","args":{"at":"it"}}}]},
			{"role":"user","parts":[{"functionResponse":{"name":"look","response":{"result":"a cat"}}}]}],
		"tools":[{"functionDeclarations":[{"name":"look","description":"Looks.","parameters":{"type":"OBJECT"}}]},{"googleSearch":{}}],
		"generationConfig":{"temperature":0.5},"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}`,
		tracing.ModelCall{
			Operation: tracing.Chat, Parameters: `{"generationConfig":{"temperature":0.5},"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}`,
			Messages: messages(
				tracing.Message{Role: "system", Content: "Be brief."},
				tracing.Message{Role: "user", Content: "See\n[file, image/png, 4 bytes]\n[file, video/mp4, gs://b/v.mp4]"},
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
			if diff := cmp.Diff(test.want, test.read(request(test.body))); diff != "" {
				t.Errorf("-want +got: %s", diff)
			}
		})
	}
}

func TestVectorsAreNotKept(t *testing.T) {
	e := gemini.NewEmbeddings(1 << 10)
	s := frame.New(limits, e.Document)
	s.Write([]byte(`{"embeddings":[{"values":[` + strings.Repeat("0.1,", 10_000) + `1]}],"usageMetadata":{"promptTokenCount":3}}`))
	s.Close()
	if diff := cmp.Diff(tracing.ModelResult{Usage: tracing.Usage{Input: 3}}, e.Result()); diff != "" || !e.Finished() {
		t.Error(diff)
	}
}

func FuzzGeminiStream(f *testing.F) {
	for _, test := range answers {
		f.Add([]byte(test.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 1 << 10
		result := read(limit, string(body)).Result()
		size := 0
		for _, m := range result.Messages {
			size += len(m.Content) + len(m.Reasoning)
		}
		if size > limit+64*256 {
			t.Errorf("%d bytes of text kept", size)
		}
		if u := result.Usage; min(u.Input, u.Output, u.Reasoning, u.CacheRead, u.AudioInput, u.AudioOutput) < 0 {
			t.Errorf("counts that cannot be: %+v", u)
		}
	})
}

func FuzzGeminiRequest(f *testing.F) {
	for _, test := range requests {
		f.Add([]byte(test.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := request(string(body))
		gemini.Call(kept)
		gemini.EmbedCall(kept)
		gemini.BatchEmbedCall(kept)
	})
}
