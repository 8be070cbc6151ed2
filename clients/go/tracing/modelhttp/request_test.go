package modelhttp_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp"
)

func TestACallIsRecorded(t *testing.T) {
	var got seen
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.take(t, r)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, reply)
	})
	r := record(t)
	if body := readAll(t, post(t, client(t, r), server.URL+"/v1/chat/completions", question)); body != reply {
		t.Errorf("the caller got %q", body)
	}
	s := r.only(t)
	s.has(t, told)
	if s.Name() != "chat gpt-4o-mini" {
		t.Errorf("the span is called %q", s.Name())
	}
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	s.has(t, map[string]string{"server.address": "127.0.0.1", "server.port": port})
	if got.bodies[0] != question || got.sizes[0] != int64(len(question)) {
		t.Errorf("the server got %q, %d bytes", got.bodies[0], got.sizes[0])
	}
	if first, set := s.attributes["gen_ai.response.time_to_first_chunk"]; set {
		t.Errorf("an answer in one piece has a first one after %s", first.String())
	}
}

// TestBodiesThatShareTheirReaderArriveWhole uses a body as the SDKs make them:
// GetBody winds back the reader that is being sent.
func TestBodiesThatShareTheirReaderArriveWhole(t *testing.T) {
	var got seen
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.take(t, r)
		_, _ = io.WriteString(w, reply)
	})
	r := record(t)
	shared := bytes.NewReader([]byte(question))
	request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/chat/completions", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = shared.Size()
	request.GetBody = func() (io.ReadCloser, error) {
		_, err := shared.Seek(0, io.SeekStart)
		return io.NopCloser(shared), err
	}
	request.Body, _ = request.GetBody()
	c := client(t, r)
	middleware := modelhttp.Middleware(modelhttp.Tracer(r.Tracer))
	response, err := middleware(request, c.Do)
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, response)
	r.only(t).has(t, told) // and one span only, though the client records as well
	if got.bodies[0] != question {
		t.Errorf("the server got %q", got.bodies[0])
	}
}

func TestABodyThatCanBeReadButOnceArrivesWhole(t *testing.T) {
	var got seen
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.take(t, r)
		_, _ = io.WriteString(w, reply)
	})
	r := record(t)
	out, in := io.Pipe()
	go func() {
		for piece := range strings.SplitSeq(question, ":") {
			_, _ = io.WriteString(in, piece)
			_, _ = io.WriteString(in, ":")
		}
		_ = in.Close()
	}()
	response, err := client(t, r).Post(server.URL+"/v1/chat/completions", "application/json", out)
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, response)
	r.only(t).has(t, told)
	if got.bodies[0] != question+":" || got.sizes[0] != -1 {
		t.Errorf("the server got %q, %d bytes", got.bodies[0], got.sizes[0])
	}
}

// TestARepeatedBodyIsRecordedOnce sends a body through a redirection that makes
// the client send it again.
func TestARepeatedBodyIsRecordedOnce(t *testing.T) {
	var got seen
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.take(t, r)
		if r.URL.Path != "/v1/chat/completions" {
			_, _ = io.WriteString(w, reply)
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	r := record(t)
	request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/chat/completions", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	response, err := modelhttp.Middleware(modelhttp.Tracer(r.Tracer))(request, (&http.Client{Transport: base}).Do)
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, response)
	r.only(t).has(t, told)
	if len(got.bodies) != 2 || got.bodies[0] != question || got.bodies[1] != question {
		t.Errorf("the server got %q", got.bodies)
	}
}

// starting is a RoundTripper that begins to send a body, and sends it anew by
// GetBody, as HTTP/2 does on another connection, while the first is still read.
type starting struct{ sent string }

func (s *starting) RoundTrip(r *http.Request) (*http.Response, error) {
	again, half := io.ReadCloser(nil), make([]byte, 30)
	for _, read := range []func() error{
		func() error { _, err := io.ReadFull(r.Body, half[:20]); return err },
		func() (err error) { again, err = r.GetBody(); return err },
		func() error { _, err := io.ReadFull(again, half); return err },
		func() error { _, err := io.ReadAll(r.Body); return err },
		func() error {
			rest, err := io.ReadAll(again)
			s.sent = string(half) + string(rest)
			return err
		},
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(reply))}, nil
}

