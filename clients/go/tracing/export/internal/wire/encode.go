package wire

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/encoding/protowire"
)

// Flags of a span and a link in OTLP, beside those of W3C in the low byte.
const (
	flagRemoteKnown = 0x100
	flagRemote      = 0x200
)

// Encode returns one ExportTraceServiceRequest with all spans, grouped by
// resource and scope in the order in which these first occur.
func Encode(spans []sdktrace.ReadOnlySpan) []byte {
	var out []byte
	for _, r := range group(spans) {
		var at int
		out, at = begin(out, 1)
		out = appendResource(out, r.resource)
		for _, s := range r.scopes {
			var at int
			out, at = begin(out, 2)
			out = appendScope(out, s.scope)
			for _, span := range s.spans {
				out = appendSpan(out, span)
			}
			out = appendText(out, 3, s.scope.SchemaURL)
			out = end(out, at)
		}
		out = appendText(out, 3, r.resource.SchemaURL())
		out = end(out, at)
	}
	return out
}

type resourceGroup struct {
	resource *resource.Resource
	scopes   []*scopeGroup
}

type scopeGroup struct {
	scope instrumentation.Scope
	spans []sdktrace.ReadOnlySpan
}

func group(spans []sdktrace.ReadOnlySpan) []*resourceGroup {
	type key struct {
		resource attribute.Distinct
		scope    instrumentation.Scope
	}
	var groups []*resourceGroup
	resources := map[attribute.Distinct]*resourceGroup{}
	scopes := map[key]*scopeGroup{}
	for _, span := range spans {
		k := key{span.Resource().Equivalent(), span.InstrumentationScope()}
		s := scopes[k]
		if s == nil {
			r := resources[k.resource]
			if r == nil {
				r = &resourceGroup{resource: span.Resource()}
				resources[k.resource] = r
				groups = append(groups, r)
			}
			s = &scopeGroup{scope: k.scope}
			scopes[k] = s
			r.scopes = append(r.scopes, s)
		}
		s.spans = append(s.spans, span)
	}
	return groups
}

func appendResource(b []byte, r *resource.Resource) []byte {
	if r.Len() == 0 {
		return b
	}
	b, at := begin(b, 1)
	for i := r.Iter(); i.Next(); {
		b = appendAttribute(b, 1, i.Attribute())
	}
	return end(b, at)
}

func appendScope(b []byte, s instrumentation.Scope) []byte {
	if s == (instrumentation.Scope{}) {
		return b
	}
	b, at := begin(b, 1)
	b = appendText(b, 1, s.Name)
	b = appendText(b, 2, s.Version)
	for i := s.Attributes.Iter(); i.Next(); {
		b = appendAttribute(b, 3, i.Attribute())
	}
	return end(b, at)
}

func appendSpan(b []byte, s sdktrace.ReadOnlySpan) []byte {
	b, at := begin(b, 2)
	context, parent := s.SpanContext(), s.Parent()
	b = appendIDs(b, context)
	b = appendText(b, 3, context.TraceState().String())
	if id := parent.SpanID(); id.IsValid() {
		b = appendBytes(b, 4, id[:])
	}
	b = appendText(b, 5, s.Name())
	b = appendNumber(b, 6, uint64(max(0, s.SpanKind()))) // the SDK's numbers are OTLP's
	b = appendTime(b, 7, s.StartTime())
	b = appendTime(b, 8, s.EndTime())
	for _, a := range s.Attributes() {
		b = appendAttribute(b, 9, a)
	}
	b = appendNumber(b, 10, count(s.DroppedAttributes()))
	for i := range s.Events() {
		b = appendEvent(b, &s.Events()[i])
	}
	b = appendNumber(b, 12, count(s.DroppedEvents()))
	for i := range s.Links() {
		b = appendLink(b, &s.Links()[i])
	}
	b = appendNumber(b, 14, count(s.DroppedLinks()))
	b = appendStatus(b, s.Status())
	b = appendFlags(b, 16, context, parent.IsRemote())
	return end(b, at)
}

func appendIDs(b []byte, c trace.SpanContext) []byte {
	traceID, spanID := c.TraceID(), c.SpanID()
	b = appendBytes(b, 1, traceID[:])
	return appendBytes(b, 2, spanID[:])
}

func appendEvent(b []byte, e *sdktrace.Event) []byte {
	b, at := begin(b, 11)
	b = appendTime(b, 1, e.Time)
	b = appendText(b, 2, e.Name)
	for _, a := range e.Attributes {
		b = appendAttribute(b, 3, a)
	}
	b = appendNumber(b, 4, count(e.DroppedAttributeCount))
	return end(b, at)
}

func appendLink(b []byte, l *sdktrace.Link) []byte {
	b, at := begin(b, 13)
	b = appendIDs(b, l.SpanContext)
	b = appendText(b, 3, l.SpanContext.TraceState().String())
	for _, a := range l.Attributes {
		b = appendAttribute(b, 4, a)
	}
	b = appendNumber(b, 5, count(l.DroppedAttributeCount))
	b = appendFlags(b, 6, l.SpanContext, l.SpanContext.IsRemote())
	return end(b, at)
}

func appendStatus(b []byte, s sdktrace.Status) []byte {
	b, at := begin(b, 15)
	b = appendText(b, 2, s.Description)
	switch s.Code {
	case codes.Ok:
		b = appendNumber(b, 3, 1)
	case codes.Error:
		b = appendNumber(b, 3, 2)
	}
	return end(b, at)
}

func appendFlags(b []byte, field protowire.Number, c trace.SpanContext, remote bool) []byte {
	flags := uint32(c.TraceFlags()) | flagRemoteKnown
	if remote {
		flags |= flagRemote
	}
	return protowire.AppendFixed32(protowire.AppendTag(b, field, protowire.Fixed32Type), flags)
}

func appendTime(b []byte, field protowire.Number, t time.Time) []byte {
	nanos := max(0, t.UnixNano())
	if nanos == 0 {
		return b
	}
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), uint64(nanos))
}

// count fits a number that cannot be negative, but whose type can, into 32 bits.
func count(n int) uint64 { return uint64(min(max(0, n), math.MaxUint32)) }

// appendNumber writes a number unless it is what its absence means.
func appendNumber(b []byte, field protowire.Number, n uint64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

// appendText writes a text unless it is empty.
func appendText(b []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(b, field, s)
}

// appendString writes a text, empty or not. Protobuf takes nothing but UTF-8.
func appendString(b []byte, field protowire.Number, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

// begin starts a message of unknown length; end closes it.
func begin(b []byte, field protowire.Number) ([]byte, int) {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return b, len(b)
}

// end puts the length in front of what was written since begin.
func end(b []byte, at int) []byte {
	length := len(b) - at
	var prefix [10]byte
	n := len(protowire.AppendVarint(prefix[:0], uint64(length)))
	b = append(b, prefix[:n]...)
	copy(b[at+n:], b[at:at+length])
	copy(b[at:], prefix[:n])
	return b
}
