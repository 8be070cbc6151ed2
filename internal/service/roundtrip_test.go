package service_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/sample"
	"github.com/agenttrace/agenttrace/internal/service"
)

// everyValue holds attribute values of all kinds, and what is odd in each.
func everyValue() []model.KeyValue {
	array := func(vs ...model.Value) model.Value { return model.Value{Kind: model.KindArray, Array: vs} }
	table := func(kvs ...model.KeyValue) model.Value { return model.Value{Kind: model.KindMap, Map: kvs} }
	return []model.KeyValue{
		{Key: "empty"},
		{Key: "string", Value: model.StringValue("Grüße, 世界 \x00\x1f")},
		{Key: "string.empty", Value: model.StringValue("")},
		{Key: "string.invalid", Value: model.StringValue("\xff\xfe caf\xe9")},
		{Key: "bool", Value: model.BoolValue(true)},
		{Key: "bool.false", Value: model.BoolValue(false)},
		{Key: "int", Value: model.IntValue(math.MinInt64)},
		{Key: "int.zero", Value: model.IntValue(0)},
		{Key: "double", Value: model.DoubleValue(math.Inf(-1))},
		{Key: "double.tiny", Value: model.DoubleValue(math.SmallestNonzeroFloat64)},
		{Key: "bytes", Value: model.Value{Kind: model.KindBytes, Str: "\x00\xff"}},
		{Key: "bytes.empty", Value: model.Value{Kind: model.KindBytes}},
		{Key: "array", Value: array(model.IntValue(1), model.Value{}, model.StringValue("\xff"), array(model.BoolValue(true)), array())},
		{Key: "map", Value: table(
			model.KeyValue{Key: "twice", Value: model.IntValue(1)},
			model.KeyValue{Key: "twice", Value: table(model.KeyValue{Key: "deep"})},
		)},
		{Key: "map.empty", Value: table()},
		{Key: "int", Value: model.StringValue("the second of this name")},
		{Key: ""},
	}
}

// fullSpan has something in every field.
func fullSpan() *model.Span {
	start := now.UnixNano()
	return &model.Span{
		TraceID: model.TraceID{1}, SpanID: model.SpanID{2}, ParentID: model.SpanID{3},
		StartNano: start + 1, EndNano: start + 999_999_999, Kind: 3, Status: model.StatusError,
		Body: &model.Body{
			FullName: "everything", FullStatusMessage: "it broke", TraceState: "a=b,c=d", Flags: 0x301,
			Attributes: append(everyValue(),
				model.KeyValue{Key: "openinference.span.kind", Value: model.StringValue("LLM")},
				model.KeyValue{Key: "llm.model_name", Value: model.StringValue("gpt-4o")},
				model.KeyValue{Key: "llm.provider", Value: model.StringValue("OpenAI")},
				model.KeyValue{Key: "llm.token_count.prompt", Value: model.IntValue(100)},
				model.KeyValue{Key: "llm.token_count.completion", Value: model.IntValue(20)},
				model.KeyValue{Key: "llm.input_messages.0.message.role", Value: model.StringValue("user")},
				model.KeyValue{Key: "llm.input_messages.0.message.content", Value: model.StringValue("hi")},
				model.KeyValue{Key: "input.value", Value: model.StringValue("hi")},
				model.KeyValue{Key: "input.mime_type", Value: model.StringValue("text/plain")},
				model.KeyValue{Key: "session.id", Value: model.StringValue("s1")},
				model.KeyValue{Key: "user.id", Value: model.StringValue("u1")},
			),
			DroppedAttributes: 1,
			Events: []model.Event{
				{TimeNano: start + 5, Name: "exception", DroppedAttributes: 2, Attributes: []model.KeyValue{
					{Key: "exception.type", Value: model.StringValue("Boom")},
					{Key: "exception.message", Value: model.StringValue("it went")},
					{Key: "exception.stacktrace", Value: model.StringValue("main.go:1")},
				}},
				{TimeNano: math.MaxInt64, Name: "", Attributes: everyValue()},
			},
			DroppedEvents: 3,
			Links: []model.Link{
				{TraceID: make([]byte, 16), SpanID: []byte{1, 2, 3, 4, 5, 6, 7, 8}, TraceState: "x=y", Attributes: everyValue(), DroppedAttributes: 4, Flags: 5},
				{TraceID: []byte{1}},
			},
			DroppedLinks: 6,
			Resource: model.Resource{
				Attributes: append(everyValue(),
					model.KeyValue{Key: "service.name", Value: model.StringValue("shop")},
					model.KeyValue{Key: "deployment.environment.name", Value: model.StringValue("prod")}),
				DroppedAttributes: 7, SchemaURL: "https://example.com/resource",
			},
			Scope: model.Scope{Name: "lib", Version: "1.2", Attributes: everyValue(), DroppedAttributes: 8, SchemaURL: "https://example.com/scope"},
		},
	}
}

