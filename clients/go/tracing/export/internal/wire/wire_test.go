package wire_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/wire"
)

// official encodes spans with OpenTelemetry's own exporter.
type official struct{ spans []*tracepb.ResourceSpans }

func (*official) Start(context.Context) error { return nil }
func (*official) Stop(context.Context) error  { return nil }
func (o *official) UploadTraces(_ context.Context, spans []*tracepb.ResourceSpans) error {
	o.spans = spans
	return nil
}

func encodeOfficially(t testing.TB, spans []sdktrace.ReadOnlySpan) []*tracepb.ResourceSpans {
	t.Helper()
	client := new(official)
	if err := otlptrace.NewUnstarted(client).ExportSpans(t.Context(), spans); err != nil {
		t.Fatal(err)
	}
	// The exporter puts resources into the order of a map.
	slices.SortFunc(client.spans, func(a, b *tracepb.ResourceSpans) int {
		return slices.IndexFunc(spans, isOf(a)) - slices.IndexFunc(spans, isOf(b))
	})
	return client.spans
}

// isOf tells the spans of a resource by their names.
func isOf(r *tracepb.ResourceSpans) func(sdktrace.ReadOnlySpan) bool {
	return func(span sdktrace.ReadOnlySpan) bool {
		return slices.ContainsFunc(r.GetScopeSpans(), func(s *tracepb.ScopeSpans) bool {
			return slices.ContainsFunc(s.GetSpans(), func(p *tracepb.Span) bool { return p.GetName() == span.Name() })
		})
	}
}

func decode(t testing.TB, request []byte) []*tracepb.ResourceSpans {
	t.Helper()
	var message coltracepb.ExportTraceServiceRequest
	if err := proto.Unmarshal(request, &message); err != nil {
		t.Fatal(err)
	}
	return message.GetResourceSpans()
}

// ids makes a span context.
func ids(n int, state string, flags trace.TraceFlags, remote bool) trace.SpanContext {
	parsed, err := trace.ParseTraceState(state)
	if err != nil {
		panic(err)
	}
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, byte(n >> 8), byte(n)}, SpanID: trace.SpanID{2, byte(n >> 8), byte(n)},
		TraceFlags: flags, TraceState: parsed, Remote: remote,
	})
}

func allValues() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("string", "text"), attribute.String("empty", ""), attribute.String("", "no key"),
		attribute.Bool("true", true), attribute.Bool("false", false),
		attribute.Int64("min", math.MinInt64), attribute.Int64("zero", 0), attribute.Float64("double", -0.5), attribute.Float64("zero double", 0),
		attribute.StringSlice("strings", []string{"a", "", "c"}), attribute.BoolSlice("bools", []bool{true, false}),
		attribute.Int64Slice("ints", []int64{1, -1, 0}), attribute.Float64Slice("doubles", []float64{0.5, 0}),
		attribute.StringSlice("none", nil), attribute.ByteSlice("bytes", []byte{0, 0xff}), attribute.ByteSlice("no bytes", nil),
		attribute.Slice("mixed", attribute.IntValue(1), attribute.StringValue("two"), attribute.SliceValue(attribute.BoolValue(true))),
		attribute.Map("map", attribute.Int("a", 1), attribute.Map("b", attribute.StringSlice("c", []string{"d"}))),
		{Key: "nothing"},
	}
}

func fullSpan(n int) tracetest.SpanStub {
	begun := time.Unix(1_700_000_000, int64(n))
	return tracetest.SpanStub{
		Name: fmt.Sprintf("span %d", n), SpanContext: ids(n, "vendor=1", trace.FlagsSampled, false), Parent: ids(n+1, "", 0, true),
		SpanKind: trace.SpanKindClient, StartTime: begun, EndTime: begun.Add(time.Second),
		Attributes: allValues(),
		Events: []sdktrace.Event{
			{Name: "exception", Time: begun, Attributes: allValues(), DroppedAttributeCount: 3}, {Name: ""},
		},
		Links:             []sdktrace.Link{{SpanContext: ids(n+2, "", trace.FlagsSampled, true), Attributes: allValues(), DroppedAttributeCount: 4}},
		Status:            sdktrace.Status{Code: codes.Error, Description: "went wrong"},
		DroppedAttributes: 5, DroppedEvents: 6, DroppedLinks: -7,
		Resource:             resource.NewWithAttributes("https://schema/1", attribute.String("service.name", "x"), attribute.Int("pid", n%2)),
		InstrumentationScope: instrumentation.Scope{Name: "scope", Version: "1", SchemaURL: "https://schema/2", Attributes: attribute.NewSet(attribute.Int("n", n%3))},
	}
}

func snapshots(stubs ...tracetest.SpanStub) []sdktrace.ReadOnlySpan {
	return tracetest.SpanStubs(stubs).Snapshots()
}

var equalTrees = []gocmp.Option{
	protocmp.Transform(),
	cmpopts.EquateEmpty(),
}

