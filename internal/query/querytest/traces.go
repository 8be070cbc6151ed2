package querytest

import (
	"encoding/hex"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

// Traces draws the spans of one trace of the project "default", in any order,
// complete with their bodies, as they come out of [otlp.DecodeSpans]. Two draws
// may have the same trace id. Spans differ in their id or in their start, not
// always in both; parents may be missing, come later, or go round in a circle.
func Traces() *rapid.Generator[[]*model.Span] { return TracesIn("default") }

// TracesIn draws the spans of one trace of a project.
func TracesIn(project string) *rapid.Generator[[]*model.Span] {
	return rapid.Custom(func(t *rapid.T) []*model.Span {
		var drawn []*model.Span
		trace := model.TraceID(decodeHex(pick(t, "trace id", traceIDs)))
		begin := pick(t, "begin", begins)
		for range rapid.IntRange(1, 8).Draw(t, "spans") {
			s := drawSpan(t, begin)
			s.TraceID = trace
			s.SpanID, s.ParentID = drawPlace(t, drawn)
			same := func(other *model.Span) bool { return other.SpanID == s.SpanID && other.StartNano == s.StartNano }
			for slices.ContainsFunc(drawn, same) {
				s.StartNano++
			}
			drawn = append(drawn, s)
		}
		spans, err := otlp.DecodeSpans(project, otlp.EncodeSpans(drawn))
		if err != nil {
			t.Fatalf("spans that were made here cannot be read: %v", err)
		}
		return spans
	})
}

// begins are the moments near which traces begin: on one day, and so that they
// may reach into the next one.
var begins = []int64{
	time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC).UnixNano(),
	time.Date(2026, 3, 14, 23, 59, 59, 997e6, time.UTC).UnixNano(),
	time.Date(2026, 3, 15, 9, 30, 0, 0, time.UTC).UnixNano(),
}

// drawPlace draws a span's own id and its parent's. Most spans have an id of
// their own and hang below one that was drawn before.
func drawPlace(t *rapid.T, drawn []*model.Span) (id, parent model.SpanID) {
	id = model.SpanID(decodeHex(pick(t, "span id", spanIDs)))
	if n := len(drawn); n < len(spanIDs) && !oneIn(t, "any id", 6) {
		id = model.SpanID(decodeHex(spanIDs[n]))
	}
	switch {
	case len(drawn) == 0 && !oneIn(t, "first is no root", 4), oneIn(t, "root", 6):
		return id, model.SpanID{}
	case len(drawn) == 0 || oneIn(t, "any parent", 6):
		return id, model.SpanID(decodeHex(pick(t, "parent", spanIDs)))
	default:
		return id, pick(t, "above", drawn).SpanID
	}
}

func decodeHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err) // the vocabulary's fault
	}
	return b
}

// drawSpan draws a span without its place in a trace.
func drawSpan(t *rapid.T, begin int64) *model.Span {
	s := &model.Span{
		StartNano: begin + int64(pick(t, "start", lengths[:5])) + int64(rapid.IntRange(0, 4).Draw(t, "ms"))*1e6,
		Kind:      model.SpanKind(rapid.IntRange(0, 6).Draw(t, "kind")),
		Status:    pick(t, "status", []model.StatusCode{model.StatusUnset, model.StatusOK, model.StatusError}),
		Body:      &model.Body{FullName: drawName(t)},
	}
	s.EndNano = s.StartNano + int64(pick(t, "length", lengths))
	if oneIn(t, "message", 3) {
		s.Body.FullStatusMessage = pick(t, "status message", messages)
	}
	drawBody(t, s.Body, s.StartNano)
	return s
}

// drawName draws a name; some are repaired or cut in rows.
func drawName(t *rapid.T) string {
	if oneIn(t, "odd name", 10) {
		return pick(t, "name", []string{"", "chat\x00", "chat\xff", long + long + long + long})
	}
	return pick(t, "name", names)
}

