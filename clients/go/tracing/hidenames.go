package tracing

import "strings"

// fate is what becomes of an attribute that was set by its name.
type fate uint8

const (
	told     fate = iota
	covered       // its value is replaced
	dropped       // it is left out, since its name has no place for a text
	searched      // secrets are taken out of it
)

// names is what is hidden by the names of attributes. They are only looked at
// where spans are given attributes by name: what the package writes itself was
// hidden before.
var names = [...]struct {
	prefix string
	fate   func(h *hiding, rest string) fate
}{
	{keyInput, func(h *hiding, _ string) fate { return coverIf(h.inputs) }},
	{keyInputType, func(h *hiding, _ string) fate { return dropIf(h.inputs) }},
	{keyOutput, func(h *hiding, _ string) fate { return coverIf(h.outputs) }},
	{keyOutputType, func(h *hiding, _ string) fate { return dropIf(h.outputs) }},
	{prefixInputMessages, func(h *hiding, rest string) fate {
		return messageFate(h.inputs || h.inputMessages, h.inputText, h.inputImages, rest)
	}},
	{prefixOutputMessages, func(h *hiding, rest string) fate {
		return messageFate(h.outputs || h.outputMessages, h.outputText, false, rest)
	}},
	{prefixTools, func(h *hiding, _ string) fate { return dropIf(h.inputs || h.tools) }},
	{prefixPrompts, func(h *hiding, _ string) fate { return coverIf(h.inputs || h.prompts) }},
	{prefixChoices, func(h *hiding, _ string) fate { return coverIf(h.outputs || h.choices) }},
	{keyPromptTemplate, func(h *hiding, _ string) fate { return coverIf(h.inputs || h.prompts) }},
	{keyPromptVariables, func(h *hiding, _ string) fate { return coverIf(h.inputs || h.prompts) }},
	{keyParameters, parameterFate},
	{keyEmbeddingParams, parameterFate},
	{prefixEmbeddings, func(h *hiding, rest string) fate {
		if strings.HasSuffix(rest, ".vector") {
			return coverIf(h.outputs || h.embeddingVectors)
		}
		return coverIf(h.inputs || h.inputMessages || h.inputText || h.embeddingText)
	}},
	{prefixRetrieved, func(h *hiding, rest string) fate { return documentFate(h.outputs, rest) }},
	{prefixRerankerInputs, func(h *hiding, rest string) fate { return documentFate(h.inputs, rest) }},
	{prefixRerankerOutputs, func(h *hiding, rest string) fate { return documentFate(h.outputs, rest) }},
	{keyRerankerQuery, func(h *hiding, _ string) fate { return coverIf(h.inputs) }},
	{"tool.parameters", func(h *hiding, _ string) fate { return coverIf(h.inputs) }},
	{"tool_call.function.arguments", func(h *hiding, _ string) fate { return coverIf(h.inputs) }},
	{genaiInputMessages, inputFate},
	{"gen_ai.system_instructions", inputFate},
	{"gen_ai.prompt", inputFate},
	{genaiOutputMessages, outputFate},
	{"gen_ai.completion", outputFate},
	{genaiToolDefinitions, func(h *hiding, _ string) fate { return dropIf(h.inputs || h.tools) }},
	{genaiToolArguments, func(h *hiding, _ string) fate { return coverIf(h.inputs) }},
	{genaiToolResult, func(h *hiding, _ string) fate { return coverIf(h.outputs) }},
	{genaiQuery, func(h *hiding, _ string) fate { return coverIf(h.inputs) }},
	{genaiDocuments, func(h *hiding, _ string) fate { return dropIf(h.outputs) }},
	{prefixRequest, func(h *hiding, rest string) fate { return dropIf(h.parameters && rest != "model") }},
	{keyExceptionMessage, func(h *hiding, _ string) fate { return coverIf(h.exceptions) }},
	{keyExceptionStacktrace, func(h *hiding, _ string) fate { return coverIf(h.exceptions) }},
	{"error.message", func(h *hiding, _ string) fate { return coverIf(h.exceptions) }},
}

func (h *hiding) fate(name string) fate {
	for i := range names {
		if rest, ok := strings.CutPrefix(name, names[i].prefix); ok {
			return names[i].fate(h, rest)
		}
	}
	return told
}

func coverIf(hide bool) fate {
	if hide {
		return covered
	}
	return told
}

func dropIf(hide bool) fate {
	if hide {
		return dropped
	}
	return told
}

func messageFate(whole, text, images bool, rest string) fate {
	switch {
	case whole, images && strings.Contains(rest, "message_content.image"):
		return dropped
	case text && (strings.HasSuffix(rest, ".content") || strings.HasSuffix(rest, ".text") || strings.Contains(rest, "arguments")):
		return covered
	}
	return told
}

func documentFate(hide bool, rest string) fate {
	return coverIf(hide && (strings.HasSuffix(rest, ".content") || strings.HasSuffix(rest, ".metadata")))
}

func parameterFate(h *hiding, _ string) fate {
	if h.parameters {
		return dropped
	}
	return searched
}

func inputFate(h *hiding, _ string) fate {
	if h.inputs || h.inputMessages {
		return dropped
	}
	return coverIf(h.inputText)
}

func outputFate(h *hiding, _ string) fate {
	if h.outputs || h.outputMessages {
		return dropped
	}
	return coverIf(h.outputText)
}
