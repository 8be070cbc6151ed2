package openai

import (
	"cmp"
	"encoding/json"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// ResponsesCall reads a request of responses.
func ResponsesCall(body []byte) tracing.ModelCall {
	members := answer.Object(body)
	if template := answer.Object(members["prompt"]); template != nil {
		members["prompt"] = json.RawMessage(cmp.Or(answer.Without(template, "variables"), "{}")) // which are content
	}
	call := tracing.ModelCall{
		Operation:  tracing.Chat,
		Model:      text(members["model"]),
		Parameters: answer.Without(members, "model", "input", "instructions", "tools"),
		Tools:      tools(members["tools"]),
	}
	if instructions := text(members["instructions"]); instructions != "" {
		call.Messages = append(call.Messages, tracing.Message{Role: "system", Content: instructions})
	}
	for _, raw := range answer.List(members["input"]) {
		if said, ok := answer.Text(raw); ok {
			call.Messages = append(call.Messages, tracing.Message{Role: "user", Content: said})
			continue
		}
		var in item
		answer.Lenient(raw, &in)
		if m, ok := in.message(raw); ok {
			call.Messages = append(call.Messages, m)
		}
	}
	return call
}

// item is one of those that make up the input and the output of responses.
type item struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments answer.String   `json:"arguments"`
	Input     answer.String   `json:"input"`
	Action    json.RawMessage `json:"action"`
	Queries   json.RawMessage `json:"queries"`
	Code      string          `json:"code"`
	Output    json.RawMessage `json:"output"`
	Summary   json.RawMessage `json:"summary"`
	Result    string          `json:"result"`
}

func (in *item) message(raw json.RawMessage) (tracing.Message, bool) {
	switch in.Type {
	case "", "message":
		m := tracing.Message{Role: in.Role}
		m.Content, m.Images = content(in.Content)
		return m, true
	case "function_call_output", "custom_tool_call_output", "computer_call_output", "local_shell_call_output", "shell_call_output", "apply_patch_call_output":
		m := tracing.Message{Role: "tool", ToolCallID: in.CallID}
		m.Content, m.Images = content(in.Output)
		if m.Content == "" && len(in.Output) > 0 && in.Output[0] == '{' {
			m.Content = string(in.Output)
		}
		return m, true
	case "reasoning":
		reasoning := in.reasoning()
		return tracing.Message{Role: "assistant", Reasoning: reasoning}, reasoning != ""
	case "item_reference":
		return tracing.Message{}, false
	}
	id, name, arguments := in.call(raw)
	return tracing.Message{Role: "assistant", ToolCalls: []tracing.ToolCall{{ID: id, Name: name, Arguments: arguments}}}, true
}

func (in *item) reasoning() string {
	summary, _ := content(in.Summary)
	said, _ := content(in.Content)
	return answer.Join(summary, said)
}

// call returns an item as a call of a tool: one of the caller's, or one that the
// provider runs itself, which is called by the type of its item.
func (in *item) call(raw json.RawMessage) (id, name, arguments string) {
	id, name = in.CallID, in.Name
	if id == "" {
		id = in.ID
	}
	if name == "" {
		name = in.Type
	}
	switch {
	case in.Arguments != "":
		arguments = string(in.Arguments)
	case in.Input != "":
		arguments = string(in.Input)
	case in.Action != nil:
		arguments = string(in.Action)
	case in.Queries != nil:
		arguments = string(in.Queries)
	case in.Code != "":
		arguments = in.Code
	case in.Type != "function_call" && in.Type != "custom_tool_call":
		arguments = answer.Without(answer.Object(raw), "id", "type", "status", "call_id", "result")
	}
	return id, name, arguments
}
