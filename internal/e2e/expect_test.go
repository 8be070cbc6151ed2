package e2e_test

import (
	"cmp"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// sentSpan is a span as it went over the wire, with what stood around it.
type sentSpan struct {
	span           *tracepb.Span
	resource       *resourcepb.Resource
	resourceSchema string
	scope          *commonpb.InstrumentationScope
	scopeSchema    string
}

// flatten lists the spans of a message by trace.
func flatten(data []*tracepb.ResourceSpans) map[string][]sentSpan {
	traces := map[string][]sentSpan{}
	for _, rs := range data {
		for _, ss := range rs.GetScopeSpans() {
			for _, span := range ss.GetSpans() {
				id := hex.EncodeToString(span.GetTraceId())
				traces[id] = append(traces[id], sentSpan{span, rs.GetResource(), rs.GetSchemaUrl(), ss.GetScope(), ss.GetSchemaUrl()})
			}
		}
	}
	return traces
}

// expected says what must be read where s was sent, without derived fields.
func expected(s sentSpan) *agenttracev1.Span {
	span := s.span
	want := &agenttracev1.Span{
		TraceId:                hex.EncodeToString(span.GetTraceId()),
		SpanId:                 hex.EncodeToString(span.GetSpanId()),
		ParentSpanId:           hex.EncodeToString(span.GetParentSpanId()),
		Name:                   span.GetName(),
		Kind:                   agenttracev1.SpanKind(span.GetKind()),
		StartTime:              timestamp(span.GetStartTimeUnixNano()),
		EndTime:                timestamp(span.GetEndTimeUnixNano()),
		Duration:               durationpb.New(time.Duration(span.GetEndTimeUnixNano() - span.GetStartTimeUnixNano())),
		Status:                 &agenttracev1.SpanStatus{Code: agenttracev1.StatusCode(span.GetStatus().GetCode()), Message: span.GetStatus().GetMessage()},
		Attributes:             keyValues(span.GetAttributes()),
		TraceState:             span.GetTraceState(),
		Flags:                  span.GetFlags(),
		DroppedAttributesCount: span.GetDroppedAttributesCount(),
		DroppedEventsCount:     span.GetDroppedEventsCount(),
		DroppedLinksCount:      span.GetDroppedLinksCount(),
		Resource: &agenttracev1.Resource{
			Attributes: keyValues(s.resource.GetAttributes()), DroppedAttributesCount: s.resource.GetDroppedAttributesCount(), SchemaUrl: s.resourceSchema,
		},
		Scope: &agenttracev1.Scope{
			Name: s.scope.GetName(), Version: s.scope.GetVersion(), Attributes: keyValues(s.scope.GetAttributes()),
			DroppedAttributesCount: s.scope.GetDroppedAttributesCount(), SchemaUrl: s.scopeSchema,
		},
	}
	for _, event := range span.GetEvents() {
		want.Events = append(want.Events, &agenttracev1.Event{
			Time: timestamp(event.GetTimeUnixNano()), Name: event.GetName(),
			Attributes: keyValues(event.GetAttributes()), DroppedAttributesCount: event.GetDroppedAttributesCount(),
		})
	}
	for _, link := range span.GetLinks() {
		want.Links = append(want.Links, &agenttracev1.Link{
			TraceId: hex.EncodeToString(link.GetTraceId()), SpanId: hex.EncodeToString(link.GetSpanId()), TraceState: link.GetTraceState(),
			Attributes: keyValues(link.GetAttributes()), DroppedAttributesCount: link.GetDroppedAttributesCount(), Flags: link.GetFlags(),
		})
	}
	return want
}

func timestamp(nano uint64) *timestamppb.Timestamp {
	return timestamppb.New(time.Unix(0, int64(nano)))
}

func keyValues(attributes []*commonpb.KeyValue) []*agenttracev1.KeyValue {
	var out []*agenttracev1.KeyValue
	for _, kv := range attributes {
		out = append(out, &agenttracev1.KeyValue{Key: kv.GetKey(), Value: value(kv.GetValue())})
	}
	return out
}

func value(v *commonpb.AnyValue) *agenttracev1.Value {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return &agenttracev1.Value{Kind: &agenttracev1.Value_StringValue{StringValue: v.StringValue}}
	case *commonpb.AnyValue_BoolValue:
		return &agenttracev1.Value{Kind: &agenttracev1.Value_BoolValue{BoolValue: v.BoolValue}}
	case *commonpb.AnyValue_IntValue:
		return &agenttracev1.Value{Kind: &agenttracev1.Value_IntValue{IntValue: v.IntValue}}
	case *commonpb.AnyValue_DoubleValue:
		return &agenttracev1.Value{Kind: &agenttracev1.Value_DoubleValue{DoubleValue: v.DoubleValue}}
	case *commonpb.AnyValue_BytesValue:
		return &agenttracev1.Value{Kind: &agenttracev1.Value_BytesValue{BytesValue: v.BytesValue}}
	case *commonpb.AnyValue_ArrayValue:
		array := new(agenttracev1.ArrayValue)
		for _, element := range v.ArrayValue.GetValues() {
			array.Values = append(array.Values, value(element))
		}
		return &agenttracev1.Value{Kind: &agenttracev1.Value_ArrayValue{ArrayValue: array}}
	case *commonpb.AnyValue_KvlistValue:
		return &agenttracev1.Value{Kind: &agenttracev1.Value_MapValue{MapValue: &agenttracev1.MapValue{Values: keyValues(v.KvlistValue.GetValues())}}}
	}
	return new(agenttracev1.Value)
}

