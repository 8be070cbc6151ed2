package anthropic

import (
	"encoding/json"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// IsBulk tells which members no span wants: what only the provider can read. Their
// place tells them from arguments of tools that have the same names.
func IsBulk(parent, name string) bool {
	switch name {
	case "signature":
		return parent == "content" || parent == "content_block" || parent == "delta"
	case "encrypted_content":
		return parent == "content" || parent == "content_block"
	}
	return false
}

// IsFile tells which texts are files in base64.
func IsFile(parent, name string) bool { return parent == "source" && name == "data" }

// Call reads a request of messages.
func Call(body []byte) tracing.ModelCall {
	members := answer.Object(body)
	model, _ := answer.Text(members["model"])
	call := tracing.ModelCall{
		Operation:  tracing.Chat,
		Model:      model,
		Parameters: answer.Without(members, "model", "messages", "system", "tools"),
	}
	if system := read(members["system"]); system.Content != "" {
		system.Role = "system"
		call.Messages = append(call.Messages, system)
	}
	for _, raw := range answer.List(members["messages"]) {
		var m struct {
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
		}
		answer.Lenient(raw, &m)
		call.Messages = append(call.Messages, turn(m.Role, m.Content)...)
	}
	for _, raw := range answer.List(members["tools"]) {
		var t struct{ Name, Type, Description string }
		answer.Lenient(raw, &t)
		if t.Name == "" {
			t.Name = t.Type
		}
		call.Tools = append(call.Tools, tracing.ToolDefinition{Name: t.Name, Description: t.Description, JSON: string(raw)})
	}
	return call
}

// block is one of those that make up a message.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"`
	Title     string          `json:"title"`
	Source    source          `json:"source"`
}

type source struct {
	Type      string `json:"type"`
	MediaType string `json:"media_type"`
	Data      string `json:"data"`
	URL       string `json:"url"`
	FileID    string `json:"file_id"`
}

// turn returns one turn as messages: what tools answered is a message of its own
// for each of them, for here it is part of the user's.
func turn(role string, content json.RawMessage) []tracing.Message {
	var out []tracing.Message
	rest := tracing.Message{Role: role}
	for _, b := range blocks(content) {
		if b.isResult() {
			m := read(b.Content)
			m.Role, m.ToolCallID = "tool", b.ToolUseID
			if m.Content == "" && len(b.Content) > 0 && b.Content[0] == '{' {
				m.Content = string(b.Content)
			}
			out = append(out, m)
			continue
		}
		b.addTo(&rest)
	}
	if rest.Content != "" || rest.Reasoning != "" || rest.ToolCalls != nil || len(out) == 0 {
		out = append(out, rest)
	}
	return out
}

// isResult reports whether the block is what a tool answered: one of the caller's,
// or one that the provider runs.
func (b *block) isResult() bool { return b.ToolUseID != "" }

// read returns all of a content as one message without a role.
func read(content json.RawMessage) tracing.Message {
	var m tracing.Message
	for _, b := range blocks(content) {
		b.addTo(&m)
	}
	return m
}

// blocks reads a content, which is a text or a list of blocks.
func blocks(content json.RawMessage) []block {
	var out []block
	for _, raw := range answer.List(content) {
		b := block{Type: "text"}
		if said, ok := answer.Text(raw); ok {
			b.Text = said
		} else {
			answer.Lenient(raw, &b)
		}
		out = append(out, b)
	}
	return out
}

func (b *block) addTo(m *tracing.Message) {
	switch b.Type {
	case "thinking":
		m.Reasoning = answer.Join(m.Reasoning, b.Thinking)
	case "image":
		m.Content = answer.Join(m.Content, b.media("image"))
		if image := answer.URL(b.Source.URL); image != "" {
			m.Images = append(m.Images, image) // where images can be hidden
		}
	case "document":
		m.Content = answer.Join(m.Content, b.media("document", answer.URL(b.Source.URL)))
	case "tool_use", "server_tool_use", "mcp_tool_use":
		m.ToolCalls = append(m.ToolCalls, tracing.ToolCall{ID: b.ID, Name: b.Name, Arguments: string(b.Input)})
	default:
		m.Content = answer.Join(m.Content, b.Text)
	}
}

func (b *block) media(what string, more ...string) string {
	s := b.Source
	if s.Type == "text" {
		s.Data = "" // a document that is a text is still no part of the message
	}
	return answer.Media(what, append([]string{b.Title, s.MediaType, s.Data, s.FileID}, more...)...)
}
