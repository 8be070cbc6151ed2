package modelhttp

import (
	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/anthropic"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/cut"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/gemini"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/openai"
)

// collector is how an API's answers are put together.
type collector interface {
	Document(doc []byte, isCut bool)
	Result() tracing.ModelResult
	Started() bool
	Finished() bool
	Failed() *answer.Failure
}

// format is how an API's bodies are read.
type format struct {
	operation tracing.Operation
	call      func(body []byte) tracing.ModelCall
	collect   func(limit int) collector
	drop      func(parent, name string) bool
	file      func(parent, name string) bool
}

// formatOf returns how the bodies of an API are read; ok is false for [None] and
// for what is no API.
func formatOf(api API) (f format, ok bool) {
	f.operation = tracing.Chat
	switch api {
	case OpenAIChat:
		f.call, f.collect = openai.ChatCall, func(n int) collector { return openai.NewChat(n) }
	case OpenAICompletions:
		f.operation = tracing.TextCompletion
		f.call, f.collect = openai.CompletionCall, func(n int) collector { return openai.NewChat(n) }
	case OpenAIResponses:
		f.call, f.collect = openai.ResponsesCall, func(n int) collector { return openai.NewResponse(n) }
	case OpenAIEmbeddings:
		f.operation = tracing.Embeddings
		f.call, f.collect = openai.EmbeddingsCall, func(n int) collector { return openai.NewEmbeddings(n) }
	case AnthropicMessages:
		f.call, f.collect = anthropic.Call, func(n int) collector { return anthropic.NewMessage(n) }
		f.drop, f.file = anthropic.IsBulk, anthropic.IsFile
		return f, true
	case GeminiGenerate:
		f.call, f.collect = gemini.Call, func(n int) collector { return gemini.NewAnswer(n) }
	case GeminiEmbed:
		f.operation = tracing.Embeddings
		f.call, f.collect = gemini.EmbedCall, func(n int) collector { return gemini.NewEmbeddings(n) }
	case GeminiBatchEmbed:
		f.operation = tracing.Embeddings
		f.call, f.collect = gemini.BatchEmbedCall, func(n int) collector { return gemini.NewEmbeddings(n) }
	default:
		return format{}, false
	}
	if api >= GeminiGenerate {
		f.drop, f.file = gemini.IsBulk, gemini.IsFile
	} else {
		f.drop, f.file = openai.IsBulk, openai.IsFile
	}
	return f, true
}

// limits returns what is kept of a body or a document: total bytes, and a part of
// them in each text.
func (f *format) limits(text, total int) cut.Limits {
	return cut.Limits{String: text, Total: total, Drop: f.drop, File: f.file}
}
