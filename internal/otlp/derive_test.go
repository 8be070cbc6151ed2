package otlp

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestTypeOfASpan(t *testing.T) {
	kind := func(k string) model.KeyValue { return text("openinference.span.kind", k) }
	operation := func(o string) model.KeyValue { return text("gen_ai.operation.name", o) }
	tests := []struct {
		name, scope string
		attributes  []model.KeyValue
		want        model.SpanType
	}{
		{"Weather_Agent.run", agnoScope, []model.KeyValue{kind("AGENT"), text("agno.agent.id", "weather")}, model.TypeAgent},
		{"Research_Team.arun", agnoScope, []model.KeyValue{kind("AGENT"), text("agno.team.id", "research")}, model.TypeTeam},
		{"Research_Team.run", agnoScope, []model.KeyValue{kind("AGENT"), text("agno.team", "Research")}, model.TypeTeam},
		{"member of a team", "", []model.KeyValue{kind("AGENT"), text("team_id", "research")}, model.TypeAgent},
		{"OpenAIChat.invoke", agnoScope, []model.KeyValue{kind("LLM")}, model.TypeLLM},
		{"Blog.run", agnoScope, []model.KeyValue{kind("CHAIN")}, model.TypeWorkflow},
		{"Blog.arun", agnoScope, []model.KeyValue{kind("CHAIN")}, model.TypeWorkflow},
		{"Blog._aexecute", agnoScope, []model.KeyValue{kind("CHAIN")}, model.TypeWorkflow},
		{"Blog._aexecute_stream", agnoScope, []model.KeyValue{kind("CHAIN")}, model.TypeWorkflow},
		{"Blog", "", []model.KeyValue{kind("CHAIN"), text("agno.workflow.id", "blog")}, model.TypeWorkflow},
		{"Blog", "", []model.KeyValue{kind("CHAIN"), text("agno.workflow.description", "")}, model.TypeWorkflow},
		{"research.execute", agnoScope, []model.KeyValue{kind("CHAIN")}, model.TypeStep},
		{"research.execute_stream", agnoScope, []model.KeyValue{kind("CHAIN")}, model.TypeStep},
		{"research.aexecute", agnoScope, []model.KeyValue{kind("CHAIN")}, model.TypeStep},
		{"research.aexecute_stream", agnoScope, []model.KeyValue{kind("CHAIN")}, model.TypeStep},
		{"research", "", []model.KeyValue{kind("CHAIN"), text("agno.step.type", "agent")}, model.TypeStep},
		{"both", "", []model.KeyValue{kind("CHAIN"), number("agno.parallel.step_count", 2)}, model.TypeStep},
		{"Step in.run", agnoScope, []model.KeyValue{kind("CHAIN"), text("agno.workflow.id", "b"), text("agno.step.type", "agent")}, model.TypeStep},
		{"RunnableSequence.run", "openinference.instrumentation.langchain", []model.KeyValue{kind("CHAIN")}, model.TypeChain},
		{"glue", agnoScope, []model.KeyValue{kind("CHAIN")}, model.TypeChain},
		{"lower case", "", []model.KeyValue{kind("retriever")}, model.TypeRetriever},
		{"embed", "", []model.KeyValue{kind("EMBEDDING")}, model.TypeEmbedding},
		{"rank", "", []model.KeyValue{kind("RERANKER")}, model.TypeReranker},
		{"guard", "", []model.KeyValue{kind("GUARDRAIL")}, model.TypeGuardrail},
		{"judge", "", []model.KeyValue{kind("EVALUATOR")}, model.TypeEvaluator},
		{"prompt", "", []model.KeyValue{kind("PROMPT")}, model.TypePrompt},
		{"ours", "", []model.KeyValue{kind("WORKFLOW")}, model.TypeWorkflow},
		{"new kind", "", []model.KeyValue{kind("ORACLE")}, model.TypeUnknown},
		{"unknown kind", "", []model.KeyValue{kind("UNKNOWN"), operation("chat")}, model.TypeLLM},
		{"kind before operation", "", []model.KeyValue{operation("chat"), kind("TOOL")}, model.TypeTool},
		{"chat gpt-4o", "", []model.KeyValue{operation("chat")}, model.TypeLLM},
		{"generate", "", []model.KeyValue{operation("generate_content")}, model.TypeLLM},
		{"complete", "", []model.KeyValue{operation("text_completion")}, model.TypeLLM},
		{"embeddings ada", "", []model.KeyValue{operation("embeddings")}, model.TypeEmbedding},
		{"retrieval", "", []model.KeyValue{operation("retrieval")}, model.TypeRetriever},
		{"execute_tool add", "", []model.KeyValue{operation("execute_tool")}, model.TypeTool},
		{"invoke_agent", "", []model.KeyValue{operation("invoke_agent")}, model.TypeAgent},
		{"invoke_agent team", "", []model.KeyValue{operation("invoke_agent"), text("agno.team.id", "t")}, model.TypeTeam},
		{"invoke_workflow", "", []model.KeyValue{operation("invoke_workflow")}, model.TypeWorkflow},
		{"create_agent", "", []model.KeyValue{operation("create_agent")}, model.TypeChain},
		{"POST /v1/runs", "", []model.KeyValue{text("agent_id", "a"), text("run_id", "r")}, model.TypeUnknown},
	}
	for _, test := range tests {
		s := spanOf(1, test.name, test.attributes...)
		s.Body.Scope.Name = test.scope
		if got := derived(t, s).Type; got != test.want {
			t.Errorf("%s %v: %v, want %v", test.name, test.attributes, got, test.want)
		}
	}
}

