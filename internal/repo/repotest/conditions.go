package repotest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func conditionLaws() []law {
	return []law{
		{name: "EachTermOfAConditionRestrictsSpans", test: eachTermRestricts},
		{name: "ConditionsOnSpansDecideAsTheirDefinitionDoes", test: spansWhereCondition},
		{name: "ConditionsOnTracesDecideAsTheirDefinitionDoes", test: tracesWhereConditions},
		{name: "ConditionOfManySpansListsEachTraceOnce", test: conditionOfManySpans},
	}
}

// columnsOfSpans are the columns that conditions on spans may name, and values
// that the suite's random spans have in them, or nearly.
func columnsOfSpans() map[query.Intrinsic][]query.Value {
	texts := func(words ...string) []query.Value {
		values := []query.Value{query.Text(""), query.Text("'; --")}
		for _, w := range words {
			values = append(values, query.Text(w))
		}
		return values
	}
	numbers := []query.Value{query.Integer(0), query.Integer(1), query.Float(1.5), query.Integer(2), query.Integer(9), query.Float(-1), query.Duration(2)}
	ids := func(name string) []query.Value { return texts(name+"-1", name+"-2", name, name+"-") }
	enum := func(kind query.Kind, most int64) (values []query.Value) {
		for n := range most + 1 {
			values = append(values, query.Value{Kind: kind, Int: n})
		}
		return values
	}
	return map[query.Intrinsic][]query.Value{
		query.Name:            texts("run", "Run", "r", "un", "größe", "%", "_un"),
		query.Status:          enum(query.KindStatus, 2),
		query.StatusMessage:   texts("carrier timed out", "out"),
		query.SpanKind:        enum(query.KindSpanKind, 5),
		query.SpanDuration:    {query.Duration(0), query.Duration(1e9), query.Float(1.5e9), query.Integer(2e9), query.Duration(1 << 61)},
		query.TraceID:         texts(traceID(1).String(), traceID(2).String(), traceID(3).String()[:5], "8"),
		query.SpanID:          texts(spanID(1).String(), spanID(2).String(), spanID(3).String()[:5], "8"),
		query.ParentID:        texts(spanID(1).String(), spanID(2).String(), spanID(3).String()[:5], "8"),
		query.RootMark:        {query.Integer(-1), query.Integer(0), query.Integer(1)},
		query.Type:            enum(query.KindType, int64(model.TypeChain)),
		query.Failed:          {query.Boolean(true), query.Boolean(false)},
		query.Project:         texts("conditions"),
		query.Service:         texts("desk", "shop", "sh"),
		query.Environment:     texts("production", "staging", "tag"),
		query.AgentID:         ids("agent"),
		query.AgentName:       texts("Agent", "agent", "gen"),
		query.TeamID:          ids("team"),
		query.TeamName:        texts("team"),
		query.WorkflowID:      ids("workflow"),
		query.WorkflowName:    texts("workflow"),
		query.SessionID:       ids("session"),
		query.UserID:          ids("user"),
		query.RunID:           ids("run"),
		query.ModelName:       texts("gpt-5", "GPT-5", "gpt", "ärger", "zebra"),
		query.ModelProvider:   texts("openai"),
		query.ToolName:        texts("search", "Search", "_private", "_"),
		query.ToolCallID:      texts("call"),
		query.ErrorType:       texts("ValueError", "Error"),
		query.ErrorMessage:    texts("went wrong", "wrong"),
		query.UsageInput:      numbers,
		query.UsageOutput:     numbers,
		query.UsageCacheRead:  numbers,
		query.UsageCacheWrite: numbers,
		query.UsageReasoning:  numbers,
		query.UsageTotal:      numbers,
	}
}

// attributesOfSpans are keys and values that random spans have among their
// short attributes, or nearly.
func attributesOfSpans() map[string][]query.Value {
	return map[string][]query.Value{
		"word":      {query.Text("a"), query.Text("A"), query.Text("1"), query.Text("größe"), query.Integer(1), query.Boolean(true)},
		"number":    {query.Integer(1), query.Float(1), query.Float(1.5), query.Integer(9007199254740993), query.Text("1"), query.Duration(2)},
		"truth":     {query.Boolean(true), query.Boolean(false), query.Text("true"), query.Integer(1)},
		"long":      {query.Text("a"), query.Integer(1)},
		`o'dd "k.$`: {query.Text("a"), query.Text(`"`)},
		"absent":    {query.Text("a"), query.Integer(1)},
	}
}

