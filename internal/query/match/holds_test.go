package match_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

func attribute(key string, value model.Value) model.KeyValue {
	return model.KeyValue{Key: key, Value: value}
}

func list(values ...model.Value) model.Value {
	return model.Value{Kind: model.KindArray, Array: values}
}

// modelCall is a span with something in every field.
func modelCall() *model.Span {
	text, number := model.StringValue, model.IntValue
	return &model.Span{
		Project: "default", TraceID: model.TraceID{15: 0xab}, SpanID: model.SpanID{7: 2}, ParentID: model.SpanID{7: 1},
		StartNano: 1000, EndNano: 2_500_001_000, Name: "chat", Kind: 3, Status: model.StatusOK, StatusMessage: "fine",
		Type: model.TypeLLM, Failed: true, ErrorType: "Timeout", ErrorMessage: "took too long",
		Service: "shop", Environment: "prod",
		Identity: model.Identity{
			AgentID: "a1", AgentName: "Ann", TeamID: "t1", TeamName: "Tim", WorkflowID: "w1", WorkflowName: "Wes",
			SessionID: "s1", UserID: "u1", RunID: "r1",
		},
		Model: "gpt", Provider: "openai", ToolName: "search", ToolCallID: "c1",
		Usage: model.Usage{Input: 100, CacheRead: 20, CacheWrite: 3, Output: 40, Reasoning: 5, AudioInput: 600},
		Body: &model.Body{
			Attributes: []model.KeyValue{
				attribute("http.method", text("GET")), attribute("n", number(3)), attribute("n", number(4)),
				attribute("f", model.DoubleValue(2.5)), attribute("whole", model.DoubleValue(3)), attribute("zero", number(0)),
				attribute("yes", model.BoolValue(true)), attribute("no", model.BoolValue(false)),
				attribute("tags", list(text("red"), text("green"), number(7))), attribute("empty", list()),
				attribute("null", model.Value{}), attribute("nan", model.DoubleValue(math.NaN())),
				attribute("max", number(math.MaxInt64)), attribute("near", model.DoubleValue(math.MaxInt64)),
				attribute("map", model.Value{Kind: model.KindMap, Map: []model.KeyValue{attribute("in", list(text("deep")))}}),
				attribute("bytes", model.Value{Kind: model.KindBytes, Str: "raw"}),
				attribute("both", text("of the span")), attribute("with space", text("x")),
				attribute("service.name", text("of the span")),
			},
			Events: []model.Event{
				{TimeNano: 1500, Name: "first", Attributes: []model.KeyValue{attribute("step", number(1))}},
				{TimeNano: 3000, Name: "second", Attributes: []model.KeyValue{attribute("step", number(2)), attribute("only", text("e"))}},
			},
			Links: []model.Link{
				{TraceID: []byte{0xcd, 0xef}, SpanID: make([]byte, 8), Attributes: []model.KeyValue{attribute("why", text("retry"))}},
			},
			Resource: model.Resource{Attributes: []model.KeyValue{
				attribute("service.name", text("shop")), attribute("both", text("of the resource")), attribute("host.name", text("h1")),
			}},
			Scope:  model.Scope{Name: "lib", Version: "1.2", Attributes: []model.KeyValue{attribute("build", number(9))}},
			Input:  model.Content{Value: "What is the refund policy?"},
			Output: model.Content{Value: "See\nbelow"},
			InputMessages: []model.Message{
				{Role: "system", Content: "Be kind"},
				{Role: "user", Content: "Refund?"},
			},
			OutputMessages: []model.Message{{Reasoning: "hmm", ToolCalls: []model.ToolCall{{Name: "lookup", Arguments: `{"id":1}`}}}},
			ToolArguments:  `{"q":"x"}`, ToolResult: "found",
			Cost: 2_500_000,
		},
	}
}

