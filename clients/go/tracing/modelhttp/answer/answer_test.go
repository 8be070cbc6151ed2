package answer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

func TestFailuresOfEveryShape(t *testing.T) {
	for _, test := range []struct {
		name, body string
		status     int
		want       answer.Failure
		text       string
	}{
		{"OpenAI", `{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}`, 429, answer.Failure{Status: 429, Type: "requests", Message: "Rate limit reached"}, "requests: Rate limit reached"},
		{"OpenAI, without a type", `{"error":{"message":"no such model","type":null,"code":"model_not_found"}}`, 404, answer.Failure{Status: 404, Type: "model_not_found", Message: "no such model"}, "model_not_found: no such model"},
		{"Anthropic", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}`, 529, answer.Failure{Status: 529, Type: "overloaded_error", Message: "Overloaded"}, "overloaded_error: Overloaded"},
		{"Gemini", `{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}`, 429, answer.Failure{Status: 429, Type: "RESOURCE_EXHAUSTED", Message: "Quota exceeded"}, "RESOURCE_EXHAUSTED: Quota exceeded"},
		{"Gemini, streamed", `[{"error":{"code":400,"message":"Bad","status":"INVALID_ARGUMENT"}}]`, 400, answer.Failure{Status: 400, Type: "INVALID_ARGUMENT", Message: "Bad"}, "INVALID_ARGUMENT: Bad"},
		{"vLLM", `{"object":"error","message":"too long","type":"BadRequestError","code":400}`, 400, answer.Failure{Status: 400, Type: "BadRequestError", Message: "too long"}, "BadRequestError: too long"},
		{"Ollama", `{"error":"model 'x' not found"}`, 404, answer.Failure{Status: 404, Message: "model 'x' not found"}, "HTTP status 404: model 'x' not found"},
		{"FastAPI", `{"detail":[{"msg":"field required"}]}`, 422, answer.Failure{Status: 422, Message: `[{"msg":"field required"}]`}, `HTTP status 422: [{"msg":"field required"}]`},
		{"text", "upstream connect error\n", 503, answer.Failure{Status: 503, Message: "upstream connect error"}, "HTTP status 503: upstream connect error"},
		{"a page", "<html><body>Bad gateway</body></html>", 502, answer.Failure{Status: 502}, "HTTP status 502"},
		{"nothing", "", 401, answer.Failure{Status: 401}, "HTTP status 401"},
		{"JSON that stopped", `{"error":{"mess`, 500, answer.Failure{Status: 500, Message: `{"error":{"mess`}, `HTTP status 500: {"error":{"mess`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := answer.ReadFailure(test.status, []byte(test.body))
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Error(diff)
			}
			if got.Error() != test.text {
				t.Errorf("it says %q, not %q", got.Error(), test.text)
			}
		})
	}
}

func TestAFailureWithoutATypeIsKnownByItsStatus(t *testing.T) {
	if got := answer.ReadFailure(429, nil).ErrorType(); got != "429" {
		t.Errorf("type %q", got)
	}
}

func TestTextBeyondTheLimitIsCountedNotKept(t *testing.T) {
	c := answer.New(10)
	c.Choice(0).Text("12345")
	c.Choice(0).Text("678é90")
	c.Choice(1).Text("more")
	c.Choice(0).Call(0).Arguments("{}")
	got := c.Result().Messages
	want := []tracing.Message{
		{Role: "assistant", Content: "12345678é … [cut, of 12 bytes]", ToolCalls: []tracing.ToolCall{{Arguments: " … [cut, of 2 bytes]"}}},
		{Role: "assistant", Content: " … [cut, of 4 bytes]"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestChoicesAndCallsAreBounded(t *testing.T) {
	c := answer.New(1 << 20)
	for i := range 10_000 {
		c.Choice(i).Finish = "stop"
		c.Choice(0).Call(i).Name("x")
	}
	got := c.Result()
	if len(got.Messages) != 128 || len(got.Messages[0].ToolCalls) != 256 {
		t.Errorf("%d choices, %d calls", len(got.Messages), len(got.Messages[0].ToolCalls))
	}
	c.Choice(-1).Text("first")
	if !strings.HasPrefix(c.Result().Messages[0].Content, "first") {
		t.Error("a negative index is not the first choice")
	}
}

func TestPartsOfSumsAreTakenOut(t *testing.T) {
	for _, test := range []struct {
		name string
		in   answer.Sums
		want tracing.Usage
	}{
		{"parts within", answer.Sums{Prompt: 100, CacheRead: 60, AudioInput: 10, Completion: 50, Reasoning: 20, AudioOutput: 5, Total: 150}, tracing.Usage{Input: 30, CacheRead: 60, AudioInput: 10, Output: 25, Reasoning: 20, AudioOutput: 5, Total: 150}},
		{"reasoning beside, as the total says", answer.Sums{Prompt: 10, Completion: 50, Reasoning: 20, Total: 80}, tracing.Usage{Input: 10, Output: 50, Reasoning: 20, Total: 80}},
		{"reasoning beside, as it is more", answer.Sums{Prompt: 10, Completion: 5, Reasoning: 20}, tracing.Usage{Input: 10, Output: 5, Reasoning: 20}},
		{"cached audio is cached", answer.Sums{Prompt: 100, CacheRead: 95, AudioInput: 10}, tracing.Usage{Input: 0, CacheRead: 95, AudioInput: 5}},
		{"nonsense", answer.Sums{Prompt: -1, CacheRead: 5, Completion: -3, Total: -4}, tracing.Usage{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.in.Usage()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAddressesAreDescribedWithoutWhatTheyHold(t *testing.T) {
	for in, want := range map[string]string{
		"data:image/png;base64,[48 bytes]":                 "image/png, 48 bytes",
		"data:;base64,[48 bytes]":                          "48 bytes",
		"https://user:pass@h.example/a.png?sig=secret#top": "https://h.example/a.png",
		"::": "",
		"":   "",
	} {
		if got := answer.URL(in); got != want {
			t.Errorf("%q is %q, not %q", in, got, want)
		}
	}
}

func FuzzFailure(f *testing.F) {
	f.Add([]byte(`{"error":{"message":1,"type":[]}}`))
	f.Add([]byte(`{"error":"x","detail":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		failure := answer.ReadFailure(500, body)
		if len(failure.Message) > 2000 || len(failure.ErrorType()) > 200 {
			t.Errorf("too long: %d, %d", len(failure.Message), len(failure.ErrorType()))
		}
		if json.Valid(body) {
			_ = answer.InBody(body)
		}
	})
}
