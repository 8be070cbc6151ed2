package service_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

func nanoOf(year int) uint64 {
	return uint64(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC).UnixNano())
}

func nested(depth int) model.Value {
	v := model.IntValue(1)
	for range depth - 1 {
		v = model.Value{Kind: model.KindArray, Array: []model.Value{v}}
	}
	return v
}

func manyAttributes(n int) []model.KeyValue {
	kvs := make([]model.KeyValue, n)
	for i := range kvs {
		kvs[i] = model.KeyValue{Key: fmt.Sprintf("key-%d", i), Value: model.IntValue(int64(i))}
	}
	return kvs
}

// badSpanCases are spans that are wrong, or look it. Each stands between two
// good ones of its trace.
func badSpanCases() []struct {
	name   string
	change func(*spanSpec)
	kept   func(t *testing.T, span *pb.Span) // nil: the span is rejected alone
} {
	kept := func(*testing.T, *pb.Span) {}
	attributes := func(kvs ...model.KeyValue) func(*spanSpec) {
		return func(s *spanSpec) { s.attributes = kvs }
	}
	value := func(v model.Value) func(*spanSpec) {
		return attributes(model.KeyValue{Key: "key", Value: v})
	}
	return []struct {
		name   string
		change func(*spanSpec)
		kept   func(t *testing.T, span *pb.Span)
	}{
		{"nothing wrong", func(*spanSpec) {}, kept},
		{"zero trace id", func(s *spanSpec) { s.trace = make([]byte, 16) }, nil},
		{"no trace id", func(s *spanSpec) { s.trace = nil }, nil},
		{"short trace id", func(s *spanSpec) { s.trace = s.trace[:15] }, nil},
		{"long trace id", func(s *spanSpec) { s.trace = append(s.trace, 1) }, nil},
		{"zero span id", func(s *spanSpec) { s.span = make([]byte, 8) }, nil},
		{"no span id", func(s *spanSpec) { s.span = nil }, nil},
		{"short span id", func(s *spanSpec) { s.span = s.span[:7] }, nil},
		{"long span id", func(s *spanSpec) { s.span = append(s.span, 1) }, nil},
		{"short parent id", func(s *spanSpec) { s.parent = []byte{1, 2, 3} }, nil},
		{"long parent id", func(s *spanSpec) { s.parent = bytesOf(16, 1) }, nil},
		{"end before start", func(s *spanSpec) { s.end = s.start - 1e9 }, func(t *testing.T, span *pb.Span) {
			if d := span.GetDuration().AsDuration(); d != 0 {
				t.Errorf("duration %v, want 0", d)
			}
		}},
		{"no end", func(s *spanSpec) { s.end = 0 }, func(t *testing.T, span *pb.Span) {
			if d := span.GetDuration().AsDuration(); d != 0 {
				t.Errorf("duration %v, want 0", d)
			}
		}},
		{"no start", func(s *spanSpec) { s.start = 0 }, nil},
		{"start in 1970", func(s *spanSpec) { s.start = nanoOf(1970) }, nil},
		{"start in 2200", func(s *spanSpec) { s.start, s.end = nanoOf(2200), nanoOf(2200) }, nil},
		{"end in 2200", func(s *spanSpec) { s.end = nanoOf(2200) }, kept},
		{"start beyond retention", func(s *spanSpec) { s.start -= 367 * 24 * uint64(time.Hour) }, nil},
		{"100,000 attributes", attributes(manyAttributes(100_000)...), func(t *testing.T, span *pb.Span) {
			if n := len(span.GetAttributes()); n != 100_000 {
				t.Errorf("%d attributes, want 100,000", n)
			}
		}},
		{"20 MB attribute", value(model.StringValue(strings.Repeat("x", 20_000_000))), nil},
		{"nesting 64 deep", value(nested(64)), kept},
		{"nesting 65 deep", value(nested(65)), nil},
		{"nesting 10,000 deep", value(nested(10_000)), nil},
		{"duplicate keys", attributes(
			model.KeyValue{Key: "twice", Value: model.IntValue(1)}, model.KeyValue{Key: "twice", Value: model.IntValue(2)},
		), func(t *testing.T, span *pb.Span) {
			a := span.GetAttributes()
			if len(a) != 2 || a[0].GetValue().GetIntValue() != 1 || a[1].GetValue().GetIntValue() != 2 {
				t.Errorf("attributes %v, want both in order", a)
			}
		}},
		{"NUL in a text", value(model.StringValue("a\x00b")), func(t *testing.T, span *pb.Span) {
			if got := span.GetAttributes()[0].GetValue().GetStringValue(); got != "a\x00b" {
				t.Errorf("got %q", got)
			}
		}},
	}
}

