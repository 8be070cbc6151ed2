package sample

import (
	"strconv"
)

// conversation is what a model is told, in the three forms that a model call
// repeats in full. Each is kept encoded and only ever grows, so that a call
// costs a copy.
type conversation struct {
	value  []byte // the messages of input.value
	attrs  []byte // the llm.input_messages attributes
	genai  []byte // the messages of gen_ai.input.messages, where they are wanted
	count  int    // messages
	length int    // of their texts
	cached int    // tokens that the provider has seen before
}

// toolCall is a model's request to run a tool.
type toolCall struct {
	id     string
	tool   *tool
	args   string // JSON
	member *agent // whom a team's leader delegates to
	task   string // and what
}

// reply is what a model answers: a text, or requests to run tools.
type reply struct {
	text  string
	calls []toolCall
}

func (r reply) length() int {
	n := len(r.text)
	for i := range r.calls {
		n += len(r.calls[i].args) + len(r.calls[i].tool.name)
	}
	return n
}

// say adds a message of the system or the user.
func (b *builder) say(c *conversation, role, text string, at int64) {
	prefix := c.next("llm.input_messages.")
	c.attrs = attr(c.attrs, prefix+"role", role)
	c.attrs = attr(c.attrs, prefix+"content", text)
	c.value = b.beginMessage(c.value, text)
	c.value = endMessage(c.value, role, at)
	if b.dual {
		c.genai = appendPart(separate(c.genai), role, text)
	}
	c.length += len(text)
}

// answer adds what the model said.
func (b *builder) answer(c *conversation, r reply, at int64) {
	c.attrs = r.appendAttrs(c.attrs, c.next("llm.input_messages."))
	c.value = b.beginMessage(c.value, r.text)
	c.value = append(r.appendCalls(append(c.value, `, "tool_calls": `...)), `, "from_history": false`...)
	c.value = endMessage(c.value, "assistant", at)
	if b.dual {
		c.genai = r.appendGenAI(separate(c.genai))
	}
	c.length += r.length()
}

// result adds what a tool returned.
func (b *builder) result(c *conversation, call toolCall, text string, at int64) {
	prefix := c.next("llm.input_messages.")
	c.attrs = attr(c.attrs, prefix+"role", "tool")
	c.attrs = attr(c.attrs, prefix+"tool_call_id", call.id)
	c.attrs = attr(c.attrs, prefix+"content", text)
	c.value = b.beginMessage(c.value, text)
	c.value = appendJSON(append(c.value, `, "tool_call_id": `...), call.id)
	c.value = appendJSON(append(c.value, `, "tool_name": `...), call.tool.name)
	c.value = endMessage(c.value, "tool", at)
	if b.dual {
		c.genai = append(separate(c.genai), `{"role": "tool", "parts": [{"type": "tool_call_response", "id": `...)
		c.genai = appendJSON(c.genai, call.id)
		c.genai = appendJSON(append(c.genai, `, "response": `...), text)
		c.genai = append(c.genai, "}]}"...)
	}
	c.length += len(text)
}

// next counts a message and returns the beginning of its attributes' keys.
func (c *conversation) next(list string) string {
	prefix := list + strconv.Itoa(c.count) + ".message."
	c.count++
	return prefix
}

// beginMessage appends the first half of a message as Agno writes it.
func (b *builder) beginMessage(dst []byte, text string) []byte {
	dst = append(separate(dst), `{"id": "`...)
	dst = append(dst, b.uuid()...)
	return appendJSON(append(dst, `", "content": `...), text)
}

func endMessage(dst []byte, role string, at int64) []byte {
	dst = append(dst, `, "role": "`...)
	dst = append(dst, role...)
	dst = strconv.AppendInt(append(dst, `", "created_at": `...), at/1e9, 10)
	return append(dst, '}')
}

// separate appends what stands between two members of a JSON array or object.
func separate(dst []byte) []byte {
	if len(dst) > 0 && dst[len(dst)-1] != '[' && dst[len(dst)-1] != '{' {
		dst = append(dst, ", "...)
	}
	return dst
}

// appendAttrs appends the reply as attributes of a message.
func (r reply) appendAttrs(dst []byte, prefix string) []byte {
	dst = attr(dst, prefix+"role", "assistant")
	if r.text != "" {
		dst = attr(dst, prefix+"content", r.text)
	}
	for i, call := range r.calls {
		p := prefix + "tool_calls." + strconv.Itoa(i) + ".tool_call."
		dst = attr(dst, p+"id", call.id)
		dst = attr(dst, p+"function.name", call.tool.name)
		dst = attr(dst, p+"function.arguments", call.args)
	}
	return dst
}

// appendJSON appends the reply as output.value has it.
func (r reply) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"role": "assistant"`...)
	if r.text != "" {
		dst = appendJSON(append(dst, `, "content": `...), r.text)
	}
	if len(r.calls) > 0 {
		dst = r.appendCalls(append(dst, `, "tool_calls": `...))
	}
	return append(dst, '}')
}

func (r reply) appendCalls(dst []byte) []byte {
	dst = append(dst, '[')
	for _, call := range r.calls {
		dst = append(separate(dst), `{"id": `...)
		dst = appendJSON(dst, call.id)
		dst = appendJSON(append(dst, `, "function": {"arguments": `...), call.args)
		dst = appendJSON(append(dst, `, "name": `...), call.tool.name)
		dst = append(dst, `}, "type": "function"}`...)
	}
	return append(dst, ']')
}

// appendGenAI appends the reply as a message of the GenAI conventions.
func (r reply) appendGenAI(dst []byte) []byte {
	if len(r.calls) == 0 {
		return appendPart(dst, "assistant", r.text)
	}
	dst = append(dst, `{"role": "assistant", "parts": [`...)
	for _, call := range r.calls {
		dst = append(separate(dst), `{"type": "tool_call", "name": `...)
		dst = appendJSON(dst, call.tool.name)
		dst = append(append(dst, `, "arguments": `...), call.args...)
		dst = append(appendJSON(append(dst, `, "id": `...), call.id), '}')
	}
	return append(dst, "]}"...)
}

func appendPart(dst []byte, role, text string) []byte {
	dst = append(append(dst, `{"role": "`...), role...)
	dst = appendJSON(append(dst, `", "parts": [{"type": "text", "content": `...), text)
	return append(dst, "}]}"...)
}