// operators are those that go with a value.
func operators(v query.Value) []plan.Op {
	switch v.Kind {
	case query.KindString:
		return []plan.Op{plan.Equal, plan.NotEqual, plan.Less, plan.LessEqual, plan.Greater, plan.GreaterEqual, plan.Contains, plan.HasPrefix}
	case query.KindNil:
		return []plan.Op{plan.Equal, plan.NotEqual}
	case query.KindBool, query.KindStatus, query.KindSpanKind, query.KindType:
		return []plan.Op{plan.Equal, plan.NotEqual}
	default:
		return []plan.Op{plan.Equal, plan.NotEqual, plan.Less, plan.LessEqual, plan.Greater, plan.GreaterEqual}
	}
}

// everyTerm returns each column with each of its values and operators.
func everyTerm() []plan.Term {
	var terms []plan.Term
	add := func(column plan.Term, values []query.Value) {
		for _, v := range append([]query.Value{{}}, values...) {
			for _, op := range operators(v) {
				column.Op, column.Value = op, v
				terms = append(terms, column)
				column.Not = !column.Not
			}
		}
	}
	columns := columnsOfSpans()
	for i := query.Intrinsic(1); ; i++ {
		if values, ok := columns[i]; ok {
			add(plan.Term{Intrinsic: i}, values)
		}
		if i == query.UsageTotal {
			break
		}
	}
	attributes := attributesOfSpans()
	for _, key := range []string{"word", "number", "truth", "long", `o'dd "k.$`, "absent"} {
		add(plan.Term{Attribute: key}, attributes[key])
	}
	return terms
}

// conditionCorpus writes so many random traces with short attributes of every
// kind, and some others.
func conditionCorpus(t *testing.T, s *subject, traces int) *reference {
	t.Helper()
	r := newRandom(50)
	spans := r.traces(s.project, traces)
	for _, span := range spans {
		span.ShortAttributes = r.shortAttributes()
		span.Kind = model.SpanKind(r.IntN(6))
	}
	for trace := range 1 + traces/10 {
		spans = append(spans, acrossMidnight(s.project, 200+trace)...)
	}
	for batch := range slices.Chunk(spans, 50) {
		s.write(t, batch...)
	}
	return referenceOf(spans)
}

func (r random) shortAttributes() []byte {
	if r.IntN(4) == 0 {
		return nil
	}
	object := fmt.Sprintf(`{"word":%s,"number":%s,"truth":%s,"o'dd \"k.$":%s`,
		r.pick(`"a"`, `"A"`, `"1"`, `"größe"`, `1`, `null`), r.pick(`1`, `1.5`, `9007199254740993`, `"1"`, `-3`, `"NaN"`),
		r.pick(`true`, `false`, `"true"`), r.pick(`"a"`, `"\""`, `null`))
	if r.IntN(3) == 0 {
		object += `,"long":null`
	}
	if r.IntN(6) == 0 {
		object += `,"` + model.ShortIncomplete + `":null`
	}
	return []byte(object + "}")
}

func eachTermRestricts(t *testing.T, s *subject) {
	corpus := conditionCorpus(t, s, 16)
	decided := map[bool]int{}
	for _, term := range everyTerm() {
		q := repo.SpanQuery{Where: term}
		want := corpus.spansOf(s.project, q)
		decided[len(want) > 0 && len(want) < len(corpus.spans)]++
		if got := s.spans(t, q); !sameKeys(want, got) {
			t.Errorf("%+v: %d spans, want %d", term, len(got), len(want))
		}
	}
	if decided[true] < 3*decided[false]/2 {
		t.Errorf("the corpus does not test this: %d terms of %d choose some spans and leave others", decided[true], decided[true]+decided[false])
	}
}

func sameKeys(a, b []*model.Span) bool {
	return slices.EqualFunc(byKey(a), byKey(b), func(x, y *model.Span) bool { return keyOf(x) == keyOf(y) })
}

