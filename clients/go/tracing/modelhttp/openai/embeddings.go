package openai

import (
	"encoding/json"
	"fmt"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// EmbeddingsCall reads a request of embeddings.
func EmbeddingsCall(body []byte) tracing.ModelCall {
	members := answer.Object(body)
	return tracing.ModelCall{
		Operation:  tracing.Embeddings,
		Model:      text(members["model"]),
		Parameters: answer.Without(members, "model", "input"),
		Texts:      texts(members["input"]),
	}
}

// texts reads a text or a list of them. In place of a text there may be the
// numbers of its tokens, of which their count is told.
func texts(raw json.RawMessage) []string {
	var out []string
	numbers := 0
	for _, element := range answer.List(raw) {
		switch element[0] {
		case '"':
			out = append(out, text(element))
		case '[':
			out = append(out, tokens(len(answer.List(element))))
		default:
			numbers++
		}
	}
	if numbers > 0 {
		out = append(out, tokens(numbers))
	}
	return out
}

func tokens(n int) string { return fmt.Sprintf("[%d tokens]", n) }

// Embeddings collects an answer of embeddings: all but the vectors.
type Embeddings struct{ Chat }

// NewEmbeddings returns an Embeddings that keeps limit bytes of text.
func NewEmbeddings(limit int) Embeddings { return Embeddings{NewChat(limit)} }

// Document takes an answer.
func (e Embeddings) Document(doc []byte, isCut bool) {
	e.Chat.Document(doc, isCut)
	e.Complete = true
}
