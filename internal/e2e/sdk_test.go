package e2e_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// What a Go program tells through package tracing is what the server says of it,
// on every way to send and on both stores, one after the other: a process has one
// environment and one provider of tracers.
func TestAGoAgentIsReadBackAsItRan(t *testing.T) {
	for name, empty := range stores {
		t.Run(name, func(t *testing.T) { goAgentIsReadBack(t, startServer(t, append(soon, "--store="+empty(t))...)) })
	}
}

func goAgentIsReadBack(t *testing.T, s *server) {
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", s.url())
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			project := "sdk-" + protocol[:4]
			told := runGoAgent(t, project)
			mustReadRun(t, s, project, told)
			mustReadTrace(t, s, project, told)
		})
	}
	s.stop()
}

// goAgent is what a program knows of its own run.
type goAgent struct{ trace, team, agent, model string }

// runGoAgent runs a team whose agent asks a model and uses a tool that fails.
func runGoAgent(t *testing.T, project string) (told goAgent) {
	t.Helper()
	t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
	shutdown, err := tracing.Setup(t.Context(), tracing.ServiceName("weather-desk"), tracing.Project(project), tracing.GenAI(true), tracing.Logger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	ctx := tracing.WithUser(tracing.WithSession(t.Context(), "session-7"), "ada")
	ctx, team := tracing.Team(ctx, "Weather Desk", tracing.Input("Weather in Paris?"))
	agentCtx, agent := tracing.Agent(ctx, "Forecaster", tracing.Input("Weather in Paris?"))
	_, call := tracing.Model(agentCtx, tracing.ModelCall{
		Provider: "openai", Model: "gpt-4o-mini", Parameters: `{"temperature":0.2}`,
		Messages: []tracing.Message{{Role: "user", Content: "Weather in Paris?"}},
	})
	call.SetResult(tracing.ModelResult{
		Messages:      []tracing.Message{{Role: "assistant", ToolCalls: []tracing.ToolCall{{ID: "call-1", Name: "get_weather", Arguments: `{"city":"Paris"}`}}}},
		FinishReasons: []string{"tool_calls"}, TimeToFirstToken: 250 * time.Millisecond,
		Usage: tracing.Usage{Input: 20, CacheRead: 100, Output: 7, Reasoning: 3, Total: 130},
	})
	call.End()
	_, err = tracing.Run(agentCtx, tracing.Tool, "get_weather", map[string]string{"city": "Paris"},
		func(ctx context.Context, _ map[string]string) (string, error) {
			return "", &stationError{}
		}, tracing.ID("call-1"))
	var station *stationError
	if !errors.As(err, &station) {
		t.Fatal(err)
	}
	agent.SetOutput("I cannot tell.")
	agent.End()
	team.SetOutput("Nobody knows.")
	team.End()
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return goAgent{trace: team.TraceID(), team: team.RunID(), agent: agent.RunID(), model: call.SpanID()}
}

type stationError struct{}

func (*stationError) Error() string     { return "the station is silent" }
func (*stationError) ErrorType() string { return "station_silent" }

func mustReadRun(t *testing.T, s *server, project string, told goAgent) {
	t.Helper()
	client := agenttracev1connect.NewRunServiceClient(projectClient(t, project), s.url())
	get := func(id string) *agenttracev1.GetRunResponse {
		got, err := client.GetRun(t.Context(), &agenttracev1.GetRunRequest{RunId: id})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	team, agent := get(told.team), get(told.agent).GetRun()
	identity := &agenttracev1.Identity{
		AgentId: "forecaster", AgentName: "Forecaster", TeamId: "weather-desk", TeamName: "Weather Desk",
		SessionId: "session-7", UserId: "ada", RunId: told.agent,
	}
	if diff := gocmp.Diff(identity, agent.GetIdentity(), protocmp.Transform()); diff != "" {
		t.Errorf("the agent's identity (-told +read):\n%s", diff)
	}
	usage := &agenttracev1.Usage{InputTokens: 20, CacheReadTokens: 100, OutputTokens: 7, ReasoningTokens: 3, TotalTokens: 130, ReportedTotalTokens: 130}
	for what, holds := range map[string]bool{
		"team":    team.GetRun().GetType() == agenttracev1.SpanType_SPAN_TYPE_TEAM && len(team.GetChildren()) == 1 && team.GetRun().GetService() == "weather-desk",
		"agent":   agent.GetType() == agenttracev1.SpanType_SPAN_TYPE_AGENT && agent.GetParentRunId() == told.team && agent.GetTraceId() == told.trace,
		"content": agent.GetInput().GetValue() == "Weather in Paris?" && agent.GetOutput().GetValue() == "I cannot tell.",
		"calls":   agent.GetOwn().GetModelCalls() == 1 && agent.GetOwn().GetToolCalls() == 1 && agent.GetOwn().GetToolFailures() == 1,
		"failure": agent.GetFailed() && agent.GetError().GetType() == "station_silent" && agent.GetError().GetMessage() == "the station is silent" && agent.GetError().GetSpanName() == "get_weather",
		"cost":    agent.GetOwn().GetCost().GetNanoUsd() > 0,
	} {
		if !holds {
			t.Errorf("%s is wrong: %v", what, agent)
		}
	}
	if diff := gocmp.Diff(usage, team.GetRun().GetTotal().GetUsage(), protocmp.Transform()); diff != "" {
		t.Errorf("the team's usage (-told +read):\n%s", diff)
	}
}

func mustReadTrace(t *testing.T, s *server, project string, told goAgent) {
	t.Helper()
	got, err := reader(t, s, project).GetTrace(t.Context(), &agenttracev1.GetTraceRequest{TraceId: told.trace})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.GetSpans()); n != 4 || got.GetTrace().GetRootName() != "Weather_Desk.run" {
		t.Fatalf("%d spans below %s", n, got.GetTrace().GetRootName())
	}
	for _, span := range got.GetSpans() {
		if span.GetIdentity().GetSessionId() != "session-7" || span.GetIdentity().GetUserId() != "ada" {
			t.Errorf("%s belongs to %v", span.GetName(), span.GetIdentity())
		}
		call := span.GetModelCall()
		if span.GetSpanId() == told.model && (call.GetModel() != "gpt-4o-mini" || call.GetInputMessages()[0].GetContent() != "Weather in Paris?" ||
			call.GetOutputMessages()[0].GetToolCalls()[0].GetArguments() != `{"city":"Paris"}` || call.GetTimeToFirstToken().AsDuration() != 250*time.Millisecond) {
			t.Errorf("the call is read as %v", call)
		}
		if span.GetName() == "get_weather" && (span.GetToolUse().GetCallId() != "call-1" || span.GetToolUse().GetArguments() != `{"city":"Paris"}` || !span.GetFailed()) {
			t.Errorf("the tool is read as %v", span.GetToolUse())
		}
	}
}