// condition draws a tree of terms.
func condition(terms []plan.Term) *rapid.Generator[plan.Condition] {
	return rapid.Custom(func(t *rapid.T) plan.Condition { return drawCondition(t, terms, 3) })
}

func drawCondition(t *rapid.T, terms []plan.Term, depth int) plan.Condition {
	shape := rapid.IntRange(0, 5).Draw(t, "shape")
	if depth == 0 || shape < 3 {
		term := rapid.SampledFrom(terms).Draw(t, "term")
		term.Not = rapid.Bool().Draw(t, "not")
		return term
	}
	children := make([]plan.Condition, rapid.IntRange(0, 3).Draw(t, "children"))
	for i := range children {
		children[i] = drawCondition(t, terms, depth-1)
	}
	if shape == 3 {
		return plan.Any(children)
	}
	return plan.All(children)
}

func spansWhereCondition(t *testing.T, s *subject) {
	corpus := conditionCorpus(t, s, 60)
	conditions := condition(everyTerm())
	rapid.Check(t, func(t *rapid.T) {
		q := spanQuery(t)
		q.Where = conditions.Draw(t, "where")
		sameSpans(t, corpus.spansOf(s.project, q), s.spans(t, q))
	})
}

// columnsOfTraces are the columns that conditions on traces may name.
func termsOfTraces(corpus []*model.Trace) []plan.Term {
	var terms []plan.Term
	add := func(column query.Intrinsic, v query.Value) {
		for _, op := range operators(v) {
			terms = append(terms, plan.Term{Intrinsic: column, Op: op, Value: v})
		}
	}
	for _, t := range []*model.Trace{corpus[0], corpus[len(corpus)/2], corpus[len(corpus)-1]} {
		add(query.TraceDuration, query.Duration(t.Duration()))
		add(query.TraceDuration, query.Float(float64(t.Duration())+0.5))
	}
	for n := range int64(4) {
		add(query.TraceSpanCount, query.Integer(n+1))
		add(query.TraceErrorCount, query.Integer(n))
	}
	for _, name := range []string{"run", "Support_Agent.run", "Support", "u"} {
		add(query.TraceRootName, query.Text(name))
	}
	add(query.TraceRootName, query.Value{})
	return terms
}

func tracesWhereConditions(t *testing.T, s *subject) {
	corpus := conditionCorpus(t, s, 60)
	having := condition(everyTerm())
	where := condition(termsOfTraces(corpus.tracesOf(s.project, repo.TraceQuery{})))
	rapid.Check(t, func(t *rapid.T) {
		q := traceQuery(t)
		if rapid.Bool().Draw(t, "of traces") {
			q.Where = where.Draw(t, "where")
		}
		for range rapid.IntRange(0, 3).Draw(t, "conditions") {
			q.Having = append(q.Having, having.Draw(t, "having"))
		}
		sameTraces(t, corpus.tracesOf(s.project, q), s.traces(t, q))
	})
}

// conditionOfManySpans looks for what thousands of spans fulfil, those of each
// trace spread among those of all others, for what few do, and for what none
// does, with pages that are filled from several stretches of a walk.
func conditionOfManySpans(t *testing.T, s *subject) {
	corpus := manySpans(t, s)
	failed := plan.Term{Intrinsic: query.Failed, Value: query.Boolean(true)}
	busy := plan.Term{Intrinsic: query.AgentID, Value: query.Text("busy")}
	rare := plan.Term{Intrinsic: query.UserID, Value: query.Text("rare")}
	named := plan.Term{Intrinsic: query.Name, Value: query.Text("span-1207")}
	nobody := plan.Term{Intrinsic: query.ToolName, Value: query.Text("nobody")}
	for _, having := range [][]plan.Condition{
		{busy}, {rare}, {failed}, {named}, {nobody}, {busy, rare}, {busy, nobody}, {failed, named},
		{plan.All{busy, rare}}, {plan.All{busy, failed}, rare}, {plan.Any{rare, named}}, {plan.All{failed, plan.Any{rare, named}}},
	} {
		for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
			q := repo.TraceQuery{Having: having, Order: order, Limit: 7}
			sameTraces(t, corpus.tracesOf(s.project, q), s.traces(t, q))
		}
	}
}