func TestWhatIsReadCanBeWritten(t *testing.T) {
	t.Run("every field", func(t *testing.T) { roundTrip(t, otlp.EncodeSpans([]*model.Span{fullSpan()})) })
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("sample ", seed), func(t *testing.T) {
			roundTrip(t, sample.New(sample.Options{Seed: seed}).Trace(now).Request())
		})
	}
}

func TestWhatIsReadOfRealAgentsCanBeWritten(t *testing.T) {
	for name, body := range captures(t) {
		t.Run(name, func(t *testing.T) { roundTrip(t, body) })
	}
}

// roundTrip sends OTLP to one project, reads it, writes what was read to
// another project and compares.
func roundTrip(t *testing.T, body []byte) {
	s := newServer(t, anyTime(t))
	if got := s.grpc(t, frame(body), "agenttrace-project", "one"); got.code != 0 || got.rejected != 0 {
		t.Fatalf("export: %v %s", got.code, got.message)
	}
	one, two := inProject(t.Context(), "one"), inProject(t.Context(), "two")
	list, err := s.traces.ListTraces(one, &pb.ListTracesRequest{PageSize: 1000})
	if err != nil || len(list.GetTraces()) == 0 {
		t.Fatalf("ListTraces: %v, %v", list, err)
	}
	for _, trace := range list.GetTraces() {
		want, err := s.traces.GetTrace(one, &pb.GetTraceRequest{TraceId: trace.GetTraceId()})
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.ingest.WriteSpans(two, &pb.WriteSpansRequest{Spans: want.GetSpans()})
		if err != nil || len(res.GetRejected()) > 0 {
			t.Fatalf("WriteSpans: %v, %v", res, err)
		}
		got, err := s.traces.GetTrace(two, &pb.GetTraceRequest{TraceId: trace.GetTraceId()})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("after writing what was read (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(trace, want.GetTrace(), protocmp.Transform()); diff != "" {
			t.Errorf("ListTraces and GetTrace differ:\n%s", diff)
		}
	}
}

// anyTime lets spans of any time in.
func anyTime(t *testing.T) func(*service.Config) {
	return func(c *service.Config) {
		pipeline := ingest.New(c.Store.(repo.Writer), ingest.Config{Shards: 1, MaxPast: -1, MaxFuture: -1})
		t.Cleanup(func() { _ = pipeline.Close(context.WithoutCancel(t.Context())) })
		c.Ingest = pipeline
	}
}

// captures returns requests of real Agno runs, as protobuf.
func captures(t *testing.T) map[string][]byte {
	t.Helper()
	dir := os.Getenv("AGENTTRACE_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "agno", "captures")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.otlp.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skip("NO CAPTURES: spans of real agents are not tested. Set AGENTTRACE_CAPTURES to their directory")
	}
	bodies := make(map[string][]byte)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bodies[filepath.Base(path)], err = otlp.FromJSON(text, otlp.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	return bodies
}

func TestEveryFieldIsRead(t *testing.T) {
	s := newServer(t)
	span := fullSpan()
	if got := s.grpc(t, frame(otlp.EncodeSpans([]*model.Span{span}))); got.code != 0 || got.rejected != 0 {
		t.Fatalf("export: %v %s", got.code, got.message)
	}
	res, err := s.traces.GetSpan(t.Context(), &pb.GetSpanRequest{TraceId: span.TraceID.String(), SpanId: span.SpanID.String()})
	if err != nil {
		t.Fatal(err)
	}
	got := res.GetSpan()
	if got.GetStartTime().AsTime() != now.Add(1) || got.GetDuration().AsDuration() != 999_999_998*time.Nanosecond {
		t.Errorf("times to the nanosecond: %v for %v", got.GetStartTime(), got.GetDuration())
	}
	if e := got.GetError(); !got.GetFailed() || e.GetType() != "Boom" || e.GetMessage() != "it went" || e.GetStacktrace() != "main.go:1" {
		t.Errorf("failed %v, error %v", got.GetFailed(), e)
	}
	if c := got.GetModelCall(); c.GetModel() != "gpt-4o" || c.GetUsage().GetTotalTokens() != 120 || len(c.GetInputMessages()) != 1 {
		t.Errorf("model call %v", c)
	}
	if got.GetType() != pb.SpanType_SPAN_TYPE_LLM || got.GetService() != "shop" || got.GetEnvironment() != "prod" ||
		got.GetIdentity().GetSessionId() != "s1" || got.GetInput().GetValue() != "hi" || got.GetTraceState() != "a=b,c=d" || got.GetFlags() != 0x301 {
		t.Errorf("got %v", got)
	}
	if len(got.GetAttributes()) != len(span.Body.Attributes) || len(got.GetEvents()) != 2 || len(got.GetLinks()) != 2 {
		t.Errorf("%d attributes, %d events, %d links", len(got.GetAttributes()), len(got.GetEvents()), len(got.GetLinks()))
	}
	if l := got.GetLinks()[1]; l.GetTraceId() != "01" || l.GetSpanId() != "" {
		t.Errorf("a link with odd ids: %v", l)
	}
}