// drawBody draws everything beside ids, times and status.
func drawBody(t *rapid.T, b *model.Body, start int64) {
	b.Attributes = drawAgentAttributes(t)
	b.Attributes = append(b.Attributes, drawAttributes(t, 3)...)
	if oneIn(t, "crowded", 20) {
		b.Attributes = append(b.Attributes, crowd()...)
	}
	for range rapid.IntRange(0, 2).Draw(t, "events") {
		e := model.Event{TimeNano: start + int64(pick(t, "event time", lengths)), Name: pick(t, "event", eventNames), Attributes: drawAttributes(t, 2)}
		if e.Name == "exception" {
			e.Attributes = append(e.Attributes, text("exception.type", pick(t, "class", errorNames)), text("exception.message", pick(t, "message", messages)))
		}
		b.Events = append(b.Events, e)
	}
	if oneIn(t, "linked", 4) {
		l := model.Link{TraceID: decodeHex(pick(t, "linked trace", traceIDs)), SpanID: decodeHex(pick(t, "linked span", spanIDs)), Attributes: drawAttributes(t, 1)}
		if oneIn(t, "odd link", 4) {
			l.TraceID, l.SpanID = []byte{0xAB}, nil
		}
		b.Links = append(b.Links, l)
	}
	b.Resource.Attributes = drawAttributes(t, 1)
	if !oneIn(t, "no service", 5) {
		b.Resource.Attributes = append(b.Resource.Attributes, text("service.name", pick(t, "service", services)))
	}
	if oneIn(t, "environment", 2) {
		b.Resource.Attributes = append(b.Resource.Attributes, text("deployment.environment.name", pick(t, "place", places)))
	}
	if oneIn(t, "scope", 2) {
		b.Scope = model.Scope{Name: pick(t, "library", libraries), Version: pick(t, "version", versions), Attributes: drawAttributes(t, 1)}
	}
}

// crowd is more attributes than a row holds.
func crowd() []model.KeyValue {
	var all []model.KeyValue
	for i := range 70 {
		all = append(all, number("crowd."+string(rune('A'+i)), int64(i)))
	}
	return append(all, text("customer", "eu"), number("price", 12))
}

// drawAttributes draws up to n attributes with keys that may also stand
// elsewhere on the span, and twice.
func drawAttributes(t *rapid.T, n int) []model.KeyValue {
	var all []model.KeyValue
	for range rapid.IntRange(0, n).Draw(t, "attributes") {
		all = append(all, model.KeyValue{Key: drawKey(t), Value: drawValue(t, 1)})
	}
	return all
}

func drawKey(t *rapid.T) string {
	key := pick(t, "key", attributeKeys[:9]) // those behind have a meaning, and are drawn as such
	if key == "odd\uFFFD" {
		return pick(t, "odd key", []string{key, "odd\x00", "odd\xff"})
	}
	return key
}

func drawValue(t *rapid.T, depth int) model.Value {
	kinds := []model.ValueKind{
		model.KindString, model.KindString, model.KindString, model.KindInt, model.KindInt, model.KindDouble, model.KindBool, model.KindBool,
		model.KindBytes, model.KindEmpty, model.KindArray, model.KindMap,
	}
	if depth == 0 {
		kinds = kinds[:9]
	}
	v := model.Value{Kind: pick(t, "value", kinds)}
	switch v.Kind {
	case model.KindString:
		v.Str = pick(t, "text", attributeTexts)
		if v.Str == "bad\uFFFD" {
			v.Str = pick(t, "odd text", []string{v.Str, "bad\x00", "bad\xff"})
		}
	case model.KindBytes:
		v.Str = pick(t, "bytes", []string{"eu", "\x00\xff"})
	case model.KindInt:
		v.Int = pick(t, "int", wholeNumbers)
	case model.KindDouble:
		v.Double = pick(t, "double", append([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}, brokenNumbers...))
	case model.KindBool:
		v.Bool = rapid.Bool().Draw(t, "bool")
	case model.KindArray:
		for range rapid.IntRange(0, 3).Draw(t, "array") {
			v.Array = append(v.Array, drawValue(t, depth-1))
		}
	case model.KindMap:
		for range rapid.IntRange(0, 2).Draw(t, "map") {
			v.Map = append(v.Map, model.KeyValue{Key: drawKey(t), Value: drawValue(t, depth-1)})
		}
	}
	return v
}

func text(key, value string) model.KeyValue {
	return model.KeyValue{Key: key, Value: model.Value{Kind: model.KindString, Str: value}}
}

func number(key string, n int64) model.KeyValue {
	return model.KeyValue{Key: key, Value: model.Value{Kind: model.KindInt, Int: n}}
}

func double(key string, f float64) model.KeyValue {
	return model.KeyValue{Key: key, Value: model.Value{Kind: model.KindDouble, Double: f}}
}