func TestSpansAreEncodedAsOpenTelemetryDoes(t *testing.T) {
	var many []tracetest.SpanStub
	for n := range 4 {
		many = append(many, fullSpan(n))
	}
	for name, spans := range map[string][]sdktrace.ReadOnlySpan{
		"full":  snapshots(many...),
		"empty": snapshots(tracetest.SpanStub{}),
		"ok":    snapshots(tracetest.SpanStub{Status: sdktrace.Status{Code: codes.Ok}, SpanKind: trace.SpanKindConsumer}),
	} {
		t.Run(name, func(t *testing.T) {
			if diff := gocmp.Diff(encodeOfficially(t, spans), decode(t, wire.Encode(spans)), equalTrees...); diff != "" {
				t.Errorf("the encodings differ (- OpenTelemetry's, + ours):\n%s", diff)
			}
		})
	}
}

func TestNothingIsEncodedAsNothing(t *testing.T) {
	if got := wire.Encode(nil); len(got) != 0 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestTextThatIsNotUTF8IsMended(t *testing.T) {
	stub := tracetest.SpanStub{Name: "a\xffb", Attributes: []attribute.KeyValue{attribute.String("k\xc3", "\xe2\x82ok")}}
	span := decode(t, wire.Encode(snapshots(stub)))[0].GetScopeSpans()[0].GetSpans()[0]
	if got := []string{span.GetName(), span.GetAttributes()[0].GetKey(), span.GetAttributes()[0].GetValue().GetStringValue()}; fmt.Sprint(got) != "[a\uFFFDb k\uFFFD \uFFFDok]" {
		t.Errorf("got %q", got)
	}
}

func TestLinkKeepsItsTraceState(t *testing.T) {
	stub := tracetest.SpanStub{Links: []sdktrace.Link{{SpanContext: ids(1, "a=b", 0, false)}}}
	if got := decode(t, wire.Encode(snapshots(stub)))[0].GetScopeSpans()[0].GetSpans()[0].GetLinks()[0].GetTraceState(); got != "a=b" {
		t.Errorf("trace state %q", got)
	}
}

// spansOf lists the spans of a request with their resource and scope.
func spansOf(groups []*tracepb.ResourceSpans) []string {
	var all []string
	for _, r := range groups {
		for _, s := range r.GetScopeSpans() {
			for _, span := range s.GetSpans() {
				all = append(all, r.GetSchemaUrl()+exactly(r.GetResource())+s.GetSchemaUrl()+exactly(s.GetScope())+exactly(span))
			}
		}
	}
	return all
}

func exactly(m proto.Message) string {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func TestHalvesHaveTheSpansOfTheWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 9).Draw(rt, "spans")
		var stubs []tracetest.SpanStub
		for range n {
			span := fullSpan(rapid.IntRange(0, 500).Draw(rt, "kind"))
			span.Attributes, span.Events, span.Links = nil, nil, nil
			stubs = append(stubs, span)
		}
		request := wire.Encode(snapshots(stubs...))
		first, second, err := wire.Halves(request, n)
		if err != nil {
			rt.Fatal(err)
		}
		a, b := spansOf(decode(t, first)), spansOf(decode(t, second))
		if len(a) != n/2 || len(b) != n-n/2 {
			rt.Fatalf("%d spans became %d and %d", n, len(a), len(b))
		}
		if !slices.Equal(spansOf(decode(t, request)), append(a, b...)) {
			rt.Fatal("the halves have other spans than the whole")
		}
		for _, group := range append(decode(t, first), decode(t, second)...) {
			for _, scope := range group.GetScopeSpans() {
				if len(scope.GetSpans()) == 0 {
					rt.Fatal("a scope without spans")
				}
			}
			if len(group.GetScopeSpans()) == 0 {
				rt.Fatal("a resource without spans")
			}
		}
		if counted, err := wire.Count(request); err != nil || counted != n {
			rt.Fatalf("counted %d, %v, want %d", counted, err, n)
		}
	})
}

func FuzzHalves(f *testing.F) {
	f.Add(wire.Encode(snapshots(fullSpan(1), fullSpan(2), fullSpan(3))))
	f.Add([]byte{0x0a, 0x02, 0x12, 0x00})
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, request []byte) {
		n, err := wire.Count(request)
		if err != nil {
			return
		}
		first, second, err := wire.Halves(request, n)
		if err != nil {
			t.Fatalf("spans could be counted, but: %v", err)
		}
		a, errA := wire.Count(first)
		b, errB := wire.Count(second)
		if errA != nil || errB != nil || a != n/2 || a+b != n {
			t.Fatalf("%d spans became %d and %d (%v, %v)", n, a, b, errA, errB)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	var stubs []tracetest.SpanStub
	for n := range 512 {
		stubs = append(stubs, fullSpan(n))
	}
	spans := snapshots(stubs...)
	b.ReportAllocs()
	for b.Loop() {
		wire.Encode(spans)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/span")
}
