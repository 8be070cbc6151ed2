package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Failure is what a server says went wrong.
type Failure struct {
	// Status of HTTP, 0 where the failure came within an answer that began well.
	Status int
	// Type in the provider's words, such as "rate_limit_error"; may be empty.
	Type string
	// Message is for people; may be empty.
	Message string
}

// Error returns the type and the message.
func (f *Failure) Error() string {
	kind := f.Type
	if kind == "" && f.Status != 0 {
		kind = fmt.Sprintf("HTTP status %d", f.Status)
	}
	switch {
	case f.Message == "":
		return kind
	case kind == "":
		return f.Message
	}
	return kind + ": " + f.Message
}

// ErrorType returns the provider's type, or the status of HTTP as digits, as
// error.type is to be where no better name is known.
func (f *Failure) ErrorType() string {
	if f.Type == "" && f.Status != 0 {
		return fmt.Sprint(f.Status)
	}
	return f.Type
}

// maxMessage is how long the message of a failure may be, in bytes.
const maxMessage = 2000

// failed has all the shapes in which the known servers tell of a failure.
type failed struct {
	Error   json.RawMessage `json:"error"`
	Detail  json.RawMessage `json:"detail"`
	Type    String          `json:"type"`
	Code    String          `json:"code"`
	Status  String          `json:"status"`
	Message String          `json:"message"`
}

// ReadFailure reads what a server says in place of an answer, JSON of any known
// shape or text. status is that of HTTP.
func ReadFailure(status int, body []byte) *Failure {
	failure := &Failure{Status: status}
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '[' { // of a stream that is an array
		if list := List(body); len(list) > 0 {
			body = list[0]
		}
	}
	var outer failed
	switch {
	case len(body) == 0:
	case body[0] == '{' && json.Unmarshal(body, &outer) != nil && outer.Error == nil && outer.Message == "":
		failure.Message = string(body)
	case body[0] == '{':
		failure.read(outer)
	case body[0] != '<': // a page of HTML says less than the status
		failure.Message = string(body)
	}
	failure.Message = start(strings.ToValidUTF8(failure.Message, "\uFFFD"), maxMessage)
	failure.Type = start(failure.Type, maxType)
	return failure
}

// maxType is how long the type of a failure may be, in bytes.
const maxType = 200

// InBody returns the failure that a document tells of in its member "error", nil
// where it has none.
func InBody(member json.RawMessage) *Failure {
	if member == nil || bytes.Equal(member, []byte("null")) {
		return nil
	}
	failure := &Failure{}
	failure.read(failed{Error: member})
	failure.Message = start(failure.Message, maxMessage)
	failure.Type = start(failure.Type, maxType)
	return failure
}

func (f *Failure) read(outer failed) {
	inner := outer
	if outer.Error != nil {
		inner = failed{}
		if json.Unmarshal(outer.Error, &inner) != nil && inner.Message == "" {
			inner.Message = String(asText(outer.Error))
		}
	}
	f.Message = string(inner.Message)
	if f.Message == "" && outer.Detail != nil {
		f.Message = asText(outer.Detail)
	}
	if f.Message == "" {
		f.Message = string(outer.Message)
	}
	// Google says a number as code and a word as status; OpenAI's code is more
	// exact than its type, and often absent.
	for _, word := range []String{inner.Status, inner.Type, inner.Code, outer.Code} {
		if word != "" && word != "error" {
			f.Type = string(word)
			return
		}
	}
}

// asText returns a JSON string's value, and other JSON as it is.
func asText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
