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
		Name:        text(s.Name),
		Kind:        pb.SpanKind(s.Kind),
		Type:        pb.SpanType(s.Type),
		StartTime:   timestamp(s.StartNano),
		EndTime:     timestamp(s.EndNano),
		Duration:    duration(max(0, s.EndNano-s.StartNano)),
		Failed:      s.Failed,
		Error:       spanError(s),
		Identity:    identity(&s.Identity),
		Service:     text(s.Service),
		Environment: text(s.Environment),
		ModelCall:   modelCall(s),
		ToolUse:     toolUse(s),
	}
	if !s.ParentID.IsZero() {
		out.ParentSpanId = s.ParentID.String()
	}
	if s.Status != model.StatusUnset || s.StatusMessage != "" {
		out.Status = &pb.SpanStatus{Code: pb.StatusCode(s.Status), Message: text(s.StatusMessage)}
	}
	if s.Body != nil {
		addBody(out, s.Body)
	}
	return out
}

// addBody adds what only a complete span has.
func addBody(out *pb.Span, b *model.Body) {
	out.Name = text(b.FullName)
	if b.FullStatusMessage != "" {
		if out.Status == nil {
			out.Status = &pb.SpanStatus{}
		}
		out.Status.Message = text(b.FullStatusMessage)
	}
	out.Input = content(b.Input)
	out.Output = content(b.Output)
	out.Attributes = keyValues(b.Attributes)
	out.Events = events(b.Events)
	out.Links = links(b.Links)
	out.Resource = &pb.Resource{
		Attributes:             keyValues(b.Resource.Attributes),
		DroppedAttributesCount: b.Resource.DroppedAttributes,
		SchemaUrl:              text(b.Resource.SchemaURL),
	}
	out.Scope = &pb.Scope{
		Name:                   text(b.Scope.Name),
		Version:                text(b.Scope.Version),
		Attributes:             keyValues(b.Scope.Attributes),
		DroppedAttributesCount: b.Scope.DroppedAttributes,
		SchemaUrl:              text(b.Scope.SchemaURL),
	}
	out.TraceState = text(b.TraceState)
	out.Flags = b.Flags
	out.DroppedAttributesCount = b.DroppedAttributes
	out.DroppedEventsCount = b.DroppedEvents
	out.DroppedLinksCount = b.DroppedLinks
}

func spanError(s *model.Span) *pb.SpanError {
	e := &pb.SpanError{Type: text(s.ErrorType), Message: text(s.ErrorMessage)}
	if s.Body != nil {
		e.Stacktrace = text(s.Body.Stacktrace)
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
		AgentId:      text(id.AgentID),
		AgentName:    text(id.AgentName),
		TeamId:       text(id.TeamID),
		TeamName:     text(id.TeamName),
		WorkflowId:   text(id.WorkflowID),
		WorkflowName: text(id.WorkflowName),
		SessionId:    text(id.SessionID),
		UserId:       text(id.UserID),
		RunId:        text(id.RunID),
	}
}

func content(c model.Content) *pb.Content {
	if c == (model.Content{}) {
		return nil
	}
	return &pb.Content{Value: text(c.Value), MimeType: text(c.MIMEType)}
}

func events(in []model.Event) []*pb.Event {
	var out []*pb.Event
	for i := range in {
		e := &in[i]
		out = append(out, &pb.Event{
			Time:                   timestamp(e.TimeNano),
			Name:                   text(e.Name),
			Attributes:             keyValues(e.Attributes),
			DroppedAttributesCount: e.DroppedAttributes,
		})
	}
	return out
}
