package tracing

import "time"

// Operation says what a model is asked to do, in the words of OpenTelemetry's
// gen_ai.operation.name.
type Operation string

// The operations that have a shape of their own.
const (
	Chat           Operation = "chat"            // the default
	TextCompletion Operation = "text_completion" // a prompt to go on with, as one message of the user
	Embeddings     Operation = "embeddings"      // makes an EMBEDDING span
)

// ModelCall is what is known of a call of a model before it is made. Everything
// may be empty.
type ModelCall struct {
	// Operation is what is asked for; Chat where empty.
	Operation Operation
	// Provider is who serves the model, such as "openai" or "anthropic".
	Provider string
	// Model is the name that is asked for, such as "gpt-4o-mini".
	Model string
	// Parameters is everything else that was set for the call, such as
	// temperature, as one JSON object.
	Parameters string
	// Messages is the conversation so far, the system's message included.
	Messages []Message
	// Tools are those that the model may ask for.
	Tools []ToolDefinition
	// Texts is what to embed.
	Texts []string
}

// ModelResult is what came of a call. Everything may be empty.
type ModelResult struct {
	// ID is the provider's id of the answer.
	ID string
	// Model is the name of the model that answered, such as
	// "gpt-4o-mini-2024-07-18".
	Model string
	// Messages are the answers, one for each choice.
	Messages []Message
	// FinishReasons says why the model stopped, one for each choice.
	FinishReasons []string
	// Vectors are the embeddings of the texts, in their order. They are long: leave
	// them out unless somebody looks at them.
	Vectors [][]float64
	// Usage counts the tokens.
	Usage Usage
	// TimeToFirstToken is how long the first piece of a streamed answer took; 0
	// where the answer was not streamed.
	TimeToFirstToken time.Duration
	// ServiceTier is the tier that the provider billed, where it says so.
	ServiceTier string
}

// Message is one turn of a conversation with a model.
type Message struct {
	// Role is who speaks: system, user, assistant or tool.
	Role string
	// Content is the text of all parts, a line break between them.
	Content string
	// Images are the addresses of the images in it, which may hold the image
	// itself: data:image/png;base64,….
	Images []string
	// Reasoning is the model's reasoning, where it shows it.
	Reasoning string
	// ToolCalls are tools that the model asks to run.
	ToolCalls []ToolCall
	// ToolCallID is the id of the call that a tool message answers.
	ToolCallID string
}

// ToolCall is a model's request to run a tool.
type ToolCall struct {
	// ID of the call, by which its answer names it.
	ID string
	// Name of the tool.
	Name string
	// Arguments as JSON, as the model wrote them.
	Arguments string
}

// ToolDefinition describes a tool to a model.
type ToolDefinition struct {
	// Name of the tool.
	Name string
	// Description is what the tool is for.
	Description string
	// JSON is the whole definition, in the provider's shape.
	JSON string
}

// Usage counts tokens in disjoint buckets, as agenttrace.v1.Usage does: no token
// is in two of them. Providers report sums and parts of them; whoever fills a
// Usage takes the parts out of the sums.
type Usage struct {
	Input        int64 // prompt tokens, neither cached nor audio
	CacheRead    int64 // prompt tokens read from the provider's cache
	CacheWrite   int64 // prompt tokens written to the provider's cache
	CacheWrite1h int64 // those of CacheWrite that are kept for an hour
	AudioInput   int64 // audio tokens of the prompt
	Output       int64 // completion tokens, neither reasoning nor audio
	Reasoning    int64 // completion tokens spent on reasoning
	AudioOutput  int64 // audio tokens of the completion
	Total        int64 // the sum as the provider reported it; 0 where it did not
}
