package tracing

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// ModelSpan is a call of a model that is going on. Its zero value records
// nothing.
type ModelSpan struct {
	*Span
	call *modelState
}

// modelState is what a call's beginning leaves for its end.
type modelState struct {
	operation  Operation
	start      time.Time
	firstToken atomic.Int64 // nanoseconds after start
}

// Model starts a call of a model, or an embedding. The span's input is the last
// message, and its output the answer, in a few words: the messages say all, and
// are not written twice.
func Model(ctx context.Context, call ModelCall, options ...SpanOption) (context.Context, ModelSpan) {
	return tracerOf(ctx).Model(ctx, call, options...)
}

// Model starts a call of a model; see the function [Model].
func (t *Tracer) Model(ctx context.Context, call ModelCall, options ...SpanOption) (context.Context, ModelSpan) {
	if call.Operation == "" {
		call.Operation = Chat
	}
	what := kindModel
	if call.Operation == Embeddings {
		what = kindEmbedding
	}
	o := spanOptions(options)
	ctx, s := t.begin(ctx, what, strings.TrimSpace(string(call.Operation)+" "+call.Model), &o)
	state := &modelState{operation: call.Operation, start: o.start}
	if state.start.IsZero() {
		state.start = time.Now()
	}
	if s.Recording() {
		asked := s.tracer.hiding.call(call)
		set := make(attributes, 0, 16+4*len(asked.Messages))
		if what.name == kindEmbedding.name {
			set = set.embedding(&asked)
		} else {
			set = set.modelCall(&asked)
		}
		if s.tracer.genAI {
			set = set.genAICall(&asked)
		}
		set = set.contents(keyInput, keyInputType, s.tracer.hiding.conversation(&call, &asked))
		s.describe(ctx, set, &o)
	}
	return ctx, ModelSpan{s, state}
}

// FirstToken records that the first piece of a streamed answer is here. Only the
// first call counts.
func (s ModelSpan) FirstToken() {
	if s.call != nil {
		s.call.firstToken.CompareAndSwap(0, max(1, int64(time.Since(s.call.start))))
	}
}

// SetResult records what came of the call. It does not end the span. The time to
// the first token is that of the result, or else that of [ModelSpan.FirstToken].
func (s ModelSpan) SetResult(result ModelResult) {
	if s.call == nil || !s.Recording() {
		return
	}
	if result.TimeToFirstToken == 0 {
		result.TimeToFirstToken = time.Duration(s.call.firstToken.Load())
	}
	answered := s.tracer.hiding.result(s.call.operation, result)
	set := make(attributes, 0, 16+4*len(answered.Messages))
	set = set.modelResult(&answered)
	if s.tracer.genAI {
		set = set.genAIResult(&answered)
	}
	set = set.contents(keyOutput, keyOutputType, s.tracer.hiding.answer(&result, &answered))
	s.span.SetAttributes(set...)
}

// maxExcerpt bounds the excerpts of a conversation that are its span's input and
// output, in bytes.
const maxExcerpt = 1024

// conversation returns the input of a call's span: the last message, or what was
// to be embedded, if there is only one text.
func (h *hiding) conversation(call, asked *ModelCall) content {
	if len(call.Messages) > 0 && len(asked.Messages) == 0 || h.inputs && len(call.Texts) > 0 {
		return content{text: redacted}
	}
	if n := len(asked.Messages); n > 0 {
		return content{text: summary(&asked.Messages[n-1]), mimeType: typeText}
	}
	if len(asked.Texts) == 1 {
		return content{text: excerpt(asked.Texts[0], maxExcerpt), mimeType: typeText}
	}
	return content{}
}

// answer returns the output of a call's span: the first choice.
func (h *hiding) answer(result, answered *ModelResult) content {
	if len(result.Messages) > 0 && len(answered.Messages) == 0 {
		return content{text: redacted}
	}
	if len(answered.Messages) > 0 {
		return content{text: summary(&answered.Messages[0]), mimeType: typeText}
	}
	return content{}
}

// summary returns what a message says in a few words: its text, or else the tools
// that it asks for.
func summary(m *Message) string {
	if m.Content != "" {
		return excerpt(m.Content, maxExcerpt)
	}
	var calls strings.Builder
	for i, call := range m.ToolCalls {
		if i > 0 {
			calls.WriteByte('\n')
		}
		calls.WriteString(call.Name + "(" + call.Arguments + ")")
	}
	if calls.Len() > 0 {
		return excerpt(calls.String(), maxExcerpt)
	}
	return excerpt(m.Reasoning, maxExcerpt)
}

// embedding appends what is asked of an embedding model.
func (a attributes) embedding(c *ModelCall) attributes {
	a = a.text(keyEmbeddingModel, c.Model).text(keyProvider, c.Provider).text(keyEmbeddingParams, c.Parameters)
	for i, text := range c.Texts {
		a = a.text(prefixEmbeddings+itoa(i)+".embedding.text", text)
	}
	return a
}

// vectors appends embeddings.
func (a attributes) vectors(vectors [][]float64) attributes {
	for i, v := range vectors {
		a = append(a, attribute.Float64Slice(prefixEmbeddings+itoa(i)+".embedding.vector", v))
	}
	return a
}
