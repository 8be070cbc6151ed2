package tracing

import (
	"strconv"

	"go.opentelemetry.io/otel/attribute"
)

func itoa(i int) string { return strconv.Itoa(i) }

// modelCall appends a call in the words of OpenInference.
func (a attributes) modelCall(c *ModelCall) attributes {
	a = a.text(keyModel, c.Model).text(keyProvider, c.Provider).text(keyParameters, c.Parameters)
	a = a.messages(prefixInputMessages, c.Messages)
	for i := range c.Tools {
		a = a.text(prefixTools+itoa(i)+".tool.json_schema", c.Tools[i].schema())
	}
	return a
}

// schema returns the whole definition of a tool; one made of its parts where the
// provider's is not known.
func (t *ToolDefinition) schema() string {
	if t.JSON != "" {
		return t.JSON
	}
	written, err := marshal(map[string]any{
		"type":     "function",
		"function": map[string]string{"name": t.Name, "description": t.Description},
	})
	if err != nil {
		return ""
	}
	return string(written)
}

// modelResult appends what came of a call. Why the model stopped is one text in
// OpenInference: of several choices, the GenAI attribute tells.
func (a attributes) modelResult(r *ModelResult) attributes {
	a = a.text(keyResponseID, r.ID).text(keyResponseModel, r.Model).text(keyServiceTier, r.ServiceTier)
	a = a.messages(prefixOutputMessages, r.Messages).vectors(r.Vectors)
	if len(r.FinishReasons) > 0 {
		a = a.text(keyFinishReason, r.FinishReasons[0])
	}
	if len(r.FinishReasons) > 1 {
		a = a.texts(keyFinishReasons, r.FinishReasons)
	}
	if r.TimeToFirstToken > 0 {
		a = append(a, attribute.Float64(keyFirstChunk, r.TimeToFirstToken.Seconds()))
	}
	return a.usage(&r.Usage)
}

// messages appends a conversation, one attribute for each piece.
func (a attributes) messages(prefix string, messages []Message) attributes {
	for i := range messages {
		m, at := &messages[i], prefix+itoa(i)+".message."
		a = a.text(at+"role", m.Role).text(at+"content", m.Content).text(at+"tool_call_id", m.ToolCallID)
		part := 0
		if m.Reasoning != "" {
			a = a.part(at, &part, "reasoning", "text", m.Reasoning)
		}
		for _, image := range m.Images {
			a = a.part(at, &part, "image", "image.image.url", image)
		}
		for j := range m.ToolCalls {
			call, at := &m.ToolCalls[j], at+"tool_calls."+itoa(j)+".tool_call."
			a = a.text(at+"id", call.ID).text(at+"function.name", call.Name).text(at+"function.arguments", call.Arguments)
		}
	}
	return a
}

// part appends a part of a message that is not its text.
func (a attributes) part(at string, n *int, kind, key, value string) attributes {
	at += "contents." + itoa(*n) + ".message_content."
	*n++
	return a.text(at+"type", kind).text(at+key, value)
}

// usage appends token counts: sums, and the parts that they include.
func (a attributes) usage(u *Usage) attributes {
	c := u.counts()
	return a.count(keyPromptTokens, c.prompt).
		count(keyCompletionTokens, c.completion).
		count(keyTotalTokens, c.total).
		count(keyCacheReadTokens, u.CacheRead).
		count(keyCacheWriteTokens, u.CacheWrite).
		count(keyLongCacheWriteTokens, u.CacheWrite1h).
		count(keyAudioInputTokens, u.AudioInput).
		count(keyReasoningTokens, u.Reasoning).
		count(keyAudioOutputTokens, u.AudioOutput)
}

// counts are the sums that both vocabularies want.
type counts struct{ prompt, completion, total int64 }

// counts adds the buckets up. A total that the buckets do not add up to is left
// out where readers would take it for a proof that some part stands beside its
// sum, and count that part twice.
func (u *Usage) counts() counts {
	c := counts{
		prompt:     positive(u.Input) + positive(u.CacheRead) + positive(u.CacheWrite) + positive(u.AudioInput),
		completion: positive(u.Output) + positive(u.Reasoning) + positive(u.AudioOutput),
		total:      u.Total,
	}
	parts := [...]int64{positive(u.CacheRead) + positive(u.CacheWrite), positive(u.Reasoning), positive(u.AudioInput), positive(u.AudioOutput)}
	for some := 1; some < 1<<len(parts); some++ {
		sum, added := c.prompt+c.completion, int64(0)
		for i, n := range parts {
			if some>>i&1 == 1 {
				added += n
			}
		}
		if added > 0 && sum+added == c.total {
			c.total = 0
		}
	}
	return c
}

func positive(n int64) int64 { return max(n, 0) }
