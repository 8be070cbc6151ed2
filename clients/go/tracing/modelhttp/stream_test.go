package modelhttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp"
)

// chunks are the events of a streamed chat, and words what they say together.
var chunks = []string{
	`data: {"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}` + "\n\n",
	`data: {"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":"Hel"}}]}` + "\n\n",
	`data: {"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}` + "\n\n",
	`data: {"id":"c1","model":"m-1","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}` + "\n\n",
	"data: [DONE]\n\n",
}

var toldOfStream = map[string]string{
	"llm.output_messages.0.message.content": "Hello",
	"llm.token_count.prompt":                "8",
	"llm.token_count.completion":            "2",
}

// stream writes chunks, each after it may go on.
func stream(w http.ResponseWriter, goOn func() bool) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, chunk := range chunks {
		if !goOn() {
			return
		}
		_, _ = io.WriteString(w, chunk)
		_ = http.NewResponseController(w).Flush()
	}
}

func always() bool { return true }

// TestEachChunkArrivesBeforeTheNextIsMade lets the server make a chunk only when
// the caller has the one before it: an observer that waits for more would hang.
func TestEachChunkArrivesBeforeTheNextIsMade(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(protocol, func(t *testing.T) {
			arrived := make(chan struct{}, 1)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				stream(w, func() bool {
					select {
					case <-arrived:
						return true
					case <-r.Context().Done():
						return false
					}
				})
			}))
			server.EnableHTTP2 = protocol == "HTTP/2.0"
			server.StartTLS()
			defer server.Close()
			r := record(t)
			c := &http.Client{Transport: modelhttp.Transport(server.Client().Transport, modelhttp.Tracer(r.Tracer))}
			arrived <- struct{}{}
			response := post(t, c, server.URL+"/v1/chat/completions", question)
			defer response.Body.Close()
			if response.Proto != protocol {
				t.Fatalf("spoken is %s", response.Proto)
			}
			buffer := make([]byte, 4096)
			for _, want := range chunks {
				n, err := io.ReadAtLeast(response.Body, buffer, len(want))
				if err != nil || string(buffer[:n]) != want {
					t.Fatalf("%q, %v; want %q", buffer[:n], err, want)
				}
				arrived <- struct{}{}
			}
			if _, err := response.Body.Read(buffer); !errors.Is(err, io.EOF) {
				t.Fatalf("at the end: %v", err)
			}
			s := r.only(t)
			s.has(t, toldOfStream)
			if first := s.attributes["gen_ai.response.time_to_first_chunk"].AsFloat64(); first <= 0 || first > s.EndTime().Sub(s.StartTime()).Seconds() {
				t.Errorf("time to the first chunk: %v s of %v", first, s.EndTime().Sub(s.StartTime()))
			}
		})
	}
}

func TestReadingByteByByteSeesTheSame(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { stream(w, always) })
	r := record(t)
	response := post(t, client(t, r), server.URL+"/v1/chat/completions", question)
	defer response.Body.Close()
	body, err := io.ReadAll(iotest.OneByteReader(response.Body))
	if err != nil || string(body) != strings.Join(chunks, "") {
		t.Errorf("the caller got %q, %v", body, err)
	}
	r.only(t).has(t, toldOfStream)
}

func TestAnAnswerClosedEarlyIsRecordedAsFarAsItCame(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := 0
		stream(w, func() bool { n++; return n <= 2 })
		<-r.Context().Done()
	})
	r := record(t)
	response := post(t, client(t, r), server.URL+"/v1/chat/completions", question)
	if _, err := io.ReadFull(response.Body, make([]byte, len(chunks[0])+len(chunks[1]))); err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	s := r.only(t)
	s.has(t, map[string]string{"llm.output_messages.0.message.content": "Hel"})
	if kind, message := s.failed(); kind != "" {
		t.Errorf("to stop reading is no failure: %s %s", kind, message)
	}
	if len(s.Events()) != 1 || s.Events()[0].Name != "answer closed before its end" {
		t.Errorf("events: %v", s.Events())
	}
}

func TestClosingAfterTheLastEventIsTheEnd(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w, always)
		<-r.Context().Done() // the connection stays open
	})
	r := record(t)
	response := post(t, client(t, r), server.URL+"/v1/chat/completions", question)
	if _, err := io.ReadFull(response.Body, make([]byte, len(strings.Join(chunks, "")))); err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	s := r.only(t)
	s.has(t, toldOfStream)
	if kind, _ := s.failed(); kind != "" || len(s.Events()) != 0 {
		t.Errorf("failed as %q, events %v", kind, s.Events())
	}
}

func TestAConnectionThatBreaksFailsTheCall(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		n := 0
		stream(w, func() bool { n++; return n <= 2 })
		panic(http.ErrAbortHandler)
	})
	r := record(t)
	response := post(t, client(t, r), server.URL+"/v1/chat/completions", question)
	_, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("the caller got %v", err)
	}
	s := r.only(t)
	s.has(t, map[string]string{"llm.output_messages.0.message.content": "Hel"})
	if _, message := s.failed(); message != io.ErrUnexpectedEOF.Error() {
		t.Errorf("failed with %q", message)
	}
}

func TestACancelledCallFails(t *testing.T) {
	for _, test := range []struct {
		name string
		stop func(cancel func(), body io.ReadCloser)
	}{
		{"while the caller reads", func(cancel func(), body io.ReadCloser) {
			cancel()
			if _, err := io.ReadAll(body); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller got %v", err)
			}
			_ = body.Close()
		}},
		{"when nobody reads", func(cancel func(), _ io.ReadCloser) { cancel() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				n := 0
				stream(w, func() bool { n++; return n <= 2 })
				<-r.Context().Done()
			})
			r := record(t)
			ended := make(chan struct{})
			r.provider.RegisterSpanProcessor(onEnd(func() { close(ended) }))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/chat/completions", strings.NewReader(question))
			if err != nil {
				t.Fatal(err)
			}
			response, err := client(t, r).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(response.Body, make([]byte, len(chunks[0])+len(chunks[1]))); err != nil {
				t.Fatal(err)
			}
			test.stop(cancel, response.Body)
			<-ended
			s := r.only(t)
			s.has(t, map[string]string{"llm.output_messages.0.message.content": "Hel"})
			if kind, _ := s.failed(); kind != "context.Canceled" {
				t.Errorf("failed as %q", kind)
			}
			_ = response.Body.Close()
		})
	}
}

func TestManyCallsAtOnceStayApart(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n := strings.Split(string(body), "#")[1]
		for i := range 20 {
			_, _ = fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":\"%s.%d \"}}]}\n\n", n, i)
			_ = http.NewResponseController(w).Flush()
		}
	})
	r := record(t)
	c := client(t, r)
	done := make(chan error)
	const calls = 32
	for i := range calls {
		go func() {
			response, err := c.Post(server.URL+"/v1/chat/completions", "application/json", strings.NewReader(fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":"#%d#"}]}`, i)))
			if err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
			done <- err
		}()
	}
	for range calls {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	ended := r.Ended()
	if len(ended) != calls {
		t.Fatalf("%d spans", len(ended))
	}
	for _, s := range ended {
		var asked, said string
		for _, a := range s.Attributes() {
			switch a.Key {
			case "llm.input_messages.0.message.content":
				asked = strings.Trim(a.Value.AsString(), "#")
			case "llm.output_messages.0.message.content":
				said = a.Value.AsString()
			}
		}
		if strings.Count(said, asked+".") < 20 || len(strings.Fields(said)) != 20 {
			t.Errorf("asked %q, said %q", asked, said)
		}
	}
}
