package match_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// calls is a trace of model and tool calls with different fields.
func calls() []*model.Span {
	spans := spansOf("a@0-100 b<a@1-11 c<a@12-32 d<a@33-63 e<a@64-65 f<a@66-67")
	set := func(i int, typ model.SpanType, name, arguments string, attributes ...model.KeyValue) {
		s := spans[i]
		s.Type, s.Body.Attributes = typ, attributes
		if typ == model.TypeTool {
			s.ToolName, s.Body.ToolArguments = name, arguments
			return
		}
		s.Model, s.Body.Input.Value = name, arguments
	}
	cost := func(n int64) model.KeyValue { return attribute("cost", model.IntValue(n)) }
	set(1, model.TypeLLM, "gpt", "hello", cost(3))
	set(2, model.TypeLLM, "opus", "hello", cost(4), attribute("tags", list(model.StringValue("x"), model.StringValue("y"))))
	set(3, model.TypeLLM, "gpt", "bye", attribute("cost", model.DoubleValue(0.5)))
	set(4, model.TypeTool, "search", "{}", attribute("cost", model.StringValue("much")))
	set(5, model.TypeTool, "search", "{}")
	return spans
}

func TestPipelinesKeep(t *testing.T) {
	tests := []struct{ query, want string }{
		{`count() > 2`, "a b c d e f"}, // of { }
		{`{ type = llm } | count() = 3`, "b c d"},
		{`{ type = llm } | count() > 3`, ""},
		{`{ type = llm } | count()`, "b c d"},
		{`{ type = llm } | avg(duration) = 20ns`, "b c d"},
		{`{ type = llm } | min(duration) = 10ns`, "b c d"},
		{`{ type = llm } | max(duration) = 30ns`, "b c d"},
		{`{ type = llm } | sum(duration) = 60ns`, "b c d"},
		{`{ } | sum(.cost) = 7.5`, "a b c d e f"}, // what is no number is left out
		{`{ } | avg(.cost) = 2.5`, "a b c d e f"},
		{`{ } | min(.cost) = 0.5`, "a b c d e f"},
		{`{ } | max(.cost) = 4`, "a b c d e f"},
		{`{ } | sum(.cost * 2) - 1 = count() + 8`, "a b c d e f"},
		{`{ } | sum(.missing) = 0`, "a b c d e f"},
		{`{ } | avg(.missing) = 0`, ""},
		{`{ } | avg(.missing) != 0`, ""},
		{`{ } | max(.missing) > 0`, ""},
		{`{ } | max(span:childCount) = 5`, "a b c d e f"},

		{`{ type = llm } | by(model:name) | count() = 2`, "b d"},
		{`{ type = llm } | by(model:name) | count() = 1`, "c"},
		{`{ } | by(type, model:name) | count() = 2`, "b d e f"},
		{`{ } | by(model:name) | count() = 3`, "a e f"}, // absent is a value
		{`{ } | by(.tags) | count() = 1`, "c"},          // its first value
		{`{ } | by(type) | by(model:name) | count() = 1`, "a c"},
		{`{ } | by(type) | coalesce() | count() = 6`, "a b c d e f"},
		{`{ } | by(type) | count() > 2 | coalesce() | count() = 3`, "b c d"},

		{`{ type = llm } | { duration > 15ns }`, "c d"},
		{`{ type = llm } | { duration > 15ns } | count() = 2`, "c d"},
		{`{ type = llm } | { false }`, ""},
		{`{ type = llm } | { false } | count() = 0`, ""},
		{`{ } | by(type) | { name = "b" || name = "e" } | count() = 1`, "b e"},
		{`{ type = llm } | select(model:name)`, "b c d"},

		{`{ type = agent } || { type = llm } | count() = 3`, "b c d"},
		{`({ type = llm } | count() = 3) || ({ type = tool } | count() = 3)`, "b c d"},
		{`({ type = llm } | count() = 3) && ({ type = tool } | count() = 3)`, ""},
	}
	for _, test := range tests {
		if got := names(match.Select(parseWhole(t, test.query), match.NewTrace(calls()))); got != test.want {
			t.Errorf("%s selects %q, want %q", test.query, got, test.want)
		}
	}
}

func TestRepeatKeepsWhatWasDoneAgainAndAgain(t *testing.T) {
	spans := calls()
	for _, s := range spans {
		s.Name = s.Type.String()
	}
	places := func(selected []match.Selected) (places string) {
		for _, s := range selected {
			places += string(s.Span.SpanID[7])
		}
		return places
	}
	tests := []struct{ query, want string }{
		{`{ } | repeat(1)`, "abcdef"},
		{`{ } | repeat(2)`, "bcef"}, // same name and arguments
		{`{ } | repeat(3)`, ""},
		{`{ type = tool } | repeat(2)`, "ef"},
		{`{ type = llm } | by(model:name) | repeat(2)`, ""}, // within each spanset
		{`{ type = llm } | by(model:name) | coalesce() | repeat(2)`, "bc"},
	}
	for _, test := range tests {
		if got := places(match.Select(parseWhole(t, test.query), match.NewTrace(spans))); got != test.want {
			t.Errorf("%s selects %q, want %q", test.query, got, test.want)
		}
	}
}

func TestSelectedFieldsAreThoseThatTheSpanHas(t *testing.T) {
	selected := match.Select(parseWhole(t, `{ name = "c" || name = "f" } | select(.cost, .tags, duration) | by(model:name, .cost)`), match.NewTrace(calls()))
	want := [][]match.Named{
		{
			{Name: ".cost", Value: query.Integer(4)},
			{Name: ".tags", Value: query.Text("x")}, {Name: ".tags", Value: query.Text("y")},
			{Name: "duration", Value: query.Duration(20)},
			{Name: "model:name", Value: query.Text("opus")},
		},
		{{Name: "duration", Value: query.Duration(1)}},
	}
	if len(selected) != len(want) {
		t.Fatalf("selected %s", names(selected))
	}
	for i, s := range selected {
		if len(s.Fields) != len(want[i]) {
			t.Fatalf("%s has fields %v, want %v", s.Span.Name, s.Fields, want[i])
		}
		for j, f := range s.Fields {
			if f != want[i][j] {
				t.Errorf("%s has fields %v, want %v", s.Span.Name, s.Fields, want[i])
			}
		}
	}
}

func TestMetricsSelectWhatTheirSourceDoes(t *testing.T) {
	if got := names(match.Select(parseWhole(t, `{ type = llm } | rate() by (name)`), match.NewTrace(calls()))); got != "b c d" {
		t.Errorf("selected %q", got)
	}
}
