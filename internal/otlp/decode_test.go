package otlp

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// sameDoubles compares doubles by their bits: NaN equals itself, and -0 is not 0.
var sameDoubles = cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })

// sent returns the parts of a span that a sender decides.
func sent(s *model.Span) *model.Span {
	body := *s.Body
	body.Input, body.Output = model.Content{}, model.Content{}
	body.FinishReasons, body.InvocationParameters, body.InputMessages, body.OutputMessages = nil, "", nil, nil
	body.ToolDescription, body.ToolArguments, body.ToolResult, body.Stacktrace = "", "", "", ""
	return &model.Span{
		Project: s.Project, TraceID: s.TraceID, SpanID: s.SpanID, ParentID: s.ParentID,
		StartNano: s.StartNano, EndNano: s.EndNano, Kind: s.Kind, Status: s.Status, Body: &body,
	}
}

func TestEncodingAndDecodingIsTheIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SliceOfN(anySpan(), 1, 4).Draw(t, "spans")
		encoded := EncodeSpans(spans)
		decoded, err := DecodeSpans("p", encoded)
		if err != nil || len(decoded) != len(spans) {
			t.Fatal(len(decoded), err)
		}
		for i := range spans {
			if diff := cmp.Diff(spans[i], sent(decoded[i]), sameDoubles); diff != "" {
				t.Fatal(diff)
			}
		}
		if !bytes.Equal(encoded, EncodeSpans(decoded)) {
			t.Fatal("encoding again gives other bytes")
		}
	})
}

func TestAnyGroupingOfRecordsIsTheSameSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few resources and scopes, so that neighbours often share them.
		parts := rapid.SliceOfN(anySpan(), 1, 3).Draw(t, "spans")
		var spans []*model.Span
		for range rapid.IntRange(1, 8).Draw(t, "n") {
			s := *rapid.SampledFrom(parts).Draw(t, "span")
			spans = append(spans, &s)
		}
		first := mustParseRapid(t, EncodeSpans(spans))
		order := rapid.Permutation(first.Records).Draw(t, "order")
		cut := rapid.IntRange(0, len(order)).Draw(t, "cut")
		joined := AppendTracesData(AppendTracesData(nil, order[:cut]), order[cut:])
		second := mustParseRapid(t, joined)
		if diff := cmp.Diff(order, second.Records); diff != "" {
			t.Fatal(diff)
		}
	})
}

func mustParseRapid(t *rapid.T, body []byte) *Request {
	r, err := Parse("p", body, Limits{})
	if err != nil || len(r.Rejected) > 0 {
		t.Fatal(err, r)
	}
	return r
}

func TestNarrowFieldsAreTheSameReadAndWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := EncodeSpans([]*model.Span{anySpan().Draw(t, "span")})
		written := mustParseRapid(t, body).Records[0].Span
		read, err := DecodeSpans("p", body)
		if err != nil {
			t.Fatal(err)
		}
		read[0].Body = nil
		if diff := cmp.Diff(written, read[0]); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestWhatIsNotUnderstoodIsKept(t *testing.T) {
	unknown := message{}.varint(900, 1).text(901, "from the future")
	resource := append(message{}.bytes(1, append(message{}.bytes(1, wireAttribute("service.name", message{}.text(1, "shop"))), unknown...)), unknown...)
	scope := append(message{}.bytes(1, append(message{}.text(1, "lib"), unknown...)), unknown...)
	span := wireSpan(unknown...)
	body := message{}.bytes(1, append(slices.Clone(resource), message{}.bytes(2, append(slices.Clone(scope), message{}.bytes(2, span)...))...))
	r := mustParse(t, body)
	for _, seg := range BuildSegments(r.Records) {
		data, err := OpenSegment(nil, seg.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, body) {
			t.Errorf("stored %x, sent %x", data, body)
		}
	}
}

func TestRepeatedSingularFieldsAreMergedAsProtobufHasIt(t *testing.T) {
	value := message{}.text(1, "lost").bytes(5, message{}.bytes(1, message{}.varint(3, 1))).bytes(5, message{}.bytes(1, message{}.varint(3, 2)))
	attr := message{}.text(1, "k").bytes(2, message{}.bytes(7, []byte("lost"))).bytes(2, value)
	s := wireSpan(message{}.bytes(9, attr).text(5, "first").text(5, "second").bytes(15, message{}.text(2, "why")).bytes(15, message{}.varint(3, 2))...)
	spans, err := DecodeSpans("p", request(s))
	if err != nil {
		t.Fatal(err)
	}
	got := spans[0]
	want := []model.KeyValue{{Key: "k", Value: model.Value{Kind: model.KindArray, Array: []model.Value{model.IntValue(1), model.IntValue(2)}}}}
	if diff := cmp.Diff(want, got.Body.Attributes); diff != "" {
		t.Error(diff)
	}
	if got.Name != "second" || got.StatusMessage != "why" || got.Status != model.StatusError {
		t.Errorf("%q %q %v", got.Name, got.StatusMessage, got.Status)
	}
}

