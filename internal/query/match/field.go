package match

import (
	"encoding/hex"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
)

// serviceName is the attribute of the resource that is the intrinsic service.
const serviceName = "service.name"

// eachOf calls yield for each value of a field until it returns false, and
// reports whether it never did.
func (p *place) eachOf(f *query.Field, yield func(query.Value) bool) bool {
	s := p.span
	if s == nil {
		return true
	}
	switch f.Intrinsic {
	case 0:
		if f.Scope == query.ScopeResource && f.Name == serviceName {
			return present(text(s.Service), yield)
		}
		return s.Body == nil || eachAttribute(s.Body, f, yield)
	case query.TraceDuration, query.TraceRootName, query.TraceRootService, query.TraceSpanCount, query.TraceErrorCount, query.ChildCount:
		return present(p.ofTrace(f.Intrinsic), yield)
	case query.UsageCost, query.ToolArguments, query.ToolResult, query.ContentInput, query.ContentOutput, query.InstrumentationName, query.InstrumentationVersion:
		return s.Body == nil || present(ofBody(f.Intrinsic, s), yield)
	case query.ContentMessages:
		return s.Body == nil || eachText(s.Body.InputMessages, yield) && eachText(s.Body.OutputMessages, yield)
	case query.EventName, query.EventTimeSinceStart:
		return s.Body == nil || eachEvent(f.Intrinsic, s, yield)
	case query.LinkTraceID, query.LinkSpanID:
		return s.Body == nil || eachLink(f.Intrinsic, s.Body.Links, yield)
	case query.TraceID:
		return present(p.traceID(), yield)
	default:
		return present(Column(f.Intrinsic, s), yield)
	}
}

func present(v query.Value, yield func(query.Value) bool) bool {
	return v.Kind == query.KindNil || yield(v)
}

// text makes a value of a string; the empty one is absent.
func text(s string) query.Value {
	if s == "" {
		return query.Value{}
	}
	return query.Text(s)
}

// textOfID writes an id in hex, and none that is empty or nothing but zeros.
func textOfID(id []byte) string {
	for _, b := range id {
		if b != 0 {
			return hex.EncodeToString(id)
		}
	}
	return ""
}

func (p *place) traceID() query.Value {
	if p.at == none {
		return text(textOfID(p.span.TraceID[:]))
	}
	return text(p.trace.summary().id) // The text is made once for all spans.
}

func (p *place) ofTrace(i query.Intrinsic) query.Value {
	if p.at == none {
		return query.Value{}
	}
	if i == query.ChildCount {
		return query.Integer(int64(p.trace.tree().children[p.at]))
	}
	sums := p.trace.summary()
	switch i {
	case query.TraceDuration:
		return query.Duration(sums.duration)
	case query.TraceSpanCount:
		return query.Integer(int64(len(p.trace.spans)))
	case query.TraceErrorCount:
		return query.Integer(sums.errors)
	}
	switch {
	case sums.root == nil:
		return query.Value{}
	case i == query.TraceRootName:
		return text(sums.root.Name)
	default: // TraceRootService
		return text(sums.root.Service)
	}
}

// ofBody returns the value of an intrinsic that reads the content and has one
// value at most.
func ofBody(i query.Intrinsic, s *model.Span) query.Value {
	switch i {
	case query.UsageCost:
		if !s.Type.CallsModel() || s.Body.Cost == 0 {
			return query.Value{}
		}
		return query.Float(float64(s.Body.Cost) / 1e9)
	case query.ToolArguments:
		return text(s.Body.ToolArguments)
	case query.ToolResult:
		return text(s.Body.ToolResult)
	case query.ContentInput:
		return text(s.Body.Input.Value)
	case query.ContentOutput:
		return text(s.Body.Output.Value)
	case query.InstrumentationName:
		return text(s.Body.Scope.Name)
	default: // InstrumentationVersion
		return text(s.Body.Scope.Version)
	}
}

func eachText(messages []model.Message, yield func(query.Value) bool) bool {
	for i := range messages {
		m := &messages[i]
		if !present(text(m.Content), yield) || !present(text(m.Reasoning), yield) {
			return false
		}
		for j := range m.ToolCalls {
			if !present(text(m.ToolCalls[j].Name), yield) || !present(text(m.ToolCalls[j].Arguments), yield) {
				return false
			}
		}
	}
	return true
}

func eachEvent(i query.Intrinsic, s *model.Span, yield func(query.Value) bool) bool {
	for e := range s.Body.Events {
		v := query.Duration(s.Body.Events[e].TimeNano - s.StartNano)
		if i == query.EventName {
			v = text(s.Body.Events[e].Name)
		}
		if !present(v, yield) {
			return false
		}
	}
	return true
}

func eachLink(i query.Intrinsic, links []model.Link, yield func(query.Value) bool) bool {
	for l := range links {
		id := links[l].SpanID
		if i == query.LinkTraceID {
			id = links[l].TraceID
		}
		if !present(text(textOfID(id)), yield) {
			return false
		}
	}
	return true
}
