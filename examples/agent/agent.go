package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp"
)

// agent answers questions with a model and a tool.
type agent struct {
	client openai.Client
	model  string
	tool   *station
}

func newAgent(m modelServer) *agent {
	options := []option.RequestOption{option.WithMiddleware(modelhttp.Middleware())} // all that calls of models need
	if m.url != "" {
		options = append(options, option.WithBaseURL(m.url))
	}
	if m.key != "" {
		options = append(options, option.WithAPIKey(m.key))
	}
	return &agent{client: openai.NewClient(options...), model: m.name, tool: &station{}}
}

// maxTurns bounds a conversation with a model that never comes to an end.
const maxTurns = 8

// ask lets the model ask for the tool until it has an answer. The id is that of
// the trace in which all of it is.
func (a *agent) ask(ctx context.Context, question string) (answer, traceID string, err error) {
	ctx, span := tracing.Agent(ctx, "weather-agent", tracing.Session("example-session"), tracing.Input(question))
	defer span.End()
	answer, err = a.converse(ctx, question)
	span.Fail(err)
	if err == nil {
		span.SetOutput(answer)
	}
	return answer, span.TraceID(), err
}

func (a *agent) converse(ctx context.Context, question string) (string, error) {
	conversation := openai.ChatCompletionNewParams{
		Model: a.model,
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage("Answer in one sentence. Ask again when the tool fails."),
			openai.UserMessage(question),
		},
		Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(definition)},
		// A stream says what it used only when it is asked to.
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	}
	for range maxTurns {
		message, err := a.turn(ctx, conversation)
		if err != nil {
			return "", err
		}
		if len(message.ToolCalls) == 0 {
			return message.Content, nil
		}
		conversation.Messages = append(conversation.Messages, message.ToParam())
		for _, call := range message.ToolCalls {
			conversation.Messages = append(conversation.Messages, openai.ToolMessage(a.runTool(ctx, call), call.ID))
		}
	}
	return "", fmt.Errorf("no answer after %d turns", maxTurns)
}

// turn asks the model once, and collects its answer as it streams.
func (a *agent) turn(ctx context.Context, conversation openai.ChatCompletionNewParams) (*openai.ChatCompletionMessage, error) {
	stream := a.client.Chat.Completions.NewStreaming(ctx, conversation)
	defer stream.Close()
	var collected openai.ChatCompletionAccumulator
	for stream.Next() {
		collected.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		return nil, err
	}
	if len(collected.Choices) == 0 {
		return nil, errors.New("the model answered nothing")
	}
	return &collected.Choices[0].Message, nil
}

// runTool runs the tool that the model asks for. What goes wrong is for the model
// to know: it may do better.
func (a *agent) runTool(ctx context.Context, call openai.ChatCompletionMessageToolCallUnion) string {
	if call.Function.Name != definition.Name {
		return fmt.Sprintf("error: there is no tool %q", call.Function.Name)
	}
	found, err := tracing.Run(ctx, tracing.Tool, definition.Name, call.Function.Arguments, a.tool.weather, tracing.ID(call.ID))
	if err != nil {
		return "error: " + err.Error()
	}
	return found
}