// hold are conditions that hold for modelCall, a line for each rule or field.
const hold = `
	true                                  name = "chat" && true
	name = "chat"                         span:name = "chat"          "chat" = name
	status = ok                           status != error             statusMessage = "fine"
	kind = client                         duration = 2.5s             duration > 2s && duration <= 2500ms
	trace:id = "000000000000000000000000000000ab"                     span:id = "0000000000000002"
	span:parentID = "0000000000000001"    nestedSetParent = 1         !(nestedSetParent < 0)
	type = llm                            type != tool                failed         failed = true
	project = "default"                   service = "shop"            environment = "prod"
	agent:id = "a1"      agent:name = "Ann"      team:id = "t1"       team:name = "Tim"    workflow:id = "w1"
	workflow:name = "Wes"    session:id = "s1"   user:id = "u1"       run:id = "r1"
	model:name = "gpt"   model:provider = "openai"    tool:name = "search"    tool:callId = "c1"
	error:type = "Timeout"                error:message : "TOO LONG"
	usage:input = 100    usage:output = 40    usage:cacheRead = 20    usage:cacheWrite = 3    usage:reasoning = 5
	usage:total = 768                     usage:cost = 0.0025
	tool:arguments =~ ".*x.*"             tool:result = "found"
	content:input : "REFUND"              content:output =~ "See.below"
	content:messages = "Be kind"          content:messages : "lookup"     content:messages : "\"ID\":1"    content:messages = "hmm"
	event:name = "first"                  event:name = "second"       event:timeSinceStart = 500ns    event:timeSinceStart > 1us
	link:traceID = "cdef"                 link:spanID = nil
	instrumentation:name = "lib"          instrumentation:version = "1.2"

	.http.method = "GET"   span.http.method = "GET"   span."with space" = "x"
	.both = "of the span"  span.both = "of the span"  resource.both = "of the resource"   .host.name = "h1"   span.host.name = nil
	event.only = "e"       .only = "e"                link.why = "retry"   .why = "retry"   instrumentation.build = 9   .build = 9
	resource.service.name = "shop"        .service.name = "of the span"
	.n = 3                 .n != 4                    .f = 2.5             .whole = 3       .n = .whole     .n < 3.5   .n > 2.5   .n >= 3.0
	.max < .near           .max != .near              .near = 9223372036854775808.0
	.yes                   !.no                       .no = false          .no < .yes       !.missing
	.tags = "red"          .tags = 7                  .tags : "REE"        .tags =~ "r.d"   .tags != nil
	event.step = 1         event.step = 2             event.step != 3      event.step > .n - 2
	.map = "deep"          .bytes = "raw"
	.missing = nil         .n != nil                  .null = nil          .empty = nil     .nan != nil     nil = .missing     nil != .n
	!(.missing = 1)        !(.missing != 1)           !(.missing > 1)      !(.missing = .missing)
	!(.nan = 1)            !(.nan != 1)               !(.nan < 1)          !(.nan != .nan)

	.n + 1 = 4             .n * 2 - 1 = 5             .n / 2 = 1.5         .n % 2 = 1       .n ^ 2 = 9      -.n = -3   2 ^ -1 = 0.5
	duration * 2 = 5s      duration - 500ms = 2s      duration / 1s = 2.5  2 * duration = 5s   duration > 1s + 1s   duration % 1s = 500ms
	.max + 1 = .near       .max * 2 > .max            .n / .zero = nil     .n % .zero = nil   .f / .zero = nil   .n + .missing = nil   .n + .http.method = nil
	.tags + 1 = nil        event.step + 1 = 2         -duration < 0s       .n + 0.5 = 3.5   -.missing = nil
	(0 - 1) ^ 0.5 = nil

	name : ""              name : "HA"                name =~ "c.*"        name !~ "cha"    name !~ ".*x.*"
	name < "d"             name >= "chat"             name > "Chat"
	true || .n = 9         .n = 9 || true             .n = 3 && .f = 2.5   .n = 9 && .n = 3 || .n = 3   !(.n = 3 && .n = 9)
`

// doNotHold are conditions that do not hold for it.
const doNotHold = `
	false                  name = "Chat"              name != "chat"       name =~ "cha"    name =~ "hat"   name !~ "chat"     name : "x"
	status = error         type = tool                nestedSetParent < 0  !failed
	usage:total = 0        trace:id = "ab"
	.missing = 1           .missing != 1              .missing > 1         .missing !~ "x"  .missing : ""   .missing = .missing   .missing != .missing   .missing
	.n = 4                 .n = "3"                   .n != "3"            .http.method = 3   .http.method > 3   .http.method != 3
	.http.method           .n                         .null != nil         .null            .empty != nil
	.tags != "red"         .tags != "blue"            .tags !~ "r.d"       .tags = nil
	event.step != 2        .only = "of the span"      span.only = "e"      event:name != "first"    event:name !~ "f.*"
	.nan = 1               .nan != 1                  .nan > 1             .nan <= 1        .nan = nil      .nan != .nan
	.max = .near           .max >= .near              .near <= .max        .no > .yes
	link:spanID != nil     .n / .zero > 0             .n + .missing > 0    .n + .http.method > 0
`

func TestConditionsHold(t *testing.T)      { testConditions(t, hold, true) }
func TestConditionsDoNotHold(t *testing.T) { testConditions(t, doNotHold, false) }

// testConditions tests a table with several conditions in a line: two or more
// spaces are between them.
func testConditions(t *testing.T, table string, want bool) {
	span := modelCall()
	trace := match.NewTrace([]*model.Span{span})
	for line := range strings.SplitSeq(table, "\n") {
		for condition := range strings.SplitSeq(line, "  ") {
			if condition = strings.TrimSpace(condition); condition == "" {
				continue
			}
			q := parseWhole(t, "{ "+condition+" }")
			if got := match.Holds(q.Source.(*query.Filter).Condition, span); got != want {
				t.Errorf("%s: %v by itself", condition, got)
			}
			if got := len(match.Select(q, trace)) == 1; got != want {
				t.Errorf("%s: %v in its trace", condition, got)
			}
		}
	}
}

