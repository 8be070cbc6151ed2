package tracing

import "strings"

// SetCall records what is asked of a model that was not known yet when the call
// began: who observes requests as they are sent knows them only then. It says all
// of the call, and replaces what was said at its beginning but for the operation.
func (s ModelSpan) SetCall(call ModelCall) {
	if s.call == nil || !s.Recording() {
		return
	}
	call.Operation = s.call.operation
	s.span.SetName(callName(&call))
	s.span.SetAttributes(s.asked(&call)...)
}

func callName(call *ModelCall) string {
	return strings.TrimSpace(string(call.Operation) + " " + call.Model)
}

// asked returns the attributes of what is asked, as far as they may be told.
func (s *Span) asked(call *ModelCall) attributes {
	told := s.tracer.hiding.call(*call)
	set := make(attributes, 0, 16+4*len(told.Messages))
	if s.what.name == kindEmbedding.name {
		set = set.embedding(&told)
	} else {
		set = set.modelCall(&told)
	}
	if s.tracer.genAI {
		set = set.genAICall(&told)
	}
	return set.contents(keyInput, keyInputType, s.tracer.hiding.conversation(call, &told))
}
