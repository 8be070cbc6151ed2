package tracing

import (
	"encoding/json"
	"strings"

	"go.opentelemetry.io/otel/attribute"
)

// genAICall appends a call in the words of the GenAI conventions.
func (a attributes) genAICall(c *ModelCall) attributes {
	a = a.text(genaiOperation, string(c.Operation)).text(genaiProvider, genAIProvider(c.Provider)).
		text(genaiRequestModel, c.Model)
	a = a.requestParameters(c.Parameters)
	a = a.text(genaiInputMessages, genAIMessages(c.Messages, nil))
	if len(c.Tools) > 0 {
		a = a.text(genaiToolDefinitions, genAITools(c.Tools))
	}
	return a
}

// genAIResult appends what came of a call.
func (a attributes) genAIResult(r *ModelResult) attributes {
	a = a.text(genaiResponseModel, r.Model).text(genaiOutputMessages, genAIMessages(r.Messages, r.FinishReasons))
	if len(r.FinishReasons) == 1 { // More of them are there already.
		a = a.texts(keyFinishReasons, r.FinishReasons)
	}
	if len(r.Vectors) > 0 {
		a = a.count(genaiDimensions, int64(len(r.Vectors[0])))
	}
	c := r.Usage.counts()
	return a.count(genaiInputTokens, c.prompt).
		count(genaiOutputTokens, c.completion).
		count(genaiCacheReadTokens, r.Usage.CacheRead).
		count(genaiCacheWriteTokens, r.Usage.CacheWrite).
		count(genaiReasoningTokens, r.Usage.Reasoning)
}

// providers are the names that the conventions have for providers that are
// mostly called otherwise.
var providers = map[string]string{
	"google": "gcp.gemini", "gemini": "gcp.gemini", "vertexai": "gcp.vertex_ai", "vertex_ai": "gcp.vertex_ai",
	"azure": "azure.ai.openai", "aws": "aws.bedrock", "bedrock": "aws.bedrock",
	"mistral": "mistral_ai", "mistralai": "mistral_ai", "xai": "x_ai",
}

func genAIProvider(name string) string {
	name = strings.ToLower(name)
	if known, ok := providers[name]; ok {
		return known
	}
	return name
}

// requests are the parameters that the conventions know, by the names that
// providers have for them.
var requests = map[string]string{
	"temperature": "temperature", "top_p": "top_p", "topP": "top_p", "top_k": "top_k", "topK": "top_k",
	"max_tokens": "max_tokens", "max_completion_tokens": "max_tokens", "max_output_tokens": "max_tokens", "maxOutputTokens": "max_tokens",
	"seed": "seed", "stop": "stop_sequences", "stop_sequences": "stop_sequences", "stopSequences": "stop_sequences",
	"frequency_penalty": "frequency_penalty", "frequencyPenalty": "frequency_penalty",
	"presence_penalty": "presence_penalty", "presencePenalty": "presence_penalty",
	"n": "choice.count", "candidateCount": "choice.count", "stream": "stream",
}

// whole are the parameters that the conventions want as whole numbers.
var whole = map[string]bool{"max_tokens": true, "seed": true, "choice.count": true}

// requestParameters appends the parameters that the conventions know, in the
// order of their names there.
func (a attributes) requestParameters(object string) attributes {
	var set map[string]any
	if object == "" || json.Unmarshal([]byte(object), &set) != nil {
		return a
	}
	values := make(map[string]attribute.KeyValue)
	for name, value := range set {
		known, ok := requests[name]
		if !ok {
			continue
		}
		if kv, ok := requestParameter(known, value); ok {
			values[known] = kv
		}
	}
	for _, name := range [...]string{
		"temperature", "top_p", "top_k", "max_tokens", "seed", "stop_sequences",
		"frequency_penalty", "presence_penalty", "choice.count", "stream",
	} {
		if kv, ok := values[name]; ok {
			a = append(a, kv)
		}
	}
	return a
}

func requestParameter(name string, value any) (kv attribute.KeyValue, ok bool) {
	key := prefixRequest + name
	switch v := value.(type) {
	case bool:
		return attribute.Bool(key, v), true
	case float64:
		if whole[name] {
			return attribute.Int64(key, int64(v)), true
		}
		return attribute.Float64(key, v), true
	case string:
		return attribute.StringSlice(key, []string{v}), name == "stop_sequences"
	case []any:
		texts := make([]string, 0, len(v))
		for _, item := range v {
			if text, ok := item.(string); ok {
				texts = append(texts, text)
			}
		}
		return attribute.StringSlice(key, texts), name == "stop_sequences"
	}
	return kv, false
}

// A message and its parts, as the conventions write them in JSON.
type (
	genAIMessage struct {
		Role         string      `json:"role"`
		Parts        []genAIPart `json:"parts"`
		FinishReason string      `json:"finish_reason,omitempty"`
	}
	genAIPart struct {
		Type      string          `json:"type"`
		ID        string          `json:"id,omitempty"`
		Name      string          `json:"name,omitempty"`
		Content   string          `json:"content,omitempty"`
		Arguments json.RawMessage `json:"arguments,omitempty"`
		Response  string          `json:"response,omitempty"`
		Modality  string          `json:"modality,omitempty"`
		MIMEType  string          `json:"mime_type,omitempty"`
		URI       string          `json:"uri,omitempty"`
	}
)

// genAIMessages writes a conversation; "" for none.
func genAIMessages(messages []Message, reasons []string) string {
	if len(messages) == 0 {
		return ""
	}
	list := make([]genAIMessage, len(messages))
	for i := range messages {
		list[i] = genAIMessage{Role: messages[i].Role, Parts: genAIParts(&messages[i])}
		if i < len(reasons) {
			list[i].FinishReason = reasons[i]
		}
	}
	written, err := marshal(list)
	if err != nil {
		return ""
	}
	return string(written)
}

func genAIParts(m *Message) []genAIPart {
	parts := make([]genAIPart, 0, 2)
	if m.Reasoning != "" {
		parts = append(parts, genAIPart{Type: "reasoning", Content: m.Reasoning})
	}
	switch {
	case m.ToolCallID != "":
		parts = append(parts, genAIPart{Type: "tool_call_response", ID: m.ToolCallID, Response: m.Content})
	case m.Content != "":
		parts = append(parts, genAIPart{Type: "text", Content: m.Content})
	}
	for _, image := range m.Images {
		parts = append(parts, genAIImage(image))
	}
	for i := range m.ToolCalls {
		call := &m.ToolCalls[i]
		parts = append(parts, genAIPart{Type: "tool_call", ID: call.ID, Name: call.Name, Arguments: rawJSON(call.Arguments)})
	}
	return parts
}

// genAIImage writes an image: itself, where its address holds it.
func genAIImage(address string) genAIPart {
	if kind, data, ok := strings.Cut(strings.TrimPrefix(address, "data:"), ";base64,"); ok && isInline(address) {
		return genAIPart{Type: "blob", Modality: "image", MIMEType: kind, Content: data}
	}
	return genAIPart{Type: "uri", Modality: "image", URI: address}
}

// rawJSON returns a JSON text as it is, and any other as a JSON string.
func rawJSON(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	written, _ := json.Marshal(text)
	return written
}

// genAITools writes definitions of tools: the providers' own, which the
// conventions take as they are.
func genAITools(tools []ToolDefinition) string {
	list := make([]json.RawMessage, 0, len(tools))
	for i := range tools {
		if schema := rawJSON(tools[i].schema()); schema != nil {
			list = append(list, schema)
		}
	}
	written, err := marshal(list)
	if err != nil {
		return ""
	}
	return string(written)
}