// TestWhatIsNotThereIsAbsent: a span without content and with empty fields.
func TestWhatIsNotThereIsAbsent(t *testing.T) {
	bare := match.NewTrace([]*model.Span{{StartNano: 5, EndNano: 5, Usage: model.Usage{Input: 7}}})
	for _, d := range query.Intrinsics() {
		absent := len(match.Select(parseWhole(t, "{ "+d.Names[0]+" = nil }"), bare)) == 1
		var want bool
		switch d.Intrinsic {
		case query.Status, query.SpanKind, query.SpanDuration, query.RootMark, query.Type, query.Failed,
			query.TraceDuration, query.TraceSpanCount, query.TraceErrorCount, query.ChildCount:
		default:
			want = true
		}
		if absent != want {
			t.Errorf("%s is absent: %v, want %v", d.Names[0], absent, want)
		}
	}
	for _, scope := range []string{"", "span", "resource", "event", "link", "instrumentation"} {
		if got := match.Select(parseWhole(t, "{ "+scope+".x = nil }"), bare); len(got) != 1 {
			t.Errorf("%s.x is not absent", scope)
		}
	}
}

func TestUsageIsAbsentOnSpansThatRepeatIt(t *testing.T) {
	for _, test := range []struct {
		span *model.Span
		want int
	}{
		{&model.Span{Type: model.TypeLLM, Usage: model.Usage{Output: 1}}, 1},
		{&model.Span{Type: model.TypeEmbedding, Usage: model.Usage{Total: 1}}, 1},
		{&model.Span{Type: model.TypeLLM}, 0},
		{&model.Span{Type: model.TypeAgent, Usage: model.Usage{Output: 1}}, 0},
	} {
		test.span.Body = &model.Body{Cost: int64(test.want)}
		trace := match.NewTrace([]*model.Span{test.span})
		for _, field := range []string{"usage:input", "usage:output", "usage:total", "usage:cost"} {
			if got := len(match.Select(parseWhole(t, "{ "+field+" != nil }"), trace)); got != test.want {
				t.Errorf("%s with %+v has %s: %d, want %d", test.span.Type, test.span.Usage, field, got, test.want)
			}
		}
	}
}

func TestTraceFieldsAreThoseOfTheWholeTrace(t *testing.T) {
	spans := spansOf("b<a@5-100 a@10-50 f@10-20 c<b@20-90")
	spans[1].Service, spans[2].Service = "shop", "bank"
	spans[0].Failed, spans[3].Failed = true, true
	trace := match.NewTrace(spans)
	for _, condition := range []string{
		`trace:duration = 95ns`, `trace:rootName = "a"`, `trace:rootService = "shop"`, `trace:spanCount = 4`, `trace:errorCount = 2`,
		`rootName = "a"`, `traceDuration > 0s`,
	} {
		if got := names(match.Select(parseWhole(t, "{ "+condition+" }"), trace)); got != "b a f c" {
			t.Errorf("%s selects %q", condition, got)
		}
	}
	if got := names(match.Select(parseWhole(t, "{ span:childCount = 1 }"), trace)); got != "b a" {
		t.Errorf("spans with a child are %q", got)
	}
	rootless := match.NewTrace(spans[3:])
	if got := match.Select(parseWhole(t, "{ trace:rootName = nil && trace:rootService = nil }"), rootless); len(got) != 1 {
		t.Error("a trace without root has a root's name")
	}
}

func TestValuesAreAllOfThem(t *testing.T) {
	span := modelCall()
	trace := match.NewTrace([]*model.Span{span})
	for text, want := range map[string][]query.Value{
		".tags":                {query.Text("red"), query.Text("green"), query.Integer(7)},
		"event:timeSinceStart": {query.Duration(500), query.Duration(2000)},
		"event.step":           {query.Integer(1), query.Integer(2)},
		"name":                 {query.Text("chat")},
		".missing":             nil,
		"trace:spanCount":      {query.Integer(1)},
	} {
		f, err := query.ParseField(text)
		if err != nil {
			t.Fatal(err)
		}
		got := trace.Values(f, span)
		if len(got) != len(want) {
			t.Errorf("%s has values %v, want %v", text, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s has values %v, want %v", text, got, want)
			}
		}
	}
}

func TestNegationTurnsEveryConditionRound(t *testing.T) {
	span := modelCall()
	conditions := strings.Fields(`.n=3 .n!=3 .missing=1 .missing!=1 .tags="red" .tags!="red" .nan=1 name:"H" .yes .http.method true .n/.zero>1`)
	rapid.Check(t, func(rt *rapid.T) {
		a := rapid.SampledFrom(conditions).Draw(rt, "a")
		b := rapid.SampledFrom(conditions).Draw(rt, "b")
		holds := func(text string) bool {
			return match.Holds(parseWhole(t, "{"+text+"}").Source.(*query.Filter).Condition, span)
		}
		if holds("!("+a+")") == holds(a) {
			rt.Errorf("%s and its negation agree", a)
		}
		if holds("!("+a+" && "+b+")") != holds("!("+a+") || !("+b+")") {
			rt.Errorf("%s, %s: De Morgan does not hold for &&", a, b)
		}
		if holds("!("+a+" || "+b+")") != holds("!("+a+") && !("+b+")") {
			rt.Errorf("%s, %s: De Morgan does not hold for ||", a, b)
		}
	})
}
