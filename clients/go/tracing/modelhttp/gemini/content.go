package gemini

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// content is one turn. Names may be written in two ways, as protobuf's JSON has it.
type content struct {
	Role  string `json:"role"`
	Parts []part `json:"parts"`
}

type part struct {
	Text    string `json:"text"`
	Thought bool   `json:"thought"`

	Inline  *file     `json:"inlineData"`
	Inline2 *file     `json:"inline_data"`
	File    *file     `json:"fileData"`
	File2   *file     `json:"file_data"`
	Call    *function `json:"functionCall"`
	Call2   *function `json:"function_call"`
	Answer  *function `json:"functionResponse"`
	Answer2 *function `json:"function_response"`

	Code struct {
		Language string `json:"language"`
		Code     string `json:"code"`
	} `json:"executableCode"`
	CodeResult struct {
		Outcome string `json:"outcome"`
		Output  string `json:"output"`
	} `json:"codeExecutionResult"`
}

type file struct {
	MIMEType  string `json:"mimeType"`
	MIMEType2 string `json:"mime_type"`
	Data      string `json:"data"`
	URI       string `json:"fileUri"`
	URI2      string `json:"file_uri"`
}

type function struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Args     json.RawMessage `json:"args"`
	Response json.RawMessage `json:"response"`
}

// settle moves what was written in the other way to where it is looked for.
func (p *part) settle() {
	if p.Inline == nil {
		p.Inline = p.Inline2
	}
	if p.File == nil {
		p.File = p.File2
	}
	if p.Call == nil {
		p.Call = p.Call2
	}
	if p.Answer == nil {
		p.Answer = p.Answer2
	}
}

// turn returns one turn as messages: what functions answered is a message of its
// own for each of them.
func turn(raw json.RawMessage) []tracing.Message {
	if said, ok := answer.Text(raw); ok {
		return []tracing.Message{{Role: "user", Content: said}}
	}
	var in content
	answer.Lenient(raw, &in)
	rest := tracing.Message{Role: role(in.Role)}
	var out []tracing.Message
	for i := range in.Parts {
		p := &in.Parts[i]
		p.settle()
		if a := p.Answer; a != nil {
			out = append(out, tracing.Message{Role: "tool", ToolCallID: a.id(), Content: string(a.Response)})
			continue
		}
		p.addTo(&rest)
	}
	if rest.Content != "" || rest.Reasoning != "" || rest.ToolCalls != nil {
		out = append(out, rest)
	}
	return out
}

// role returns a role in the words of the others.
func role(said string) string {
	switch said {
	case "model":
		return "assistant"
	case "":
		return "user"
	case "function":
		return "tool"
	}
	return said
}

// id returns by what a call is known: the Gemini API gives ids to few of them, and
// matches answers by name.
func (f *function) id() string {
	if f.ID == "" {
		return f.Name
	}
	return f.ID
}

func (p *part) addTo(m *tracing.Message) {
	switch {
	case p.Call != nil:
		m.ToolCalls = append(m.ToolCalls, tracing.ToolCall{ID: p.Call.ID, Name: p.Call.Name, Arguments: string(p.Call.Args)})
	case p.Thought:
		m.Reasoning = answer.Join(m.Reasoning, p.Text)
	default:
		m.Content = answer.Join(m.Content, p.said())
		if image := p.image(); image != "" {
			m.Images = append(m.Images, image)
		}
	}
}

// image returns the address of an image, "" of all else.
func (p *part) image() string {
	if p.File == nil || !p.File.isImage() {
		return ""
	}
	return p.File.address()
}

// said returns what a part says that is neither a thought nor a call.
func (p *part) said() string {
	switch {
	case p.Inline != nil:
		return p.Inline.media()
	case p.File != nil:
		return p.File.media()
	case p.Code.Code != "":
		return p.Code.Code
	case p.CodeResult.Outcome != "":
		return p.CodeResult.Output
	}
	return p.Text
}

// media describes a file. The address of an image is told among the message's
// images, where it can be hidden.
func (f *file) media() string {
	if f.isImage() {
		return answer.Media("file", f.mimeType(), f.Data)
	}
	return answer.Media("file", f.mimeType(), f.Data, f.address())
}

func (f *file) mimeType() string { return f.MIMEType + f.MIMEType2 }
func (f *file) address() string  { return answer.URL(f.URI + f.URI2) }
func (f *file) isImage() bool    { return strings.HasPrefix(f.mimeType(), "image/") }

func sorted(members map[string]json.RawMessage) []string {
	return slices.Sorted(maps.Keys(members))
}