func TestABodyThatIsSentAnewIsRecordedFromItsBeginning(t *testing.T) {
	r := record(t)
	base := new(starting)
	response, err := (&http.Client{Transport: modelhttp.Transport(base, modelhttp.Tracer(r.Tracer))}).
		Post("http://h.example/v1/chat/completions", "application/json", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, response)
	if base.sent != question {
		t.Errorf("sent is %q", base.sent)
	}
	r.only(t).has(t, told)
}

// passed is a RoundTripper that keeps what it was given.
type passed struct {
	request  *http.Request
	response *http.Response
}

func (p *passed) RoundTrip(r *http.Request) (*http.Response, error) {
	p.request = r
	return p.response, nil
}

func TestOtherRequestsPassUntouched(t *testing.T) {
	for _, test := range []struct{ method, path, contentType string }{
		{http.MethodGet, "/v1/chat/completions", ""},
		{http.MethodPost, "/v1/models", "application/json"},
		{http.MethodPost, "/v1/audio/transcriptions", "multipart/form-data"},
		{http.MethodPost, "/v1/chat/completions", "multipart/form-data"},
		{http.MethodPost, "/v1/messages", "application/json"}, // of some other service
		{http.MethodPost, "/v1/messages/count_tokens", "application/json"},
		{http.MethodPost, "/surveys/1/responses", "application/json"},
		{http.MethodPost, "/v1beta/models/gemini:countTokens", "application/json"},
	} {
		t.Run(test.method+test.path, func(t *testing.T) {
			r := record(t)
			base := &passed{response: &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("x"))}}
			body := base.response.Body
			request, err := http.NewRequest(test.method, "http://h.example"+test.path, strings.NewReader(`{"model":"m"}`))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", test.contentType)
			response, err := modelhttp.Transport(base, modelhttp.Tracer(r.Tracer)).RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			if base.request != request || response != base.response || response.Body != body || len(r.Started()) != 0 {
				t.Error("the request, the response or its body is another, or a span began")
			}
			transport := modelhttp.Transport(base)
			if allocated := testing.AllocsPerRun(10, func() { _, _ = transport.RoundTrip(request) }); allocated != 0 {
				t.Errorf("%v allocations", allocated)
			}
		})
	}
}