func TestDecodingKeepsNothingOfTheSegment(t *testing.T) {
	data := EncodeSpans(agentRuns(1, 2))
	spans, err := DecodeSpans("p", data)
	if err != nil {
		t.Fatal(err)
	}
	before := EncodeSpans(spans)
	clear(data)
	if !bytes.Equal(before, EncodeSpans(spans)) {
		t.Error("spans changed with the segment's memory")
	}
}

func TestDecodingGarbageIsAnError(t *testing.T) {
	for _, data := range [][]byte{{0xff}, request(message{}), request(wireSpan(0xff))} {
		if spans, err := DecodeSpans("p", data); err == nil {
			t.Errorf("%x: %v", data, spans)
		}
	}
}

func TestConversationOfOpenInference(t *testing.T) {
	in, out := "llm.input_messages.", "llm.output_messages."
	got := complete(t, spanOf(1, "OpenAIChat.invoke",
		text(in+"2.message.content", "sunny"), text(in+"2.message.tool_call_id", "c1"), text(in+"2.message.role", "tool"),
		text(in+"0.message.role", "user"), text(in+"0.message.content", "weather?"),
		text(in+"1.message.role", "assistant"),
		text(in+"1.message.tool_calls.1.tool_call.function.name", "b"),
		text(in+"1.message.tool_calls.0.tool_call.id", "c1"),
		text(in+"1.message.tool_calls.0.tool_call.function.name", "a"),
		text(in+"1.message.tool_calls.0.tool_call.function.arguments", `{"x":1}`),
		text(in+"999999999999.message.role", "nobody"), text(in+"x.message.role", "nobody"), text(in+"0.message", "nothing"),
		text(out+"7.message.role", "assistant"),
		text(out+"7.message.contents.1.message_content.text", "It is sunny."), text(out+"7.message.contents.1.message_content.type", "text"),
		text(out+"7.message.contents.0.message_content.text", "Let me see."), text(out+"7.message.contents.0.message_content.type", "reasoning"),
		text(out+"7.message.contents.2.message_content.text", "Bye."),
		text("llm.invocation_parameters", `{"temperature": 0.2}`), text("llm.finish_reason", "stop"),
	)).Body
	wantIn := []model.Message{
		{Role: "user", Content: "weather?"},
		{Role: "assistant", ToolCalls: []model.ToolCall{{ID: "c1", Name: "a", Arguments: `{"x":1}`}, {Name: "b"}}},
		{Role: "tool", Content: "sunny", ToolCallID: "c1"},
	}
	wantOut := []model.Message{{Role: "assistant", Content: "It is sunny.\nBye.", Reasoning: "Let me see."}}
	if diff := cmp.Diff(wantIn, got.InputMessages); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wantOut, got.OutputMessages); diff != "" {
		t.Error(diff)
	}
	if got.InvocationParameters != `{"temperature": 0.2}` || !slices.Equal(got.FinishReasons, []string{"stop"}) {
		t.Errorf("%q %q", got.InvocationParameters, got.FinishReasons)
	}
}

