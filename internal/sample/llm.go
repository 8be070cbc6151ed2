package sample

import (
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// bytesPerToken is how English prose comes out, roughly.
const bytesPerToken = 4

// usage is what a model call is billed for, as Agno passes it on: prompt includes
// what was cached, but with Anthropic, which counts that beside the prompt.
type usage struct{ prompt, completion, cacheRead, cacheWrite int }

// callModel plays one call of an agent's model. It returns when the call
// ended, and what went wrong where something did: then the span has an
// exception and says OK all the same, since Agno sets the status before it
// calls.
func (b *builder) callModel(parent op, at int64, a *agent, c *conversation, r reply) (end int64, problem string) {
	o := b.open(parent, at)
	s := b.requestAttrs(a, c)
	var out outcome
	if r.text != "" && b.happens(modelError) {
		end = at + b.between(time.Second, 30*time.Second)
		problem = "The provider is overloaded, please try again later (request " + b.uuid() + ")"
		out = outcome{failed: true, events: appendException(nil, end-1000, "agno.exceptions.ModelProviderError", problem,
			"Traceback (most recent call last):\n  File \"/app/models/provider.py\", line 214, in call\n    raise ModelProviderError(message)\n"+
				"agno.exceptions.ModelProviderError: "+problem+"\n")}
	} else {
		u := b.spend(a.model, c, r)
		end = at + b.between(250*time.Millisecond, 900*time.Millisecond) + int64(u.completion*a.model.tokenNano)
		s = b.replyAttrs(s, r, u)
	}
	s = attr(s, "openinference.span.kind", "LLM")
	if b.dual {
		s = b.genaiAttrs(s, a, c, r, problem == "")
	}
	b.close(o, a.model.class+"."+b.style.prefix()+"invoke"+b.style.suffix(), model.TypeLLM, end, s, out)
	return end, problem
}

// spend counts the tokens of a call.
func (b *builder) spend(m *llm, c *conversation, r reply) usage {
	u := usage{
		prompt:     (c.length + 600) / bytesPerToken,
		completion: r.length()/bytesPerToken + 1,
		cacheRead:  c.cached,
	}
	c.cached = u.prompt / 128 * 128
	if m.system == "anthropic" {
		u.prompt -= u.cacheRead
		u.cacheWrite = u.prompt / 2
		u.prompt -= u.cacheWrite
	}
	return u
}

func (b *builder) requestAttrs(a *agent, c *conversation) []byte {
	s := attr(b.attrs, "input.mime_type", "application/json")
	value := len(`{"messages": []}`) + len(c.value)
	s = appendKey(s, attributesOfSpan, "input.value", sizeField(value))
	s = append(appendTag(s, 1, value), `{"messages": [`...)
	s = append(append(s, c.value...), "]}"...)
	s = append(s, c.attrs...)
	s = append(s, a.toolAttrs...)
	s = attr(s, "llm.invocation_parameters", `{"temperature": 0.2, "max_tokens": 2048}`)
	s = attr(s, "llm.model_name", a.model.id)
	s = attr(s, "llm.provider", a.model.provider)
	return attr(s, "llm.system", a.model.system)
}

// replyAttrs appends what came back. Only the asynchronous call reports the
// total.
func (b *builder) replyAttrs(s []byte, r reply, u usage) []byte {
	s = attr(s, "output.mime_type", "application/json")
	s = r.appendAttrs(s, "llm.output_messages.0.message.")
	var value []byte
	if b.style.stream {
		value = append(r.appendJSON([]byte(`{"messages": [`)), "]}"...)
	} else {
		value = append(r.appendJSON([]byte("[")), ']')
	}
	s = attr(s, "output.value", value)
	s = attrInt(s, "llm.token_count.prompt", u.prompt)
	s = attrInt(s, "llm.token_count.completion", u.completion)
	if b.style.async && !b.style.stream {
		s = attrInt(s, "llm.token_count.total", u.prompt+u.completion)
	}
	if u.cacheRead > 0 {
		s = attrInt(s, "llm.token_count.prompt_details.cache_read", u.cacheRead)
	}
	if u.cacheWrite > 0 {
		s = attrInt(s, "llm.token_count.prompt_details.cache_write", u.cacheWrite)
	}
	if b.dual {
		s = attrInt(s, "gen_ai.usage.input_tokens", u.prompt)
		s = attrInt(s, "gen_ai.usage.output_tokens", u.completion)
		s = attrInt(s, "gen_ai.usage.cache_read.input_tokens", u.cacheRead)
	}
	return s
}

// genaiAttrs appends the same in the words of the GenAI conventions.
func (b *builder) genaiAttrs(s []byte, a *agent, c *conversation, r reply, answered bool) []byte {
	s = attr(s, "gen_ai.operation.name", "chat")
	s = attr(s, "gen_ai.provider.name", a.model.genai)
	s = attr(s, "gen_ai.request.model", a.model.id)
	s = attrDouble(s, "gen_ai.request.temperature", 0.2)
	s = attrInt(s, "gen_ai.request.max_tokens", 2048)
	s = appendArray(s, "gen_ai.input.messages", c.genai)
	if answered {
		s = appendArray(s, "gen_ai.output.messages", r.appendGenAI(nil))
		reason := "stop"
		if len(r.calls) > 0 {
			reason = "tool_call"
		}
		s = attrStrings(s, "gen_ai.response.finish_reasons", []string{reason})
	}
	return attr(s, "gen_ai.tool.definitions", a.definitions)
}

// appendArray appends an attribute that is a JSON array of the given members.
func appendArray(s []byte, key string, members []byte) []byte {
	s = appendKey(s, attributesOfSpan, key, sizeField(len(members)+2))
	s = append(appendTag(s, 1, len(members)+2), '[')
	return append(append(s, members...), ']')
}