func TestPathsAreRecognised(t *testing.T) {
	for _, test := range []struct {
		url             string
		want            modelhttp.API
		provider, model string
	}{
		{"https://api.openai.com/v1/chat/completions", modelhttp.OpenAIChat, "openai", ""},
		{"https://api.deepseek.com/chat/completions", modelhttp.OpenAIChat, "deepseek", ""},
		{"http://localhost:11434/v1/chat/completions/", modelhttp.OpenAIChat, "openai", ""},
		{"https://api.groq.com/openai/v1/responses", modelhttp.OpenAIResponses, "groq", ""},
		{"https://r.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21", modelhttp.OpenAIChat, "azure", "my-gpt"},
		{"https://r.openai.azure.com/openai/deployments/my-ada/embeddings?api-version=2024-10-21", modelhttp.OpenAIEmbeddings, "azure", "my-ada"},
		{"https://r.openai.azure.com/openai/responses?api-version=preview", modelhttp.OpenAIResponses, "azure", ""},
		{"https://generativelanguage.googleapis.com/v1beta/openai/embeddings", modelhttp.OpenAIEmbeddings, "google", ""},
		{"http://localhost:8000/v1/completions", modelhttp.OpenAICompletions, "openai", ""},
		{"https://api.anthropic.com/v1/messages?beta=true", modelhttp.AnthropicMessages, "anthropic", ""},
		{"https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict", modelhttp.AnthropicMessages, "google", "claude-sonnet-4-5@20250929"},
		{"https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent?key=secret", modelhttp.GeminiGenerate, "google", "gemini-2.5-flash"},
		{"https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse", modelhttp.GeminiGenerate, "google", "gemini-2.5-pro"},
		{"http://proxy.example/v1beta/models/e:embedContent", modelhttp.GeminiEmbed, "google", "e"},
		{"http://proxy.example/v1beta/models/e:batchEmbedContents", modelhttp.GeminiBatchEmbed, "google", "e"},
		{"https://api.x.ai/v1/chat/completions", modelhttp.OpenAIChat, "x-ai", ""},
		{"https://notx.ai/v1/chat/completions", modelhttp.OpenAIChat, "openai", ""},
	} {
		t.Run(test.url, func(t *testing.T) {
			request, err := http.NewRequest(http.MethodPost, test.url, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Anthropic-Version", "2023-06-01")
			if got := modelhttp.Recognise(request); got != test.want {
				t.Errorf("it is %d, not %d", got, test.want)
			}
			r := record(t)
			base := &passed{response: &http.Response{StatusCode: 200, Body: http.NoBody}}
			if _, err := modelhttp.Transport(base, modelhttp.Tracer(r.Tracer)).RoundTrip(request); err != nil {
				t.Fatal(err)
			}
			name := "llm.model_name"
			if strings.Contains(strings.ToLower(test.url), "embed") {
				name = "embedding.model_name"
			}
			r.only(t).has(t, map[string]string{"llm.provider": test.provider, name: test.model})
		})
	}
}

func TestLongRequestsAreSentWholeAndRecordedShort(t *testing.T) {
	var got seen
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.take(t, r)
		_, _ = io.WriteString(w, reply)
	})
	r := record(t)
	long := strings.Replace(question, "Hi", strings.Repeat("x", 1<<20), 1)
	readAll(t, post(t, client(t, r, modelhttp.MaxRequestBytes(8<<10)), server.URL+"/v1/chat/completions", long))
	if got.bodies[0] != long {
		t.Errorf("the server got %d bytes of %d", len(got.bodies[0]), len(long))
	}
	s := r.only(t)
	s.has(t, map[string]string{"llm.model_name": "gpt-4o-mini", "llm.invocation_parameters": `{"temperature":0.5}`})
	if said := s.attributes["llm.input_messages.0.message.content"].AsString(); len(said) > 3<<10 || !strings.HasSuffix(said, "[cut, of 1048576 bytes]") {
		t.Errorf("%d bytes are recorded, at the end %q", len(said), said[max(0, len(said)-40):])
	}
}

func TestFilesAreRecordedByTypeAndSize(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, reply) })
	r := record(t)
	readAll(t, post(t, client(t, r), server.URL+"/v1/chat/completions",
		`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,SECRETPICTURE"}}]}]}`))
	s := r.only(t)
	s.has(t, map[string]string{"llm.input_messages.0.message.content": "[image, image/png, 9 bytes]"})
	if strings.Contains(s.everything(), "SECRET") {
		t.Error("the picture is in the span")
	}
}

func TestTokensAreCountedHoweverLittleOfAnAnswerIsRecorded(t *testing.T) {
	long := strings.Repeat("x", 5000)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `data: {"type":"response.completed","response":{"id":"r","status":"completed","instructions":"`+long+`","output":[{"type":"message","content":[{"type":"output_text","text":"`+long+`"}]}],"tools":[{"description":"`+long+`"}],"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15}}}`+"\n\n")
	})
	r := record(t)
	readAll(t, post(t, client(t, r, modelhttp.MaxAnswerBytes(4<<10)), server.URL+"/v1/responses", `{"input":"Hi"}`))
	s := r.only(t)
	s.has(t, map[string]string{"llm.token_count.prompt": "10", "llm.token_count.completion": "5"})
	if n := len(s.attributes["llm.output_messages.0.message.content"].AsString()); n > 4<<10+100 {
		t.Errorf("%d bytes are recorded", n)
	}
}
