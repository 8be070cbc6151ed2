package convert

import (
	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// Span returns s as a message: complete where s has its Body, else with the
// narrow fields only.
func Span(s *model.Span) *pb.Span {
	out := &pb.Span{
		TraceId:     s.TraceID.String(),
		SpanId:      s.SpanID.String(),
		Name:        Text(s.Name),
		Kind:        pb.SpanKind(s.Kind),
		Type:        pb.SpanType(s.Type),
		StartTime:   Timestamp(s.StartNano),
		EndTime:     Timestamp(s.EndNano),
		Duration:    Duration(max(0, s.EndNano-s.StartNano)),
		Failed:      s.Failed,
		Error:       spanError(s),
		Identity:    identity(&s.Identity),
		Service:     Text(s.Service),
		Environment: Text(s.Environment),
		ModelCall:   modelCall(s),
		ToolUse:     toolUse(s),
	}
	if !s.ParentID.IsZero() {
		out.ParentSpanId = s.ParentID.String()
	}
	if s.Status != model.StatusUnset || s.StatusMessage != "" {
		out.Status = &pb.SpanStatus{Code: pb.StatusCode(s.Status), Message: Text(s.StatusMessage)}
	}
	if s.Body != nil {
		addBody(out, s.Body)
	}
	return out
}

// Field numbers of what is set by [setAttributes].
const (
	spanAttributes     = 20
	eventAttributes    = 3
	linkAttributes     = 4
	resourceAttributes = 1
	scopeAttributes    = 3
)

// addBody adds what only a complete span has.
func addBody(out *pb.Span, b *model.Body) {
	out.Name = Text(b.FullName)
	if b.FullStatusMessage != "" {
		if out.Status == nil {
			out.Status = &pb.SpanStatus{}
		}
		out.Status.Message = Text(b.FullStatusMessage)
	}
	out.Input = content(b.Input)
	out.Output = content(b.Output)
	setAttributes(out, spanAttributes, b.Attributes)
	out.Events = events(b.Events)
	out.Links = links(b.Links)
	out.Resource = &pb.Resource{
		DroppedAttributesCount: b.Resource.DroppedAttributes,
		SchemaUrl:              Text(b.Resource.SchemaURL),
	}
	setAttributes(out.Resource, resourceAttributes, b.Resource.Attributes)
	out.Scope = &pb.Scope{
		Name:                   Text(b.Scope.Name),
		Version:                Text(b.Scope.Version),
		DroppedAttributesCount: b.Scope.DroppedAttributes,
		SchemaUrl:              Text(b.Scope.SchemaURL),
	}
	setAttributes(out.Scope, scopeAttributes, b.Scope.Attributes)
	out.TraceState = Text(b.TraceState)
	out.Flags = b.Flags
	out.DroppedAttributesCount = b.DroppedAttributes
	out.DroppedEventsCount = b.DroppedEvents
	out.DroppedLinksCount = b.DroppedLinks
}

func spanError(s *model.Span) *pb.SpanError {
	e := &pb.SpanError{Type: Text(s.ErrorType), Message: Text(s.ErrorMessage)}
	if s.Body != nil {
		e.Stacktrace = Text(s.Body.Stacktrace)
	}
	if !s.Failed && e.Type == "" && e.Message == "" && e.Stacktrace == "" {
		return nil
	}
	return e
}

func identity(id *model.Identity) *pb.Identity {
	if *id == (model.Identity{}) {
		return nil
	}
	return &pb.Identity{
		AgentId:      Text(id.AgentID),
		AgentName:    Text(id.AgentName),
		TeamId:       Text(id.TeamID),
		TeamName:     Text(id.TeamName),
		WorkflowId:   Text(id.WorkflowID),
		WorkflowName: Text(id.WorkflowName),
		SessionId:    Text(id.SessionID),
		UserId:       Text(id.UserID),
		RunId:        Text(id.RunID),
	}
}

func content(c model.Content) *pb.Content {
	if c == (model.Content{}) {
		return nil
	}
	return &pb.Content{Value: Text(c.Value), MimeType: Text(c.MIMEType)}
}

func events(in []model.Event) []*pb.Event {
	var out []*pb.Event
	for i := range in {
		e := &in[i]
		message := &pb.Event{
			Time:                   Timestamp(e.TimeNano),
			Name:                   Text(e.Name),
			DroppedAttributesCount: e.DroppedAttributes,
		}
		setAttributes(message, eventAttributes, e.Attributes)
		out = append(out, message)
	}
	return out
}
