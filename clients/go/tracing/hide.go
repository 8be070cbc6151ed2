package tracing

import (
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/clients/go/tracing/internal/secrets"
	"go.opentelemetry.io/otel/attribute"
)

// redacted stands where content was hidden, so that a reader can tell what was
// hidden from what never was.
const redacted = secrets.Redacted

// hiding says what is not to leave the process. Values are hidden before
// anything is written from them, so that no vocabulary and no excerpt can show
// what another hides.
type hiding struct {
	inputs, outputs                 bool
	inputMessages, outputMessages   bool
	inputText, outputText           bool
	inputImages                     bool
	parameters, tools               bool
	prompts, choices                bool
	embeddingVectors, embeddingText bool
	exceptions                      bool
	maxImage                        int // characters of an image in base64
}

// everything is what is hidden where a switch cannot be read.
var everything = hiding{
	inputs: true, outputs: true, inputMessages: true, outputMessages: true, inputText: true, outputText: true,
	inputImages: true, parameters: true, tools: true, prompts: true, choices: true,
	embeddingVectors: true, embeddingText: true, exceptions: true,
}

// quoted reports whether anything is hidden that the text of an error may quote:
// providers and tools like to repeat what they were given.
func (h *hiding) quoted() bool {
	return h.inputs || h.outputs || h.inputMessages || h.outputMessages || h.inputText || h.outputText ||
		h.prompts || h.choices || h.embeddingText
}

func hidden(hide bool, text string) string {
	if hide && text != "" {
		return redacted
	}
	return text
}

// input returns what may be told of a span's input. That of a call of a model is
// what its messages or its texts say.
func (h *hiding) input(k *kind, c content) content {
	hide := h.inputs || k.callsModel && (h.inputMessages || h.inputText) ||
		k.name == kindEmbedding.name && h.embeddingText
	if hide && c.text != "" {
		return content{text: redacted}
	}
	return c
}

// output returns what may be told of a span's output.
func (h *hiding) output(k *kind, c content) content {
	hide := h.outputs || k.callsModel && (h.outputMessages || h.outputText) ||
		k.name == kindEmbedding.name && h.embeddingVectors
	if hide && c.text != "" {
		return content{text: redacted}
	}
	return c
}

func (h *hiding) prompt(text string) string { return hidden(h.inputs || h.prompts, text) }

// call returns what may be told of a call.
func (h *hiding) call(c ModelCall) ModelCall {
	if h.inputs || h.inputMessages || h.prompts && c.Operation == TextCompletion {
		c.Messages = nil
	}
	c.Messages = h.messages(c.Messages, h.inputText, h.inputImages)
	if h.inputs || h.tools {
		c.Tools = nil
	}
	for i := range c.Tools {
		if clean := secrets.Without(c.Tools[i].JSON, secrets.TextsOnly); clean != c.Tools[i].JSON {
			c.Tools = slices.Clone(c.Tools)
			c.Tools[i].JSON = clean
		}
	}
	if h.parameters {
		c.Parameters = ""
	}
	c.Parameters = secrets.Without(c.Parameters, secrets.WholeValues)
	if h.inputs || h.inputMessages || h.inputText || h.embeddingText {
		c.Texts = eachRedacted(c.Texts)
	}
	return c
}

// result returns what may be told of what came of a call.
func (h *hiding) result(operation Operation, r ModelResult) ModelResult {
	if h.outputs || h.outputMessages || h.choices && operation == TextCompletion {
		r.Messages = nil
	}
	r.Messages = h.messages(r.Messages, h.outputText, false)
	if h.outputs || h.embeddingVectors {
		r.Vectors = nil
	}
	return r
}

func (h *hiding) messages(messages []Message, text, images bool) []Message {
	tooLong := func(image string) bool { return len(image) > h.maxImage && isInline(image) }
	if !text && !images && !slices.ContainsFunc(messages, func(m Message) bool { return slices.ContainsFunc(m.Images, tooLong) }) {
		return messages
	}
	messages = slices.Clone(messages)
	for i := range messages {
		m := &messages[i]
		m.Content, m.Reasoning = hidden(text, m.Content), hidden(text, m.Reasoning)
		m.ToolCalls = slices.Clone(m.ToolCalls)
		for j := range m.ToolCalls {
			m.ToolCalls[j].Arguments = hidden(text, m.ToolCalls[j].Arguments)
		}
		if images {
			m.Images = nil
		}
		m.Images = slices.Clone(m.Images)
		for j, image := range m.Images {
			m.Images[j] = hidden(tooLong(image), image)
		}
	}
	return messages
}

// isInline reports whether an image is in its own address.
func isInline(address string) bool {
	return strings.HasPrefix(address, "data:image/") && strings.Contains(address, "base64")
}

func eachRedacted(texts []string) []string {
	hid := make([]string, len(texts))
	for i := range texts {
		hid[i] = redacted
	}
	return hid
}

// documents hides what was said in documents; which they were, and how well they
// fit, stays.
func documents(hide bool, found []Document) []Document {
	if !hide {
		return found
	}
	found = slices.Clone(found)
	for i := range found {
		found[i].Content, found[i].Metadata = hidden(true, found[i].Content), nil
	}
	return found
}

// attributes returns what may be told of attributes that were set by name.
func (h *hiding) attributes(set []attribute.KeyValue) attributes {
	told := make(attributes, 0, len(set))
	for _, a := range set {
		switch h.fate(string(a.Key)) {
		case dropped:
		case covered:
			told = told.text(string(a.Key), redacted)
		case searched:
			told = told.text(string(a.Key), secrets.Without(a.Value.String(), secrets.WholeValues))
		default:
			told = told.valid(a)
		}
	}
	return told
}

// valid appends an attribute whose texts can be sent.
func (a attributes) valid(kv attribute.KeyValue) attributes {
	key := attribute.Key(valid(string(kv.Key)))
	switch kv.Value.Type() {
	case attribute.STRING:
		return append(a, key.String(valid(kv.Value.AsString())))
	case attribute.STRINGSLICE:
		return a.texts(string(key), kv.Value.AsStringSlice())
	}
	return append(a, kv)
}