func TestBadSpanIsRejectedAloneAtEachDoor(t *testing.T) {
	for _, d := range doors() {
		t.Run(d.name, func(t *testing.T) {
			s := newServer(t)
			for i, c := range badSpanCases() {
				t.Run(c.name, func(t *testing.T) {
					trace := byte(i + 1)
					bad := goodSpan(trace, 2)
					c.change(&bad)
					got := d.send(t, s, goodSpan(trace, 1), bad, goodSpan(trace, 3))

					want := int64(0)
					if c.kept == nil {
						want = 1
					}
					if got.http != 200 || got.code != 0 || got.rejected != want || (got.message != "") != (want > 0) {
						t.Fatalf("got HTTP %d, code %v, %d rejected %q; want success with %d rejected", got.http, got.code, got.rejected, got.message, want)
					}
					spans := s.stored(t, trace)
					for _, name := range []string{"good-1", "good-3"} {
						if spans[name] == nil {
							t.Errorf("%s is not stored", name)
						}
					}
					switch span := spans["good-2"]; {
					case c.kept == nil && span != nil:
						t.Errorf("the bad span is stored: %v", span)
					case c.kept != nil && span == nil:
						t.Error("the span is not stored")
					case c.kept != nil:
						c.kept(t, span)
					}
				})
			}
		})
	}
}

func TestTextThatIsNotUTF8KeepsItsBytesAtEachDoor(t *testing.T) {
	const raw = "caf\xe9 \xff\xfe"
	for _, d := range doors() {
		t.Run(d.name, func(t *testing.T) {
			s := newServer(t)
			bad := goodSpan(1, 2)
			bad.name = "na\xffme"
			bad.attributes = []model.KeyValue{{Key: "key", Value: model.StringValue(raw)}}
			got := d.send(t, s, goodSpan(1, 1), bad, goodSpan(1, 3))
			if got.code != 0 || got.rejected != 0 {
				t.Fatalf("got code %v, %d rejected: %s", got.code, got.rejected, got.message)
			}
			span := s.stored(t, 1)["na\uFFFDme"]
			if span == nil {
				t.Fatalf("stored are %v", s.stored(t, 1))
			}
			value := span.GetAttributes()[0].GetValue()
			if string(value.GetInvalidStringValue()) != raw {
				t.Errorf("got %v, want the bytes %q", value, raw)
			}
		})
	}
}

func TestAllSpansRejectedIsPartialSuccess(t *testing.T) {
	s := newServer(t)
	bad := goodSpan(1, 1)
	bad.trace = nil
	for _, d := range doors() {
		got := d.send(t, s, bad, bad, bad)
		if got.code != 0 || got.http != 200 || got.rejected != 3 {
			t.Errorf("%s: got HTTP %d, code %v, %d rejected, want 3 rejected", d.name, got.http, got.code, got.rejected)
		}
	}
}

func TestFullSuccessLeavesPartialSuccessUnset(t *testing.T) {
	s := newServer(t)
	for _, d := range doors()[:3] {
		if got := d.send(t, s, goodSpan(1, 1)); !got.empty {
			t.Errorf("%s: the answer to a full success is not empty", d.name)
		}
		if got := d.send(t, s); !got.empty || got.code != 0 || got.http != 200 {
			t.Errorf("%s: the answer to an empty request is HTTP %d, code %v", d.name, got.http, got.code)
		}
	}
}
