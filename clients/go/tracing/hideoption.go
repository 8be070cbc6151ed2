package tracing

// TracerOption is an option of [NewTracer], and of [Setup] too.
type TracerOption interface {
	Option
	applyTracer(c *choice)
}

type tracerOption func(*choice)

func (o tracerOption) applyTracer(c *choice)     { o(c) }
func (o tracerOption) applySetup(s *setupChoice) { o(&s.choice) }

// GenAI writes the attributes of OpenTelemetry's GenAI conventions beside those
// of OpenInference. By default, OPENINFERENCE_ENABLE_GENAI_SEMCONV decides.
func GenAI(on bool) TracerOption {
	return tracerOption(func(c *choice) { c.genAI = on })
}

// HideInputs hides inputs of every kind: input values, messages to models, tools
// offered to them, arguments of tools, texts to embed, queries, prompts. By
// default, OPENINFERENCE_HIDE_INPUTS decides; so it is with each option below and
// the variable of its name.
func HideInputs(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.inputs = hide })
}

// HideOutputs hides outputs of every kind: output values, answers of models,
// results of tools, embeddings, and the text and metadata of documents found.
func HideOutputs(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.outputs = hide })
}

// HideInputMessages hides messages to models and texts to embed.
func HideInputMessages(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.inputMessages = hide })
}

// HideOutputMessages hides answers of models.
func HideOutputMessages(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.outputMessages = hide })
}

// HideInputText hides what messages to models say, arguments of tool calls in
// them included, and texts to embed; who spoke in which order stays.
func HideInputText(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.inputText = hide })
}

// HideOutputText hides what answers of models say, arguments of tool calls in them
// included.
func HideOutputText(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.outputText = hide })
}

// HideInputImages hides images in messages to models.
func HideInputImages(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.inputImages = hide })
}

// HideLLMInvocationParameters hides parameters of calls, such as temperature.
// Secrets among them are redacted in any case.
func HideLLMInvocationParameters(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.parameters = hide })
}

// HideLLMTools hides the tools that are offered to models.
func HideLLMTools(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.tools = hide })
}

// HidePrompts hides prompts of text completions, and prompt templates with their
// variables.
func HidePrompts(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.prompts = hide })
}

// HideChoices hides answers of text completions.
func HideChoices(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.choices = hide })
}

// HideEmbeddingsVectors hides embeddings. The older name of its variable,
// OPENINFERENCE_HIDE_EMBEDDING_VECTORS, counts too.
func HideEmbeddingsVectors(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.embeddingVectors = hide })
}

// HideEmbeddingsText hides texts to embed.
func HideEmbeddingsText(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.embeddingText = hide })
}

// Base64ImageMaxLength redacts images that are written into their messages in
// more than that many characters; 32,000 by default.
func Base64ImageMaxLength(characters int) TracerOption {
	return tracerOption(func(c *choice) { c.maxImage = characters })
}

// HideExceptions hides the texts of errors and panics, and keeps their types. By
// default they are hidden when any of what they may quote is: inputs, outputs,
// messages, their text, prompts, choices, or texts to embed. No variable decides.
func HideExceptions(hide bool) TracerOption {
	return tracerOption(func(c *choice) { c.hideExceptions = &hide })
}
