// Package fakemodel imitates an OpenAI-compatible server well enough for the
// examples: it has one conversation in it, about the weather.
package fakemodel

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Handler answers chat completions by streaming. It asks for the tool "weather",
// asks again where that failed, and answers once it knows.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		var asked request
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, chunk := range asked.answer() {
			_, _ = fmt.Fprintf(w, "data: %s\n\n", chunk)
			_ = http.NewResponseController(w).Flush()
		}
	})
	return mux
}

// request is what matters here of a request.
type request struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
}

// answer returns the chunks of the answer to the last message.
func (r *request) answer() []string {
	if len(r.Messages) == 0 {
		return nil
	}
	last := r.Messages[len(r.Messages)-1]
	switch {
	case last.Role != "tool":
		return r.call("call_1", 120, 0)
	case strings.HasPrefix(last.Content, "error: "):
		return r.call("call_2", 150, 100)
	}
	return r.text(180, 128, "In Paris ", "it is ", last.Content, ".")
}

// call asks for the tool, its arguments in two pieces.
func (r *request) call(id string, prompt, cached int) []string {
	return append([]string{
		r.chunk(`{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"`+id+`","type":"function","function":{"name":"weather","arguments":""}}]}`, ""),
		r.chunk(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}`, ""),
		r.chunk(`{"tool_calls":[{"index":0,"function":{"arguments":"\"Paris\"}"}}]}`, ""),
	}, r.end("tool_calls", prompt, cached, 15)...)
}

func (r *request) text(prompt, cached int, pieces ...string) []string {
	var chunks []string
	for _, piece := range pieces {
		content, _ := json.Marshal(piece) // a string always has JSON
		chunks = append(chunks, r.chunk(`{"role":"assistant","content":`+string(content)+`}`, ""))
	}
	return append(chunks, r.end("stop", prompt, cached, 9)...)
}

// end finishes an answer, with its usage.
func (r *request) end(reason string, prompt, cached, completion int) []string {
	return []string{
		r.chunk(`{}`, reason),
		fmt.Sprintf(`{"id":"chatcmpl-fake","object":"chat.completion.chunk","created":1700000000,"model":%q,"choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d}}}`,
			r.Model, prompt, completion, prompt+completion, cached),
		"[DONE]",
	}
}

func (r *request) chunk(delta, reason string) string {
	finish := "null"
	if reason != "" {
		finish = `"` + reason + `"`
	}
	return fmt.Sprintf(`{"id":"chatcmpl-fake","object":"chat.completion.chunk","created":1700000000,"model":%q,"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}`, r.Model, delta, finish)
}
