package otlp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// OpenInference writes a conversation as one attribute for each piece, such as
// llm.input_messages.0.message.tool_calls.1.tool_call.id. Indexes may come in
// any order and with gaps.

// pieces are the parts of something by index. As long as they come in order, which
// is the rule, they are found at the end.
type pieces[T any] struct {
	items []piece[T]
	at    map[int]int // places in items; nil while these are in order
}

type piece[T any] struct {
	index int
	value T
}

func (p *pieces[T]) get(index int) *T {
	last := len(p.items) - 1
	if last >= 0 && p.items[last].index == index {
		return &p.items[last].value
	}
	if p.at == nil && last >= 0 && p.items[last].index > index {
		p.at = make(map[int]int, len(p.items))
		for i := range p.items {
			p.at[p.items[i].index] = i
		}
	}
	if i, ok := p.at[index]; ok {
		return &p.items[i].value
	}
	if p.at != nil {
		p.at[index] = len(p.items)
	}
	p.items = append(p.items, piece[T]{index: index})
	return &p.items[len(p.items)-1].value
}

func (p *pieces[T]) sorted() []piece[T] {
	slices.SortFunc(p.items, func(a, b piece[T]) int { return cmp.Compare(a.index, b.index) })
	return p.items
}

type indexedMessage struct {
	model.Message
	parts pieces[messagePart]
	calls pieces[model.ToolCall]
}

type messagePart struct{ kind, text string }

// indexedMessages collects the messages under prefix.
func indexedMessages(attributes []model.KeyValue, prefix string) []model.Message {
	var found pieces[indexedMessage]
	for i := range attributes {
		rest, ok := strings.CutPrefix(attributes[i].Key, prefix)
		if !ok {
			continue
		}
		index, rest, ok := cutIndex(rest)
		if !ok {
			continue
		}
		if rest, ok = strings.CutPrefix(rest, "message."); ok {
			found.get(index).take(rest, &attributes[i].Value)
		}
	}
	if len(found.items) == 0 {
		return nil
	}
	messages := make([]model.Message, 0, len(found.items))
	for _, m := range found.sorted() {
		messages = append(messages, m.value.join())
	}
	return messages
}

// cutIndex reads "12.rest".
func cutIndex(s string) (index int, rest string, ok bool) {
	digits, rest, ok := strings.Cut(s, ".")
	if !ok || len(digits) > 9 {
		return 0, "", false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return int(n), rest, err == nil
}

// take sorts one piece of a message in; of equal pieces the first counts.
func (m *indexedMessage) take(key string, v *model.Value) {
	switch key {
	case "role":
		setOnce(&m.Role, v)
	case "content":
		setOnce(&m.Content, v)
	case "tool_call_id":
		setOnce(&m.ToolCallID, v)
	case "function_call_name":
		setOnce(&m.calls.get(0).Name, v)
	case "function_call_arguments_json":
		setOnce(&m.calls.get(0).Arguments, v)
	default:
		m.takePart(key, v)
	}
}

func (m *indexedMessage) takePart(key string, v *model.Value) {
	if rest, ok := strings.CutPrefix(key, "contents."); ok {
		index, rest, ok := cutIndex(rest)
		switch {
		case !ok:
		case rest == "message_content.type":
			setOnce(&m.parts.get(index).kind, v)
		case rest == "message_content.text":
			setOnce(&m.parts.get(index).text, v)
		}
		return
	}
	if rest, ok := strings.CutPrefix(key, "tool_calls."); ok {
		index, rest, ok := cutIndex(rest)
		switch {
		case !ok:
		case rest == "tool_call.id":
			setOnce(&m.calls.get(index).ID, v)
		case rest == "tool_call.function.name":
			setOnce(&m.calls.get(index).Name, v)
		case rest == "tool_call.function.arguments":
			setOnce(&m.calls.get(index).Arguments, v)
		}
	}
}

func setOnce(to *string, v *model.Value) {
	if *to == "" {
		*to = valueText(v)
	}
}

// join puts the pieces together. Where a message has both a content and parts of
// it, the content is the text of the parts already.
func (m *indexedMessage) join() model.Message {
	whole := m.Content != ""
	for _, p := range m.parts.sorted() {
		switch {
		case p.value.kind == "reasoning":
			m.Reasoning = appendLine(m.Reasoning, p.value.text)
		case !whole:
			m.Content = appendLine(m.Content, p.value.text)
		}
	}
	for _, c := range m.calls.sorted() {
		m.ToolCalls = append(m.ToolCalls, c.value)
	}
	return m.Message
}

func appendLine(text, line string) string {
	if text == "" || line == "" {
		return text + line
	}
	return text + "\n" + line
}

// The GenAI conventions write a conversation as one JSON text: messages with a
// role and parts.

type jsonMessage struct {
	Role         string          `json:"role"`
	Content      json.RawMessage `json:"content"` // of the deprecated gen_ai.prompt
	Parts        []jsonPart      `json:"parts"`
	FinishReason string          `json:"finish_reason"`
}

type jsonPart struct {
	Type      string          `json:"type"`
	Content   json.RawMessage `json:"content"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	Response  json.RawMessage `json:"response"`
	Result    json.RawMessage `json:"result"` // older than response
}

// maxObjects bounds the objects of a conversation that is read: an empty one
// takes two bytes as text, and a hundred times that in memory.
const maxObjects = 100_000

// partMessages reads messages and the reasons why the model stopped. A text that
// is none yields nothing: it stays readable as an attribute.
func partMessages(text string) (messages []model.Message, reasons []string) {
	var read []jsonMessage
	if text == "" || strings.Count(text, "{") > maxObjects || json.Unmarshal([]byte(text), &read) != nil {
		return nil, nil
	}
	for i := range read {
		m := model.Message{Role: read[i].Role, Content: jsonText(read[i].Content)}
		for j := range read[i].Parts {
			takeJSONPart(&m, &read[i].Parts[j])
		}
		messages = append(messages, m)
		if reason := read[i].FinishReason; reason != "" {
			reasons = append(reasons, reason)
		}
	}
	return messages, reasons
}

func takeJSONPart(m *model.Message, p *jsonPart) {
	switch p.Type {
	case "tool_call":
		m.ToolCalls = append(m.ToolCalls, model.ToolCall{ID: p.ID, Name: p.Name, Arguments: jsonText(p.Arguments)})
	case "tool_call_response":
		if m.ToolCallID == "" {
			m.ToolCallID = p.ID
		}
		response := p.Response
		if len(response) == 0 {
			response = p.Result
		}
		m.Content = appendLine(m.Content, jsonText(response))
	case "reasoning":
		m.Reasoning = appendLine(m.Reasoning, jsonText(p.Content))
	default:
		m.Content = appendLine(m.Content, jsonText(p.Content))
	}
}

// partInstructions reads gen_ai.system_instructions: a list of parts, or a text.
func partInstructions(text string) string {
	var parts []jsonPart
	if strings.Count(text, "{") > maxObjects || json.Unmarshal([]byte(text), &parts) != nil {
		return text
	}
	var m model.Message
	for i := range parts {
		takeJSONPart(&m, &parts[i])
	}
	return m.Content
}

// jsonText returns a JSON string's text, and any other value as it is written.
func jsonText(raw json.RawMessage) string {
	var text string
	if bytes.Equal(raw, []byte("null")) {
		return ""
	}
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
