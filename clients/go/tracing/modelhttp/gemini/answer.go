package gemini

import (
	"encoding/json"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// Answer collects an answer, whole or in the pieces of a stream, each of which is
// shaped like a whole one.
type Answer struct {
	*answer.Collector
	used    *usage
	flowing map[int]bool // choices whose last part was text, which the next piece continues
}

// NewAnswer returns an Answer that keeps limit bytes of text.
func NewAnswer(limit int) Answer {
	return Answer{Collector: answer.New(limit), used: &usage{}, flowing: map[int]bool{}}
}

type document struct {
	ID         string      `json:"responseId"`
	Model      string      `json:"modelVersion"`
	Candidates []candidate `json:"candidates"`
	Feedback   struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage *usage          `json:"usageMetadata"`
	Error json.RawMessage `json:"error"`
}

type candidate struct {
	Index        int           `json:"index"`
	Content      content       `json:"content"`
	FinishReason answer.String `json:"finishReason"`
}

// Document takes a whole answer, or a piece of one.
func (a Answer) Document(doc []byte, _ bool) {
	var in document
	answer.Lenient(doc, &in)
	if in.ID != "" {
		a.ID = in.ID
	}
	if in.Model != "" {
		a.Model = in.Model
	}
	for i := range in.Candidates {
		a.candidate(&in.Candidates[i])
	}
	if in.Feedback.BlockReason != "" {
		a.Choice(0).Finish = in.Feedback.BlockReason
		a.Complete = true
	}
	if in.Usage != nil {
		a.used.update(in.Usage)
		a.Usage = a.used.traced()
	}
	if failure := answer.InBody(in.Error); failure != nil {
		a.Fail(failure)
	}
}

func (a Answer) candidate(in *candidate) {
	out := a.Choice(in.Index)
	for i := range in.Content.Parts {
		p := &in.Content.Parts[i]
		p.settle()
		a.part(in.Index, out, p)
	}
	if in.FinishReason != "" {
		out.Finish = string(in.FinishReason)
		a.Complete = true
	}
}

// part adds a part. A stream cuts a text into parts anywhere, so text that follows
// text continues it.
func (a Answer) part(index int, out *answer.Choice, p *part) {
	switch {
	case p.Call != nil:
		call := out.NewCall()
		call.ID = p.Call.ID
		call.Name(p.Call.Name)
		call.Arguments(string(p.Call.Args))
	case p.Thought:
		out.Reasoning(p.Text)
		return
	case p.Text != "" && a.flowing[index]:
		out.Text(p.Text)
		return
	default:
		out.Part(p.said())
	}
	if len(a.flowing) < maxFlowing {
		a.flowing[index] = p.Text != "" && p.Call == nil
	}
}

// maxFlowing bounds the choices of an answer that are told apart.
const maxFlowing = 128

// Embeddings collects an answer of embedContent or batchEmbedContents: all but the
// vectors.
type Embeddings struct{ Answer }

// NewEmbeddings returns an Embeddings that keeps limit bytes of text.
func NewEmbeddings(limit int) Embeddings { return Embeddings{NewAnswer(limit)} }

// Document takes an answer.
func (e Embeddings) Document(doc []byte, isCut bool) {
	e.Answer.Document(doc, isCut)
	e.Complete = true
}
