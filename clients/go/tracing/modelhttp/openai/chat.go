package openai

import (
	"bytes"
	"encoding/json"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// ChatCall reads a request of chat/completions.
func ChatCall(body []byte) tracing.ModelCall {
	members := answer.Object(body)
	call := tracing.ModelCall{
		Operation:  tracing.Chat,
		Model:      text(members["model"]),
		Parameters: answer.Without(members, "model", "messages", "tools", "functions", "prediction"), // which is content
		Tools:      tools(members["tools"]),
	}
	for _, raw := range answer.List(members["messages"]) {
		var m message
		answer.Lenient(raw, &m)
		call.Messages = append(call.Messages, m.traced())
	}
	for _, raw := range answer.List(members["functions"]) {
		call.Tools = append(call.Tools, tool(raw))
	}
	return call
}

// CompletionCall reads a request of completions, the API before chats.
func CompletionCall(body []byte) tracing.ModelCall {
	members := answer.Object(body)
	call := tracing.ModelCall{
		Operation:  tracing.TextCompletion,
		Model:      text(members["model"]),
		Parameters: answer.Without(members, "model", "prompt", "suffix"), // both are content
	}
	for _, prompt := range texts(members["prompt"]) {
		call.Messages = append(call.Messages, tracing.Message{Role: "user", Content: prompt})
	}
	return call
}

// tools reads the definitions of chat completions, which wrap what they define,
// and of responses, which do not.
func tools(raw json.RawMessage) []tracing.ToolDefinition {
	var out []tracing.ToolDefinition
	for _, element := range answer.List(raw) {
		out = append(out, tool(element))
	}
	return out
}

func tool(raw json.RawMessage) tracing.ToolDefinition {
	type named struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	var in struct {
		named
		Type     string `json:"type"`
		Label    string `json:"server_label"` // of an MCP server
		Function named  `json:"function"`
		Custom   named  `json:"custom"`
	}
	answer.Lenient(raw, &in)
	for _, n := range []named{in.named, in.Function, in.Custom, {Name: in.Label}, {Name: in.Type}} {
		if n.Name != "" {
			return tracing.ToolDefinition{Name: n.Name, Description: n.Description, JSON: string(raw)}
		}
	}
	return tracing.ToolDefinition{JSON: string(raw)}
}

func text(raw json.RawMessage) string {
	said, _ := answer.Text(raw)
	return said
}

// Chat collects an answer of chat/completions or completions, whole or streamed.
type Chat struct{ *answer.Collector }

// NewChat returns a Chat that keeps limit bytes of text.
func NewChat(limit int) Chat { return Chat{answer.New(limit)} }

// chatAnswer is an answer, or a piece of one.
type chatAnswer struct {
	ID          string          `json:"id"`
	Model       string          `json:"model"`
	ServiceTier answer.String   `json:"service_tier"`
	Choices     []choice        `json:"choices"`
	Usage       *usage          `json:"usage"`
	Groq        *groq           `json:"x_groq"`
	Error       json.RawMessage `json:"error"`
	Object      string          `json:"object"`
}

type choice struct {
	Index        int           `json:"index"`
	Message      *message      `json:"message"`
	Delta        *message      `json:"delta"`
	Text         string        `json:"text"`
	FinishReason answer.String `json:"finish_reason"`
	Usage        *usage        `json:"usage"` // Moonshot's streams
}

// groq is where Groq's streams have their usage when nobody asked for it.
type groq struct {
	Usage *usage `json:"usage"`
}

// Document takes a whole answer, or the data of an event of a stream.
func (c Chat) Document(doc []byte, _ bool) {
	if bytes.Equal(doc, []byte("[DONE]")) {
		c.Complete = true
		return
	}
	var in chatAnswer
	answer.Lenient(doc, &in)
	c.header(&in)
	for i := range in.Choices {
		c.choice(&in.Choices[i])
	}
	if in.Object == "error" { // vLLM's older servers
		c.Fail(answer.ReadFailure(0, doc))
	}
	if failure := answer.InBody(in.Error); failure != nil {
		c.Fail(failure)
	}
}

func (c Chat) header(in *chatAnswer) {
	if in.ID != "" {
		c.ID = in.ID
	}
	if in.Model != "" {
		c.Model = in.Model
	}
	if in.ServiceTier != "" {
		c.ServiceTier = string(in.ServiceTier)
	}
	if in.Groq != nil && in.Usage == nil {
		in.Usage = in.Groq.Usage
	}
	c.used(in.Usage)
}

func (c Chat) used(u *usage) {
	if u != nil {
		c.Usage = u.traced()
	}
}

func (c Chat) choice(in *choice) {
	out := c.Choice(in.Index)
	c.used(in.Usage)
	out.Text(in.Text)
	if in.FinishReason != "" {
		out.Finish = string(in.FinishReason)
	}
	if in.Message != nil { // a whole one
		c.Complete = true
		addWhole(out, in.Message)
		return
	}
	if in.Delta == nil {
		return
	}
	addPiece(out, in.Delta)
}

func addWhole(out *answer.Choice, m *message) {
	out.Role = m.Role
	said, _ := content(m.Content)
	out.Part(said)
	out.Part(string(m.Refusal))
	out.Reasoning(m.reasoning())
	if m.Audio != nil {
		out.Part(m.Audio.Transcript)
		out.Part(answer.Media("audio", string(m.Audio.Data)))
	}
	for i := range m.ToolCalls {
		call := out.NewCall()
		call.ID = m.ToolCalls[i].ID
		name, arguments := m.ToolCalls[i].named()
		call.Name(name)
		call.Arguments(arguments)
	}
	addFunction(out, m.FunctionCall)
}

func addPiece(out *answer.Choice, m *message) {
	if m.Role != "" {
		out.Role = m.Role
	}
	said, _ := content(m.Content)
	out.Text(said)
	out.Text(string(m.Refusal))
	out.Reasoning(m.reasoning())
	if m.Audio != nil {
		out.Text(m.Audio.Transcript)
	}
	for i := range m.ToolCalls {
		piece := &m.ToolCalls[i]
		index := i
		if piece.Index != nil {
			index = *piece.Index
		}
		call := out.Call(index)
		if call.ID == "" {
			call.ID = piece.ID
		}
		name, arguments := piece.named()
		call.Name(name)
		call.Arguments(arguments)
	}
	addFunction(out, m.FunctionCall)
}

func addFunction(out *answer.Choice, f *function) {
	if f != nil {
		call := out.Call(0)
		call.Name(f.Name)
		call.Arguments(string(f.Arguments))
	}
}