// undecorated returns what a span says by itself: without the derived fields and
// those that place it in its trace.
func undecorated(span *agenttracev1.Span) *agenttracev1.Span {
	bare := proto.CloneOf(span)
	bare.Type, bare.Failed, bare.Error, bare.Identity = 0, false, nil, nil
	bare.Service, bare.Environment, bare.ModelCall, bare.ToolUse, bare.Input, bare.Output = "", "", nil, nil, nil, nil
	bare.Depth, bare.ChildCount, bare.Orphan = 0, 0, false
	// Absent and empty say the same of these.
	bare.Status = cmp.Or(bare.Status, new(agenttracev1.SpanStatus))
	bare.Resource = cmp.Or(bare.Resource, new(agenttracev1.Resource))
	bare.Scope = cmp.Or(bare.Scope, new(agenttracev1.Scope))
	return bare
}

// mustEqual demands that the spans read are those sent, each once, complete.
func mustEqual(t *testing.T, sent []sentSpan, read []*agenttracev1.Span) {
	t.Helper()
	var want, got []*agenttracev1.Span
	for _, s := range sent {
		want = append(want, expected(s))
	}
	for _, span := range read {
		got = append(got, undecorated(span))
	}
	byID := func(a, b *agenttracev1.Span) int { return cmp.Compare(a.GetSpanId(), b.GetSpanId()) }
	slices.SortFunc(want, byID)
	slices.SortFunc(got, byID)
	if slices.EqualFunc(want, got, func(a, b *agenttracev1.Span) bool { return proto.Equal(a, b) }) {
		return // the comparison that can explain itself is slow
	}
	if diff := gocmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("spans differ (- sent, + read):\n%s", diff)
	}
}

// mustExport demands that a project's export holds the spans sent, unchanged.
func mustExport(t *testing.T, c agenttracev1connect.TraceServiceClient, sent map[string][]sentSpan) {
	t.Helper()
	exported := export(t, c)
	if len(exported) != len(sent) {
		t.Errorf("%d traces exported, want %d", len(exported), len(sent))
	}
	order := func(a, b sentSpan) int { return slices.Compare(a.span.GetSpanId(), b.span.GetSpanId()) }
	for id, want := range sent {
		want, got := slices.SortedFunc(slices.Values(want), order), slices.SortedFunc(slices.Values(exported[id]), order)
		if len(want) != len(got) {
			t.Errorf("trace %s: %d spans exported, want %d", id, len(got), len(want))
			continue
		}
		for i, w := range want {
			g := got[i]
			if !proto.Equal(w.span, g.span) || !proto.Equal(w.resource, g.resource) || !proto.Equal(w.scope, g.scope) ||
				w.resourceSchema != g.resourceSchema || w.scopeSchema != g.scopeSchema {
				t.Errorf("trace %s: exported\n%v\nwant\n%v", id, g, w)
			}
		}
	}
}

// export reads all that ExportTraces has, as OTLP's own type: its messages one
// after the other are one message.
func export(t *testing.T, c agenttracev1connect.TraceServiceClient) map[string][]sentSpan {
	t.Helper()
	stream, err := c.ExportTraces(t.Context(), new(agenttracev1.ExportTracesRequest))
	if err != nil {
		t.Fatalf("ExportTraces: %v", err)
	}
	defer stream.Close()
	var data []byte
	for stream.Receive() {
		data = append(data, stream.Msg().GetTracesData()...)
	}
	if err := stream.Err(); err != nil {
		t.Fatalf("ExportTraces: %v", err)
	}
	var message tracepb.TracesData
	if err := proto.Unmarshal(data, &message); err != nil {
		t.Fatalf("ExportTraces sent no TracesData: %v", err)
	}
	return flatten(message.GetResourceSpans())
}
