package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// repository is the root of the repository, seen from this package.
const repository = "../.."

// startServer builds and starts an agenttrace, and returns its URL.
func startServer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "server")
	build := exec.Command("go", "build", "-o", binary, "./cmd/server")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build ./cmd/server: %v\n%s", err, out)
	}
	server := exec.Command(binary, "--listen=127.0.0.1:0", "--store=sqlite:"+filepath.Join(dir, "traces.db"))
	server.Env = []string{} // nothing that would set it up otherwise
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Logf("the server's log:\n%s", &log)
		}
	})
	address := regexp.MustCompile(`127\.0\.0\.1:[1-9][0-9]*`)
	said := bufio.NewReader(out)
	for {
		line, err := said.ReadString('\n')
		if found := address.FindString(line); found != "" {
			return "http://" + found // it listens before it says so
		}
		if err != nil {
			t.Fatalf("the server did not say where it listens: %v", err)
		}
	}
}

// trace is what the test reads of agenttrace's answer.
type trace struct {
	Trace struct {
		Service string `json:"service"`
	} `json:"trace"`
	Spans []span `json:"spans"`
}

type span struct {
	SpanID   string `json:"spanId"`
	ParentID string `json:"parentSpanId"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	Failed   bool   `json:"failed"`
	Start    string `json:"startTime"`
	Error    struct {
		Message string `json:"message"`
	} `json:"error"`
	Identity struct {
		AgentName string `json:"agentName"`
		SessionID string `json:"sessionId"`
	} `json:"identity"`
	Model struct {
		Model    string `json:"model"`
		Provider string `json:"provider"`
		First    string `json:"timeToFirstToken"`
		Usage    struct {
			Input     string `json:"inputTokens"`
			CacheRead string `json:"cacheReadTokens"`
			Output    string `json:"outputTokens"`
		} `json:"usage"`
		Reasons []string `json:"finishReasons"`
		Input   []struct {
			Role string `json:"role"`
		} `json:"inputMessages"`
	} `json:"modelCall"`
	Tool struct {
		Name   string `json:"name"`
		CallID string `json:"callId"`
		Result string `json:"result"`
	} `json:"toolUse"`
	Input  struct{ Value string } `json:"input"`
	Output struct{ Value string } `json:"output"`
}

func fetch(t *testing.T, server, traceID string) trace {
	t.Helper()
	response, err := http.Post(server+"/agenttrace.v1.TraceService/GetTrace", "application/json", strings.NewReader(`{"traceId":"`+traceID+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", response.Status, body, err)
	}
	var got trace
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// line tells a span in a line: its type and what matters of it.
func (s span) line() string {
	line := strings.TrimPrefix(s.Type, "SPAN_TYPE_")
	switch line {
	case "AGENT":
		return fmt.Sprintf("%s %s: %s -> %s", line, s.Identity.AgentName, s.Input.Value, s.Output.Value)
	case "LLM":
		u := s.Model.Usage
		return fmt.Sprintf("%s %s by %s: %d messages, tokens %s+%s cached -> %s, %v", line, s.Model.Model, s.Model.Provider, len(s.Model.Input), u.Input, u.CacheRead, u.Output, s.Model.Reasons)
	}
	return fmt.Sprintf("%s %s for %s: %s%s", line, s.Tool.Name, s.Tool.CallID, s.Tool.Result, s.Error.Message)
}

func TestTheAgentIsTracedFromQuestionToAnswer(t *testing.T) {
	server := startServer(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server)
	var out bytes.Buffer
	made := func(string) string { return "" } // no variable names a model: it is made up
	if err := run(t.Context(), made, nil, &out); err != nil {
		t.Fatal(err)
	}
	answer, traceID, _ := strings.Cut(strings.TrimSpace(out.String()), "\n\nagenttrace trace ")
	if answer != "In Paris it is 18 °C and sunny." {
		t.Errorf("the answer is %q", answer)
	}

	got := fetch(t, server, traceID)
	if got.Trace.Service != "weather-example" {
		t.Errorf("the service is %q", got.Trace.Service)
	}
	var lines []string
	root := got.Spans[0].SpanID
	for i, s := range got.Spans {
		lines = append(lines, s.line())
		if s.Identity.SessionID != "example-session" || i > 0 && s.ParentID != root {
			t.Errorf("%s: session %q, parent %q of %q", s.Name, s.Identity.SessionID, s.ParentID, root)
		}
		if s.Type == "SPAN_TYPE_LLM" && s.Model.First == "" {
			t.Errorf("%s: no time to the first token", s.Name)
		}
		if s.Failed != (i == 2) {
			t.Errorf("%s: failed %v", s.line(), s.Failed)
		}
	}
	want := []string{
		"AGENT weather-agent: What is the weather in Paris? -> In Paris it is 18 °C and sunny.",
		"LLM gpt-4o-mini by openai: 2 messages, tokens 120+ cached -> 15, [tool_calls]",
		"TOOL weather for call_1: the station did not answer in time",
		"LLM gpt-4o-mini by openai: 4 messages, tokens 50+100 cached -> 15, [tool_calls]",
		"TOOL weather for call_2: 18 °C and sunny",
		"LLM gpt-4o-mini by openai: 6 messages, tokens 52+128 cached -> 9, [stop]",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
