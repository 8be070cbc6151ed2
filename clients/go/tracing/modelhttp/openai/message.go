package openai

import (
	"encoding/json"
	"strings"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// message is one of a chat, asked or answered, or a piece of one.
type message struct {
	Role             string          `json:"role"`
	Content          json.RawMessage `json:"content"`
	Refusal          answer.String   `json:"refusal"`
	ReasoningContent answer.String   `json:"reasoning_content"` // DeepSeek, vLLM, Moonshot, Qwen and others
	Reasoning        answer.String   `json:"reasoning"`         // OpenRouter, Groq, newer vLLM
	ToolCalls        []toolCall      `json:"tool_calls"`
	FunctionCall     *function       `json:"function_call"` // before there were tools
	ToolCallID       string          `json:"tool_call_id"`
	Name             string          `json:"name"`
	Audio            *audio          `json:"audio"`
}

type toolCall struct {
	Index    *int     `json:"index"`
	ID       string   `json:"id"`
	Function function `json:"function"`
	Custom   *custom  `json:"custom"`
}

type function struct {
	Name      string        `json:"name"`
	Arguments answer.String `json:"arguments"` // a text; an object with Ollama
}

type custom struct {
	Name  string        `json:"name"`
	Input answer.String `json:"input"`
}

type audio struct {
	Transcript string        `json:"transcript"`
	Data       answer.String `json:"data"`
}

func (m *message) reasoning() string {
	if m.ReasoningContent != "" {
		return string(m.ReasoningContent)
	}
	return string(m.Reasoning)
}

// traced returns the message as a span tells it.
func (m *message) traced() tracing.Message {
	out := tracing.Message{Role: m.Role, Reasoning: m.reasoning(), ToolCallID: m.ToolCallID}
	out.Content, out.Images = content(m.Content)
	if m.Refusal != "" {
		out.Content = answer.Join(out.Content, string(m.Refusal))
	}
	if m.Role == "function" { // as tools answered before they had ids
		out.Role, out.ToolCallID = "tool", m.Name
	}
	for _, call := range m.ToolCalls {
		name, arguments := call.named()
		out.ToolCalls = append(out.ToolCalls, tracing.ToolCall{ID: call.ID, Name: name, Arguments: arguments})
	}
	if m.FunctionCall != nil {
		out.ToolCalls = append(out.ToolCalls, tracing.ToolCall{Name: m.FunctionCall.Name, Arguments: string(m.FunctionCall.Arguments)})
	}
	return out
}

func (c *toolCall) named() (name, arguments string) {
	if c.Custom != nil {
		return c.Custom.Name, string(c.Custom.Input)
	}
	return c.Function.Name, string(c.Function.Arguments)
}

// part is one part of a message's content, of chat completions or of responses.
type part struct {
	Type       string          `json:"type"`
	Text       string          `json:"text"`
	Refusal    string          `json:"refusal"`
	ImageURL   json.RawMessage `json:"image_url"` // an object in chats, a text in responses
	InputAudio struct {
		Data   string `json:"data"`
		Format string `json:"format"`
	} `json:"input_audio"`
	File struct {
		Data string `json:"file_data"`
		ID   string `json:"file_id"`
		Name string `json:"filename"`
	} `json:"file"`
	FileData   string `json:"file_data"`
	FileID     string `json:"file_id"`
	FileURL    string `json:"file_url"`
	FileName   string `json:"filename"`
	Transcript string `json:"transcript"`
}

// content returns the text of a message's content, files in it described, and
// where its images are.
func content(raw json.RawMessage) (text string, images []string) {
	if text, ok := answer.Text(raw); ok {
		return text, nil
	}
	for _, element := range answer.List(raw) {
		var p part
		if said, ok := answer.Text(element); ok {
			p = part{Type: "text", Text: said}
		} else {
			answer.Lenient(element, &p)
		}
		said, image := p.traced()
		text = answer.Join(text, said)
		if image != "" {
			images = append(images, image)
		}
	}
	return text, images
}

func (p *part) traced() (text, image string) {
	switch p.Type {
	case "image_url", "input_image":
		return p.image()
	case "input_audio":
		return answer.Media("audio", p.InputAudio.Format, p.InputAudio.Data), ""
	case "file":
		return answer.Media("file", p.File.Name, p.File.ID, answer.URL(p.File.Data)), ""
	case "input_file":
		return answer.Media("file", p.FileName, p.FileID, answer.URL(p.FileURL), answer.URL(p.FileData)), ""
	case "refusal":
		return p.Refusal, ""
	}
	if p.Text != "" {
		return p.Text, ""
	}
	return p.Transcript, ""
}

func (p *part) image() (text, address string) {
	var in struct {
		URL string `json:"url"`
	}
	if said, ok := answer.Text(p.ImageURL); ok {
		in.URL = said
	} else {
		answer.Lenient(p.ImageURL, &in)
	}
	where := answer.URL(in.URL)
	if where == "" || strings.HasPrefix(in.URL, "data:") {
		return answer.Media("image", p.FileID, where), ""
	}
	return answer.Media("image"), where // its address is told where images can be hidden
}
