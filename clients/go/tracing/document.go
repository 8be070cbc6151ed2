package tracing

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
)

// Document is a piece of text that was searched for, with how well it fits.
type Document struct {
	// ID names the document.
	ID string
	// Content is its text.
	Content string
	// Score is how well it fits, greater for better; 0 where nobody says.
	Score float64
	// Metadata is anything else that is known of it; it is written as JSON.
	Metadata map[string]any
}

// SetDocuments records what a retriever found, or what a reranker made of what it
// was given, the best first.
func (s *Span) SetDocuments(found ...Document) {
	if !s.Recording() {
		return
	}
	prefix := prefixRetrieved
	if s.what.name == kindReranker.name {
		prefix = prefixRerankerOutputs
	}
	shown := documents(s.tracer.hiding.outputs, found)
	set := attributes(nil).documents(prefix, shown)
	if s.tracer.genAI && prefix == prefixRetrieved {
		set = set.text(genaiDocuments, genAIDocuments(shown))
	}
	s.span.SetAttributes(set...)
}

// Reranking is what is asked of a model that orders documents by how well they
// fit. Everything may be empty.
type Reranking struct {
	// Model is the name of the model.
	Model string
	// Query is what the documents are to fit.
	Query string
	// TopK is how many are wanted; 0 for all.
	TopK int
	// Documents are those to be ordered.
	Documents []Document
}

// Reranker starts a reranking; [Span.SetDocuments] says how it came out.
func Reranker(ctx context.Context, asked Reranking, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Reranker(ctx, asked, options...)
}

// Reranker starts a reranking; see the function [Reranker].
func (t *Tracer) Reranker(ctx context.Context, asked Reranking, options ...SpanOption) (context.Context, *Span) {
	o := spanOptions(options)
	ctx, s := t.begin(ctx, kindReranker, strings.TrimSpace("rerank "+asked.Model), &o)
	if s.Recording() {
		hide := s.tracer.hiding.inputs
		set := attributes(nil).text(keyRerankerModel, asked.Model).text(keyRerankerQuery, hidden(hide, asked.Query)).
			count("reranker.top_k", int64(asked.TopK)).
			documents(prefixRerankerInputs, documents(hide, asked.Documents))
		s.describe(ctx, set, &o)
	}
	return ctx, s
}

func (a attributes) documents(prefix string, found []Document) attributes {
	for i := range found {
		d, at := &found[i], prefix+itoa(i)+".document."
		a = a.text(at+"id", d.ID).text(at+"content", d.Content)
		if d.Score != 0 {
			a = append(a, attribute.Float64(at+"score", d.Score))
		}
		if len(d.Metadata) > 0 {
			a = a.text(at+"metadata", jsonObject(d.Metadata))
		}
	}
	return a
}

func genAIDocuments(found []Document) string {
	type document struct {
		ID      string  `json:"id,omitempty"`
		Content string  `json:"content,omitempty"`
		Score   float64 `json:"score,omitempty"`
	}
	list := make([]document, len(found))
	for i := range found {
		list[i] = document{found[i].ID, found[i].Content, found[i].Score}
	}
	written, err := marshal(list)
	if err != nil { // A score that is no number.
		return ""
	}
	return string(written)
}
