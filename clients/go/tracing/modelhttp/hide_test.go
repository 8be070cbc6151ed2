package modelhttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp"
)

func TestWhatIsHiddenIsNowhereInTheSpan(t *testing.T) {
	for _, test := range []struct {
		name, path, body string
		hide             tracing.TracerOption
	}{
		{"an image of OpenAI's chats", "/v1/chat/completions", `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://h.example/hidden.png"}}]}]}`, tracing.HideInputImages(true)},
		{"an image of OpenAI's responses", "/v1/responses", `{"input":[{"role":"user","content":[{"type":"input_image","image_url":"https://h.example/hidden.png"}]}]}`, tracing.HideInputImages(true)},
		{"an image of Anthropic's", "/v1/messages", `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://h.example/hidden.png"}}]}]}`, tracing.HideInputImages(true)},
		{"an image of Gemini's", "/v1beta/models/g:generateContent", `{"contents":[{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"gs://b/hidden.png"}}]}]}`, tracing.HideInputImages(true)},
		{"the expected answer of a chat", "/v1/chat/completions", `{"messages":[],"prediction":{"type":"content","content":"hidden"}}`, tracing.HideInputs(true)},
		{"what follows a completion", "/v1/completions", `{"prompt":"Once","suffix":"hidden"}`, tracing.HideInputs(true)},
		{"variables of a stored prompt", "/v1/responses", `{"input":"Hi","prompt":{"id":"p","variables":{"name":"hidden"}}}`, tracing.HideInputs(true)},
		{"the token for a server of tools", "/v1/messages", `{"messages":[],"mcp_servers":[{"type":"url","url":"https://m.example","name":"m","authorization_token":"hidden"}]}`, tracing.HideInputs(false)},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(w, `{}`)
			})
			request, err := http.NewRequest(http.MethodPost, server.URL+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Anthropic-Version", "2023-06-01")
			r := record(t)
			tracer, err := tracing.NewTracer(r.provider, test.hide)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client(t, r, modelhttp.Tracer(tracer)).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			readAll(t, response)
			if told := r.only(t).everything(); strings.Contains(told, "hidden") {
				t.Errorf("it is there:\n%s", told)
			}
		})
	}
}
