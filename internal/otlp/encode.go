package otlp

import (
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// EncodeSpans writes spans as one TracesData message, in order. Of a span, its
// ids, times, kind, status code and Body count: what is derived from attributes
// is not written ([AddMissingAttributes] makes attributes of it). A span without
// a Body is written with its narrow name and status message.
func EncodeSpans(spans []*model.Span) []byte {
	records := make([]model.Record, len(spans))
	for i, s := range spans {
		body := s.Body
		if body == nil {
			body = &model.Body{}
		}
		records[i] = model.Record{
			Span:     s,
			Raw:      appendSpan(nil, s, body),
			Resource: appendResource(nil, &body.Resource),
			Scope:    appendScope(nil, &body.Scope),
		}
	}
	return AppendTracesData(nil, records)
}

func appendSpan(dst []byte, s *model.Span, b *model.Body) []byte {
	dst = wire.AppendBytes(dst, 1, s.TraceID[:])
	dst = wire.AppendBytes(dst, 2, s.SpanID[:])
	dst = wire.AppendString(dst, 3, b.TraceState)
	if !s.ParentID.IsZero() {
		dst = wire.AppendBytes(dst, 4, s.ParentID[:])
	}
	dst = wire.AppendString(dst, 5, firstOf(b.FullName, s.Name))
	dst = wire.AppendVarint(dst, 6, uint64(int64(s.Kind))) // negative numbers take ten bytes, as in protobuf
	dst = wire.AppendFixed64(dst, 7, uint64(s.StartNano))
	dst = wire.AppendFixed64(dst, 8, uint64(s.EndNano))
	dst = appendAttributes(dst, 9, b.Attributes)
	dst = wire.AppendVarint(dst, 10, uint64(b.DroppedAttributes))
	for i := range b.Events {
		start := len(dst)
		dst = appendEvent(dst, &b.Events[i])
		dst = wire.CloseMessage(dst, start, 11)
	}
	dst = wire.AppendVarint(dst, 12, uint64(b.DroppedEvents))
	for i := range b.Links {
		start := len(dst)
		dst = appendLink(dst, &b.Links[i])
		dst = wire.CloseMessage(dst, start, 13)
	}
	dst = wire.AppendVarint(dst, 14, uint64(b.DroppedLinks))
	if message := firstOf(b.FullStatusMessage, s.StatusMessage); message != "" || s.Status != model.StatusUnset {
		start := len(dst)
		dst = wire.AppendString(dst, 2, message)
		dst = wire.AppendVarint(dst, 3, uint64(s.Status))
		dst = wire.CloseMessage(dst, start, 15)
	}
	return wire.AppendFixed32(dst, 16, b.Flags)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func appendEvent(dst []byte, e *model.Event) []byte {
	dst = wire.AppendFixed64(dst, 1, uint64(e.TimeNano))
	dst = wire.AppendString(dst, 2, e.Name)
	dst = appendAttributes(dst, 3, e.Attributes)
	return wire.AppendVarint(dst, 4, uint64(e.DroppedAttributes))
}

func appendLink(dst []byte, l *model.Link) []byte {
	dst = wire.AppendBytes(dst, 1, l.TraceID)
	dst = wire.AppendBytes(dst, 2, l.SpanID)
	dst = wire.AppendString(dst, 3, l.TraceState)
	dst = appendAttributes(dst, 4, l.Attributes)
	dst = wire.AppendVarint(dst, 5, uint64(l.DroppedAttributes))
	return wire.AppendFixed32(dst, 6, l.Flags)
}

// appendResource appends the fields of a ResourceSpans message that stand beside
// its children.
func appendResource(dst []byte, r *model.Resource) []byte {
	start := len(dst)
	dst = appendAttributes(dst, 1, r.Attributes)
	dst = wire.AppendVarint(dst, 2, uint64(r.DroppedAttributes))
	if len(dst) > start {
		dst = wire.CloseMessage(dst, start, resourceSpansResource)
	}
	return wire.AppendString(dst, resourceSpansSchemaURL, r.SchemaURL)
}

// appendScope does the same for a ScopeSpans message.
func appendScope(dst []byte, s *model.Scope) []byte {
	start := len(dst)
	dst = wire.AppendString(dst, 1, s.Name)
	dst = wire.AppendString(dst, 2, s.Version)
	dst = appendAttributes(dst, 3, s.Attributes)
	dst = wire.AppendVarint(dst, 4, uint64(s.DroppedAttributes))
	if len(dst) > start {
		dst = wire.CloseMessage(dst, start, scopeSpansScope)
	}
	return wire.AppendString(dst, scopeSpansSchemaURL, s.SchemaURL)
}
