package tracing

import (
	"fmt"
	"strconv"
	"strings"
)

// choice is what a Tracer writes and what it hides.
type choice struct {
	hiding
	genAI          bool
	hideExceptions *bool // nil: where anything is hidden that they may quote
}

func (c *choice) resolved() hiding {
	h := c.hiding
	if c.hideExceptions != nil {
		h.exceptions = *c.hideExceptions
	} else {
		h.exceptions = h.exceptions || h.quoted()
	}
	return h
}

// maxImageByDefault is OpenInference's limit of an image in base64, in
// characters.
const maxImageByDefault = 32_000

// choiceFrom reads OpenInference's variables.
func choiceFrom(getenv func(string) string) (choice, error) {
	c := choice{hiding: hiding{maxImage: maxImageByDefault}}
	h := &c.hiding
	for _, v := range [...]struct {
		name string
		on   *bool
	}{
		{"OPENINFERENCE_HIDE_INPUTS", &h.inputs},
		{"OPENINFERENCE_HIDE_OUTPUTS", &h.outputs},
		{"OPENINFERENCE_HIDE_INPUT_MESSAGES", &h.inputMessages},
		{"OPENINFERENCE_HIDE_OUTPUT_MESSAGES", &h.outputMessages},
		{"OPENINFERENCE_HIDE_INPUT_TEXT", &h.inputText},
		{"OPENINFERENCE_HIDE_OUTPUT_TEXT", &h.outputText},
		{"OPENINFERENCE_HIDE_INPUT_IMAGES", &h.inputImages},
		{"OPENINFERENCE_HIDE_LLM_INVOCATION_PARAMETERS", &h.parameters},
		{"OPENINFERENCE_HIDE_LLM_TOOLS", &h.tools},
		{"OPENINFERENCE_HIDE_PROMPTS", &h.prompts},
		{"OPENINFERENCE_HIDE_LLM_PROMPTS", &h.prompts},
		{"OPENINFERENCE_HIDE_CHOICES", &h.choices},
		{"OPENINFERENCE_HIDE_EMBEDDING_VECTORS", &h.embeddingVectors},
		{"OPENINFERENCE_HIDE_EMBEDDINGS_VECTORS", &h.embeddingVectors},
		{"OPENINFERENCE_HIDE_EMBEDDINGS_TEXT", &h.embeddingText},
		{"OPENINFERENCE_ENABLE_GENAI_SEMCONV", &c.genAI},
	} {
		on, err := yesOrNo(v.name, getenv(v.name))
		if err != nil {
			return choice{}, err
		}
		*v.on = *v.on || on
	}
	const images = "OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH"
	if text := strings.TrimSpace(getenv(images)); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return choice{}, fmt.Errorf("%s is %q; it must be a number of characters, such as %d", images, text, maxImageByDefault)
		}
		h.maxImage = n
	}
	return c, nil
}

// yesOrNo reads a switch. What cannot be read is an error, not a no: somebody
// wanted something hidden.
func yesOrNo(name, text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1":
		return true, nil
	case "", "false", "0":
		return false, nil
	}
	return false, fmt.Errorf("%s is %q; it must be true or false", name, text)
}
