package openai

import (
	"encoding/json"
	"strings"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// Response collects an answer of responses, whole or streamed.
type Response struct {
	*answer.Collector
	items map[int]*answer.Call // calls of tools by the index of their item
	last  *lastPart
}

// lastPart is which part of the output the last piece belonged to.
type lastPart struct {
	kind string
	item int
	part int
}

// NewResponse returns a Response that keeps limit bytes of text.
func NewResponse(limit int) Response {
	return Response{Collector: answer.New(limit), items: map[int]*answer.Call{}, last: &lastPart{item: -1}}
}

type response struct {
	ID          string            `json:"id"`
	Model       string            `json:"model"`
	Status      string            `json:"status"`
	ServiceTier answer.String     `json:"service_tier"`
	Output      []json.RawMessage `json:"output"`
	Usage       *usage            `json:"usage"`
	Error       json.RawMessage   `json:"error"`
	Incomplete  struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
}

// event is one of a stream; a whole response has no type.
type event struct {
	Type         string          `json:"type"`
	Response     json.RawMessage `json:"response"`
	OutputIndex  int             `json:"output_index"`
	ContentIndex int             `json:"content_index"`
	SummaryIndex int             `json:"summary_index"`
	Delta        answer.String   `json:"delta"`
	Item         json.RawMessage `json:"item"`
	Error        json.RawMessage `json:"error"`
}

// Document takes a whole response, or the data of an event of a stream.
func (r Response) Document(doc []byte, isCut bool) {
	var in event
	answer.Lenient(doc, &in)
	switch in.Type {
	case "":
		r.whole(doc, isCut)
	case "error":
		r.Fail(r.failure(in, doc))
	case "response.completed", "response.failed", "response.incomplete", "response.cancelled":
		r.whole(in.Response, isCut)
		r.Complete = true
	case "response.created", "response.in_progress", "response.queued":
		var begun response
		answer.Lenient(in.Response, &begun)
		r.header(&begun)
	default:
		r.piece(&in)
	}
}

func (r Response) failure(in event, doc []byte) *answer.Failure {
	if failure := answer.InBody(in.Error); failure != nil {
		return failure
	}
	return answer.ReadFailure(0, doc)
}

func (r Response) header(in *response) {
	if in.ID != "" {
		r.ID = in.ID
	}
	if in.Model != "" {
		r.Model = in.Model
	}
	if in.ServiceTier != "" && in.ServiceTier != "auto" {
		r.ServiceTier = string(in.ServiceTier)
	}
	if in.Usage != nil {
		r.Usage = in.Usage.traced()
	}
}

// whole takes a complete response. It says all again that a stream has said in
// pieces, which count only where it was too long to be kept.
func (r Response) whole(raw json.RawMessage, isCut bool) {
	var in response
	answer.Lenient(raw, &in)
	r.header(&in)
	if len(in.Output) > 0 && (!isCut || !r.Started()) {
		r.Clear()
		for _, element := range in.Output {
			var i item
			answer.Lenient(element, &i)
			r.add(&i, element)
		}
	}
	if in.Status != "" {
		r.Choice(0).Finish = finish(&in)
		r.Complete = in.Status != "in_progress" && in.Status != "queued"
	}
	if failure := answer.InBody(in.Error); failure != nil {
		r.Fail(failure)
	} else if in.Status == "failed" {
		r.Fail(&answer.Failure{Type: "failed"})
	}
}

func finish(in *response) string {
	if in.Status == "incomplete" && in.Incomplete.Reason != "" {
		return in.Incomplete.Reason
	}
	return in.Status
}

func (r Response) add(in *item, raw json.RawMessage) {
	out := r.Choice(0)
	switch in.Type {
	case "message":
		said, _ := content(in.Content)
		out.Part(said)
	case "reasoning":
		out.ReasoningPart(in.reasoning())
	case "image_generation_call":
		out.Part(answer.Media("image", in.Result))
	default:
		call := out.NewCall()
		id, name, arguments := in.call(raw)
		call.ID = id
		call.Name(name)
		call.Arguments(arguments)
	}
}

// piece takes an event that adds to the output.
func (r Response) piece(in *event) {
	switch {
	case in.Type == "response.output_text.delta", in.Type == "response.refusal.delta":
		r.text(in, in.ContentIndex, "text")
	case strings.HasPrefix(in.Type, "response.reasoning") && strings.HasSuffix(in.Type, ".delta"):
		r.text(in, max(in.ContentIndex, in.SummaryIndex), "reasoning")
	case in.Type == "response.function_call_arguments.delta", in.Type == "response.custom_tool_call_input.delta", in.Type == "response.mcp_call_arguments.delta":
		if call := r.items[in.OutputIndex]; call != nil {
			call.Arguments(string(in.Delta))
		}
	case in.Type == "response.output_item.added":
		r.added(in)
	}
}

// text appends a piece, after a line break where it begins another part.
func (r Response) text(in *event, part int, kind string) {
	out := r.Choice(0)
	begins := *r.last != lastPart{kind, in.OutputIndex, part}
	*r.last = lastPart{kind, in.OutputIndex, part}
	switch {
	case kind == "text" && begins:
		out.Part(string(in.Delta))
	case kind == "text":
		out.Text(string(in.Delta))
	case begins:
		out.ReasoningPart(string(in.Delta))
	default:
		out.Reasoning(string(in.Delta))
	}
}

// maxItems bounds the calls that a stream may have at once.
const maxItems = 1024

func (r Response) added(in *event) {
	var i item
	answer.Lenient(in.Item, &i)
	switch i.Type {
	case "", "message", "reasoning", "image_generation_call":
		return
	}
	if len(r.items) >= maxItems {
		return
	}
	call := r.Choice(0).NewCall()
	id, name, _ := i.call(in.Item)
	call.ID = id
	call.Name(name)
	call.Arguments(string(i.Arguments))
	r.items[in.OutputIndex] = call
}