func TestIdentityComesFromEveryVocabulary(t *testing.T) {
	agent, chain := text("openinference.span.kind", "AGENT"), text("openinference.span.kind", "CHAIN")
	tests := []struct {
		name       string
		attributes []model.KeyValue
		want       model.Identity
	}{
		{"an agent of Agno's", []model.KeyValue{
			agent, text("graph.node.name", "Node"), text("agent.name", "Weather Agent"), text("agno.agent.id", "weather-agent"),
			text("agno.agent", "Weather Agent"), text("session.id", "s"), text("user.id", "u"), text("agno.run.id", "r"),
		}, model.Identity{AgentID: "weather-agent", AgentName: "Weather Agent", SessionID: "s", UserID: "u", RunID: "r"}},
		{"a team of Agno's", []model.KeyValue{
			agent, text("agent.name", "Research"), text("agno.team.id", "research"), text("agno.team", "Research"),
		}, model.Identity{TeamID: "research", TeamName: "Research"}},
		{"a workflow of Agno's", []model.KeyValue{
			chain, text("graph.node.name", "Blog"), text("agno.workflow.id", "blog"), text("agno.run.id", "r"),
		}, model.Identity{WorkflowID: "blog", WorkflowName: "Blog", RunID: "r"}},
		{"GenAI", []model.KeyValue{
			text("gen_ai.operation.name", "invoke_agent"), text("gen_ai.agent.id", "a"), text("gen_ai.agent.name", "A"),
			text("gen_ai.conversation.id", "s"), text("gen_ai.workflow.name", "W"),
		}, model.Identity{AgentID: "a", AgentName: "A", SessionID: "s", WorkflowName: "W"}},
		{"a GenAI agent that is a team", []model.KeyValue{
			text("gen_ai.operation.name", "invoke_agent"), text("gen_ai.agent.id", "t"), text("gen_ai.agent.name", "T"), text("team.id", ""),
		}, model.Identity{TeamID: "t", TeamName: "T"}},
		{"plain keys, which Agno's exporter prefers", []model.KeyValue{
			text("agno.agent.id", "no"), text("agent_id", "a"), text("team_id", "t"), text("workflow_id", "w"),
			text("session.id", "no"), text("session_id", "s"), text("user_id", "u"), text("run_id", "r"), text("agno.run.id", "no"),
		}, model.Identity{AgentID: "a", TeamID: "t", WorkflowID: "w", SessionID: "s", UserID: "u", RunID: "r"}},
		{"empty texts are passed over", []model.KeyValue{
			text("session_id", ""), text("session.id", ""), text("gen_ai.conversation.id", "s"),
		}, model.Identity{SessionID: "s"}},
		{"the first of equal keys counts", []model.KeyValue{text("user.id", "first"), text("user.id", "second")}, model.Identity{UserID: "first"}},
		{"numbers are ids too", []model.KeyValue{number("user.id", 42)}, model.Identity{UserID: "42"}},
		{"lists are none", []model.KeyValue{{Key: "user.id", Value: model.Value{Kind: model.KindArray}}}, model.Identity{}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, derived(t, spanOf(1, "x", test.attributes...)).Identity); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestServiceAndEnvironmentComeFromTheResource(t *testing.T) {
	s := spanOf(1, "x", text("service.name", "not me"))
	for _, test := range []struct {
		attributes           []model.KeyValue
		service, environment string
	}{
		{nil, "", ""},
		{[]model.KeyValue{text("service.name", "shop"), text("deployment.environment", "old")}, "shop", "old"},
		{[]model.KeyValue{text("deployment.environment", "old"), text("deployment.environment.name", "new")}, "", "new"},
	} {
		s.Body.Resource.Attributes = test.attributes
		if got := derived(t, s); got.Service != test.service || got.Environment != test.environment {
			t.Errorf("%v: %q, %q", test.attributes, got.Service, got.Environment)
		}
	}
}

func TestUsageBucketsAreDisjoint(t *testing.T) {
	const prompt, completion, total = "llm.token_count.prompt", "llm.token_count.completion", "llm.token_count.total"
	const read, write = "llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_write"
	const reasoning = "llm.token_count.completion_details.reasoning"
	tests := []struct {
		name       string
		attributes []model.KeyValue
		want       model.Usage
	}{
		{"plain", []model.KeyValue{number(prompt, 10), number(completion, 5)}, model.Usage{Input: 10, Output: 5}},
		{"cache is part of the prompt", []model.KeyValue{number(prompt, 143), number(completion, 11), number(read, 16)},
			model.Usage{Input: 127, CacheRead: 16, Output: 11}},
		{"a total agrees", []model.KeyValue{number(prompt, 143), number(completion, 11), number(read, 16), number(total, 154)},
			model.Usage{Input: 127, CacheRead: 16, Output: 11, Total: 154}},
		{"a total proves that cache stands beside", []model.KeyValue{number(prompt, 100), number(completion, 10), number(read, 50), number(write, 20), number(total, 180)},
			model.Usage{Input: 100, CacheRead: 50, CacheWrite: 20, Output: 10, Total: 180}},
		{"more cache than prompt stands beside", []model.KeyValue{number(prompt, 11), number(completion, 10), number(read, 16), number(total, 21)},
			model.Usage{Input: 11, CacheRead: 16, Output: 10, Total: 21}},
		{"reasoning is part of the completion", []model.KeyValue{number(completion, 30), number(reasoning, 20)}, model.Usage{Output: 10, Reasoning: 20}},
		{"a total proves that reasoning stands beside", []model.KeyValue{number(prompt, 10), number(completion, 30), number(reasoning, 20), number(total, 60)},
			model.Usage{Input: 10, Output: 30, Reasoning: 20, Total: 60}},
		{"a total proves that both stand beside", []model.KeyValue{number(prompt, 10), number(completion, 30), number(read, 5), number(reasoning, 20), number(total, 65)},
			model.Usage{Input: 10, CacheRead: 5, Output: 30, Reasoning: 20, Total: 65}},
		{"audio", []model.KeyValue{number(prompt, 10), number(completion, 9),
			number("llm.token_count.prompt_details.audio", 4), number("llm.token_count.completion_details.audio", 3)},
			model.Usage{Input: 6, AudioInput: 4, Output: 6, AudioOutput: 3}},
		{"GenAI", []model.KeyValue{number("gen_ai.usage.input_tokens", 100), number("gen_ai.usage.output_tokens", 20),
			number("gen_ai.usage.cache_read.input_tokens", 30), number("gen_ai.usage.cache_creation.input_tokens", 10),
			number("gen_ai.usage.reasoning.output_tokens", 5)},
			model.Usage{Input: 60, CacheRead: 30, CacheWrite: 10, Output: 15, Reasoning: 5}},
		{"deprecated GenAI", []model.KeyValue{number("gen_ai.usage.prompt_tokens", 7), number("gen_ai.usage.completion_tokens", 3)},
			model.Usage{Input: 7, Output: 3}},
		{"both vocabularies count once", []model.KeyValue{number("gen_ai.usage.input_tokens", 143), number(prompt, 143), number(completion, 11),
			number("gen_ai.usage.output_tokens", 11), number("gen_ai.usage.cache_read.input_tokens", 16), number(read, 16)},
			model.Usage{Input: 127, CacheRead: 16, Output: 11}},
		{"doubles and texts are numbers", []model.KeyValue{{Key: prompt, Value: model.DoubleValue(12)}, text(completion, "8")}, model.Usage{Input: 12, Output: 8}},
		{"nonsense is ignored", []model.KeyValue{number(prompt, -5), {Key: completion, Value: model.DoubleValue(math.NaN())},
			number(total, math.MaxInt64), {Key: read, Value: model.DoubleValue(1.5)}}, model.Usage{}},
		{"only a total", []model.KeyValue{number(total, 9)}, model.Usage{Total: 9}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, derived(t, spanOf(1, "x", test.attributes...)).Usage); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestCostIsWhatTheSenderReportedOfAModelCall(t *testing.T) {
	dollars := func(key string, f float64) model.KeyValue {
		return model.KeyValue{Key: key, Value: model.DoubleValue(f)}
	}
	tests := []struct {
		name       string
		kind       string
		attributes []model.KeyValue
		want       int64
	}{
		{"nothing", "LLM", nil, 0},
		{"OpenInference", "LLM", []model.KeyValue{dollars("llm.cost.total", 0.0123)}, 12_300_000},
		{"GenAI", "EMBEDDING", []model.KeyValue{dollars("gen_ai.usage.cost", 2)}, 2_000_000_000},
		{"both", "LLM", []model.KeyValue{dollars("gen_ai.usage.cost", 2), dollars("llm.cost.total", 1)}, 1_000_000_000},
		{"a whole number", "LLM", []model.KeyValue{number("llm.cost.total", 3)}, 3_000_000_000},
		{"a text", "LLM", []model.KeyValue{text("llm.cost.total", "0.000000001")}, 1},
		{"half a billionth", "LLM", []model.KeyValue{dollars("llm.cost.total", 2.5e-9)}, 3},
		{"of an agent, which repeats that of its calls", "AGENT", []model.KeyValue{dollars("llm.cost.total", 1), number("llm.token_count.prompt", 1)}, 0},
		{"no number", "LLM", []model.KeyValue{dollars("llm.cost.total", math.NaN()), dollars("gen_ai.usage.cost", 1)}, 1_000_000_000},
		{"less than nothing", "LLM", []model.KeyValue{dollars("llm.cost.total", -1)}, 0},
		{"a million", "LLM", []model.KeyValue{dollars("llm.cost.total", 1e6)}, 1_000_000_000_000_000},
		{"more than a million", "LLM", []model.KeyValue{dollars("llm.cost.total", 1_000_000.01)}, 0},
		{"free, which may be an unknown price", "LLM", []model.KeyValue{number("llm.cost.total", 0), dollars("gen_ai.usage.cost", 1)}, 1_000_000_000},
	}
	for _, test := range tests {
		s := complete(t, spanOf(1, "x", append(test.attributes, text("openinference.span.kind", test.kind))...))
		if s.Body.Cost != test.want {
			t.Errorf("%s: %d, want %d", test.name, s.Body.Cost, test.want)
		}
	}
}

func TestModelAndToolComeFromEveryVocabulary(t *testing.T) {
	tests := []struct {
		name       string
		attributes []model.KeyValue
		model      string
		provider   string
		tool, call string
	}{
		{"OpenInference", []model.KeyValue{text("llm.model_name", "m"), text("llm.provider", "OpenAI"), text("llm.system", "openai")}, "m", "OpenAI", "", ""},
		{"GenAI", []model.KeyValue{text("gen_ai.response.model", "m-2026"), text("gen_ai.request.model", "m"), text("gen_ai.provider.name", "openai")}, "m", "openai", "", ""},
		{"deprecated GenAI", []model.KeyValue{text("gen_ai.response.model", "m-2026"), text("gen_ai.system", "az")}, "m-2026", "az", "", ""},
		{"embedding", []model.KeyValue{text("embedding.model_name", "ada")}, "ada", "", "", ""},
		{"tool of OpenInference", []model.KeyValue{text("tool.name", "add"), text("tool.id", "c")}, "", "", "add", "c"},
		{"tool of GenAI", []model.KeyValue{text("gen_ai.tool.name", "add"), text("gen_ai.tool.call.id", "c")}, "", "", "add", "c"},
		{"tool with a name only", []model.KeyValue{text("gen_ai.operation.name", "execute_tool")}, "", "", "lookup", ""},
	}
	for _, test := range tests {
		s := derived(t, spanOf(1, "execute_tool lookup", test.attributes...))
		if s.Model != test.model || s.Provider != test.provider || s.ToolName != test.tool || s.ToolCallID != test.call {
			t.Errorf("%s: %q %q %q %q", test.name, s.Model, s.Provider, s.ToolName, s.ToolCallID)
		}
	}
}

func TestTimeToTheFirstToken(t *testing.T) {
	seconds := func(f float64) model.KeyValue {
		return model.KeyValue{Key: "gen_ai.response.time_to_first_chunk", Value: model.DoubleValue(f)}
	}
	event := model.Event{Name: "First Token Stream Event", TimeNano: testStart + 1000 + 77}
	for name, test := range map[string]struct {
		attributes []model.KeyValue
		events     []model.Event
		want       int64
	}{
		"seconds":              {[]model.KeyValue{seconds(0.25)}, nil, 250_000_000},
		"milliseconds":         {[]model.KeyValue{number("ai.response.msToFirstChunk", 12)}, nil, 12_000_000},
		"an event":             {nil, []model.Event{event, {Name: event.Name, TimeNano: event.TimeNano + 5}}, 77},
		"an event too early":   {nil, []model.Event{{Name: event.Name, TimeNano: 5}}, 0},
		"seconds before event": {[]model.KeyValue{seconds(1)}, []model.Event{event}, 1_000_000_000},
		"nonsense":             {[]model.KeyValue{seconds(math.NaN())}, nil, 0},
		"negative":             {[]model.KeyValue{seconds(-1)}, nil, 0},
		"endless":              {[]model.KeyValue{seconds(math.Inf(1))}, nil, 0},
	} {
		s := spanOf(1, "x", test.attributes...)
		s.Body.Events = test.events
		if got := derived(t, s).FirstTokenNano; got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestPreviewOfARunShowsWordsAndNotBrackets(t *testing.T) {
	messages := text("gen_ai.input.messages", `[{"role":"system","parts":[{"type":"text","content":"Be brief"}]},{"role":"user","parts":[{"type":"text","content":"How are otters?"}]}]`)
	answer := text("gen_ai.output.messages", `[{"role":"assistant","parts":[{"type":"text","content":"Fine."}],"finish_reason":"stop"}]`)
	got := derived(t, spanOf(1, "x", text("gen_ai.operation.name", "invoke_agent"), messages, answer))
	if got.InputPreview != "How are otters?" || got.OutputPreview != "Fine." {
		t.Errorf("%q, %q", got.InputPreview, got.OutputPreview)
	}
	plain := derived(t, spanOf(1, "x", messages, text("input.value", "[the text]")))
	if plain.InputPreview != "[the text]" {
		t.Errorf("%q", plain.InputPreview)
	}
}