func TestConversationOfGenAI(t *testing.T) {
	structured := model.Value{Kind: model.KindArray, Array: []model.Value{{Kind: model.KindMap, Map: []model.KeyValue{
		text("role", "assistant"), text("finish_reason", "stop"),
		{Key: "parts", Value: model.Value{Kind: model.KindArray, Array: []model.Value{{Kind: model.KindMap, Map: []model.KeyValue{
			text("type", "text"), text("content", "Hello"),
		}}}}},
	}}}}
	got := complete(t, spanOf(1, "chat m", text("gen_ai.operation.name", "chat"),
		text("gen_ai.system_instructions", `[{"type":"text","content":"Be brief"}]`),
		text("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"Hi"},{"type":"blob"}]},
			{"role":"assistant","parts":[{"type":"reasoning","content":"Hm"},{"type":"tool_call","id":"c","name":"add","arguments":{"a":1}}]},
			{"role":"tool","parts":[{"type":"tool_call_response","id":"c","response":{"sum":2}}]}]`),
		model.KeyValue{Key: "gen_ai.output.messages", Value: structured},
		model.KeyValue{Key: "gen_ai.request.temperature", Value: model.DoubleValue(0.2)}, number("gen_ai.request.max_tokens", 9), text("gen_ai.request.model", "m"),
	)).Body
	wantIn := []model.Message{
		{Role: "system", Content: "Be brief"},
		{Role: "user", Content: "Hi"},
		{Role: "assistant", Reasoning: "Hm", ToolCalls: []model.ToolCall{{ID: "c", Name: "add", Arguments: `{"a":1}`}}},
		{Role: "tool", Content: `{"sum":2}`, ToolCallID: "c"},
	}
	if diff := cmp.Diff(wantIn, got.InputMessages); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]model.Message{{Role: "assistant", Content: "Hello"}}, got.OutputMessages); diff != "" {
		t.Error(diff)
	}
	if got.InvocationParameters != `{"temperature":0.2,"max_tokens":9}` || !slices.Equal(got.FinishReasons, []string{"stop"}) {
		t.Errorf("%q %q", got.InvocationParameters, got.FinishReasons)
	}
}

func TestAToolsArgumentsAndResult(t *testing.T) {
	for name, attributes := range map[string][]model.KeyValue{
		"Agno": {text("openinference.span.kind", "TOOL"), text("tool.name", "add"), text("tool.description", "Adds."),
			text("tool.parameters", `{"a":1}`), text("input.value", `{"a":1}`), text("output.value", "2")},
		"a schema in tool.parameters": {text("openinference.span.kind", "TOOL"), text("tool.name", "add"), text("tool.description", "Adds."),
			text("tool.parameters", `{"type":"object"}`), text("input.value", `{"a":1}`), text("output.value", "2")},
		"GenAI": {text("gen_ai.operation.name", "execute_tool"), text("gen_ai.tool.name", "add"), text("gen_ai.tool.description", "Adds."),
			text("gen_ai.tool.call.arguments", `{"a":1}`), text("gen_ai.tool.call.result", "2")},
		"GenAI, structured": {text("gen_ai.operation.name", "execute_tool"), text("gen_ai.tool.description", "Adds."),
			{Key: "gen_ai.tool.call.arguments", Value: model.Value{Kind: model.KindMap, Map: []model.KeyValue{number("a", 1)}}}, number("gen_ai.tool.call.result", 2)},
	} {
		got := complete(t, spanOf(1, "add", attributes...))
		b := got.Body
		if got.Type != model.TypeTool || got.ToolName != "add" || b.ToolDescription != "Adds." || b.ToolArguments != `{"a":1}` || b.ToolResult != "2" {
			t.Errorf("%s: %v %q %q %q %q", name, got.Type, got.ToolName, b.ToolDescription, b.ToolArguments, b.ToolResult)
		}
		if b.Input.Value != `{"a":1}` || b.Output.Value != "2" {
			t.Errorf("%s: %+v %+v", name, b.Input, b.Output)
		}
	}
}

func TestValuesDeeperThanAnyLimitAreEncodedForParseToReject(t *testing.T) {
	deep := model.StringValue(string(make([]byte, 1<<20)))
	for i := range 5000 {
		if i%2 == 0 {
			deep = model.Value{Kind: model.KindArray, Array: []model.Value{deep}}
		} else {
			deep = model.Value{Kind: model.KindMap, Map: []model.KeyValue{{Key: "k", Value: deep}}}
		}
	}
	s := spanOf(1, "x", model.KeyValue{Key: "deep", Value: deep})
	s.UserID = "u"
	AddMissingAttributes(s)
	r := mustParse(t, EncodeSpans([]*model.Span{s}))
	if len(r.Rejected) != 1 || r.Rejected[0].Reason != `attribute "deep": nested too deep, want at most 64 levels` {
		t.Errorf("%v", r.Rejected)
	}
}

func TestAConversationOfEndlessTurnsIsNotRead(t *testing.T) {
	turns := "[" + strings.Repeat("{},", maxObjects) + "{}]"
	got := complete(t, spanOf(1, "x", text("gen_ai.input.messages", turns)))
	if got.Body.InputMessages != nil || got.Body.Input.Value != turns {
		t.Errorf("%d messages", len(got.Body.InputMessages))
	}
}

// TestSpansOneByOneAreAllSpans compares spans that were read into the same memory
// with such that have their own.
func TestSpansOneByOneAreAllSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := EncodeSpans(rapid.SliceOfN(anySpan(), 0, 5).Draw(t, "spans"))
		all, err := DecodeSpans("p", data)
		if err != nil {
			t.Fatal(err)
		}
		wanted := rapid.SliceOfN(rapid.Bool(), len(all), len(all)).Draw(t, "wanted")
		asked := 0
		want := slices.DeleteFunc(slices.Clone(all), func(s *model.Span) bool { return !wanted[slices.Index(all, s)] })
		n := 0
		for have, err := range EachSpan("p", data, func(s *model.Span) bool {
			if s.Body != nil || s.SpanID != all[asked].SpanID {
				t.Fatalf("asked about %+v, want the narrow span %d", s, asked)
			}
			asked++
			return wanted[asked-1]
		}) {
			if err != nil || n == len(want) {
				t.Fatalf("have %v, %v behind the last span", have, err)
			}
			if diff := cmp.Diff(want[n], have, sameDoubles, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("span %d differs (- want, + have):\n%s", n, diff)
			}
			n++
		}
		if n != len(want) || asked != len(all) {
			t.Fatalf("have %d spans and %d questions, want %d and %d", n, asked, len(want), len(all))
		}
	})
}

func TestSpansThatCannotBeReadEndTheLoop(t *testing.T) {
	var errs []error
	for span, err := range EachSpan("p", []byte{0xff}, nil) {
		if span != nil {
			t.Errorf("have %v", span)
		}
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], ErrMalformed) {
		t.Errorf("have %v, want one error that wraps ErrMalformed", errs)
	}
}
