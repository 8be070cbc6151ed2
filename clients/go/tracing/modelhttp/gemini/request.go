package gemini

import (
	"encoding/json"
	"strings"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// IsBulk tells which members no span wants: vectors, numbers about single tokens,
// and what only the provider can read. Their place tells them from arguments of
// functions that have the same names.
func IsBulk(parent, name string) bool {
	switch name {
	case "values":
		return parent == "embedding" || parent == "embeddings"
	case "thoughtSignature", "thought_signature":
		return parent == "parts"
	case "logprobsResult":
		return parent == "candidates"
	case "searchEntryPoint":
		return parent == "groundingMetadata"
	}
	return false
}

// IsFile tells which texts are files in base64.
func IsFile(parent, name string) bool {
	return name == "data" && (parent == "inlineData" || parent == "inline_data")
}

// Call reads a request of generateContent or streamGenerateContent.
func Call(body []byte) tracing.ModelCall {
	members := answer.Object(body)
	call := tracing.ModelCall{
		Operation:  tracing.Chat,
		Parameters: answer.Without(members, "model", "contents", "systemInstruction", "system_instruction", "tools"),
		Tools:      tools(members["tools"]),
	}
	system := members["systemInstruction"]
	if system == nil {
		system = members["system_instruction"]
	}
	for _, m := range turn(system) {
		m.Role = "system"
		call.Messages = append(call.Messages, m)
	}
	for _, raw := range answer.List(members["contents"]) {
		call.Messages = append(call.Messages, turn(raw)...)
	}
	return call
}

// EmbedCall reads a request of embedContent.
func EmbedCall(body []byte) tracing.ModelCall {
	members := answer.Object(body)
	return tracing.ModelCall{
		Operation:  tracing.Embeddings,
		Parameters: answer.Without(members, "model", "content"),
		Texts:      []string{embedded(members["content"])},
	}
}

// BatchEmbedCall reads a request of batchEmbedContents. Its parameters are those
// of the first of the requests in it.
func BatchEmbedCall(body []byte) tracing.ModelCall {
	call := tracing.ModelCall{Operation: tracing.Embeddings}
	for i, raw := range answer.List(answer.Object(body)["requests"]) {
		one := EmbedCall(raw)
		call.Texts = append(call.Texts, one.Texts...)
		if i == 0 {
			call.Parameters = one.Parameters
		}
	}
	return call
}

func embedded(content json.RawMessage) string {
	var said []string
	for _, m := range turn(content) {
		said = append(said, m.Content)
	}
	return strings.Join(said, "\n")
}

// tools reads definitions: functions of the caller's, several to an element, and
// tools of the provider's, which are members of an element.
func tools(raw json.RawMessage) []tracing.ToolDefinition {
	var out []tracing.ToolDefinition
	for _, element := range answer.List(raw) {
		members := answer.Object(element)
		for _, name := range sorted(members) {
			if name != "functionDeclarations" && name != "function_declarations" {
				out = append(out, tracing.ToolDefinition{Name: name, JSON: answer.With(name, members[name])})
				continue
			}
			for _, declared := range answer.List(members[name]) {
				var f struct{ Name, Description string }
				answer.Lenient(declared, &f)
				out = append(out, tracing.ToolDefinition{Name: f.Name, Description: f.Description, JSON: string(declared)})
			}
		}
	}
	return out
}
