package plan_test

import (
	"math"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// oddValues are what an attribute may be: as rows have it, repaired, in another
// form, or not at all.
func oddValues() []model.Value {
	values := []model.Value{{}, {Kind: model.KindArray}, {Kind: model.KindBytes, Str: "a"}, model.BoolValue(true), model.BoolValue(false)}
	for _, s := range []string{"", "a", "ab", "NaN", "Infinity", "a\x00", "a\xff", "a\uFFFD", "1", strings.Repeat("a", 300)} {
		values = append(values, model.StringValue(s))
	}
	for _, n := range []int64{0, 1, -3, 1 << 53, 1<<53 + 1, 1234567890123456768, 1234567890123456800, math.MaxInt64, math.MinInt64} {
		values = append(values, model.IntValue(n))
	}
	for _, f := range []float64{0, 1, 1.5, -3, 1 << 53, 1234567890123456768, 1e300, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)} {
		values = append(values, model.DoubleValue(f))
	}
	list := model.Value{Kind: model.KindArray, Array: []model.Value{model.StringValue("a"), model.IntValue(1)}}
	return append(values, list)
}

func oddLiterals() []query.Value {
	literals := []query.Value{query.Boolean(true), query.Boolean(false), query.Duration(1), query.Duration(1 << 60)}
	for _, v := range oddValues() {
		switch v.Kind {
		case model.KindString:
			literals = append(literals, query.Text(v.Str))
		case model.KindInt:
			literals = append(literals, query.Integer(v.Int))
		case model.KindDouble:
			if !math.IsNaN(v.Double) {
				literals = append(literals, query.Float(v.Double))
			}
		}
	}
	return literals
}

// comparisonsOf returns every comparison of a field, and what denies it.
func comparisonsOf(t *testing.T, f *query.Field) []query.Expr {
	exprs := []query.Expr{f}
	literal := func(op query.Operator, v query.Value, p *query.Pattern) {
		exprs = append(exprs, &query.Binary{Op: op, Left: f, Right: &query.Literal{Value: v}, Pattern: p})
	}
	for _, v := range oddLiterals() {
		for op := query.Equal; op <= query.GreaterEqual; op++ {
			literal(op, v, nil)
		}
		if v.Kind == query.KindString {
			literal(query.Contains, v, nil)
		}
	}
	for _, text := range []string{"", ".*", ".+", "a", "a.*", ".*b", ".*a.*", "a|b", "N.*", ".*n.*", "[IN].*", "a.", "a\uFFFD", ".*\uFFFD.*", "(?i)A.*", "a(b)?"} {
		pattern, err := query.NewPattern(text)
		if err != nil {
			t.Fatal(err)
		}
		literal(query.Matches, query.Text(text), pattern)
		literal(query.NotMatches, query.Text(text), pattern)
	}
	literal(query.Equal, query.Value{}, nil)
	literal(query.NotEqual, query.Value{}, nil)
	for _, e := range exprs {
		exprs = append(exprs, &query.Unary{Op: query.Not, X: e})
	}
	return exprs
}

// decoded returns spans as they come out of a store.
func decoded(t *testing.T, spans ...*model.Span) []*model.Span {
	t.Helper()
	spans, err := otlp.DecodeSpans("p", otlp.EncodeSpans(spans))
	if err != nil {
		t.Fatal(err)
	}
	return spans
}

func spanWith(attributes ...model.KeyValue) *model.Span {
	return &model.Span{TraceID: model.TraceID{1}, SpanID: model.SpanID{1}, StartNano: 1, EndNano: 2, Body: &model.Body{Attributes: attributes}}
}

func TestEveryComparisonWithAnyAttributeIsNecessary(t *testing.T) {
	spans := decoded(t, spanWith())
	var crowd []model.KeyValue
	for range 65 {
		crowd = append(crowd, attribute(strings.Repeat("k", len(crowd)+2), model.BoolValue(true)))
	}
	for _, v := range oddValues() {
		spans = append(spans, decoded(t, spanWith(attribute("k", v)), spanWith(append(crowd, attribute("k", v))...))...)
	}
	for _, scope := range []query.Scope{query.ScopeAny, query.ScopeSpan} {
		for _, e := range comparisonsOf(t, &query.Field{Scope: scope, Name: "k"}) {
			necessaryFor(t, e, spans)
		}
	}
}

func TestEveryComparisonWithAnyTextOfTheContentIsNecessary(t *testing.T) {
	var spans []*model.Span
	for _, v := range oddValues() {
		spans = append(spans, decoded(t,
			spanWith(attribute("input.value", v)),
			spanWith(attribute("llm.input_messages.0.message.content", v)),
			spanWith(attribute("gen_ai.input.messages", v)),
		)...)
		if v.Kind == model.KindString {
			spans = append(spans, decoded(t, spanWith(attribute("gen_ai.prompt", model.StringValue(`[{"content":"`+v.Str+`"}]`))))...)
		}
	}
	for _, i := range []query.Intrinsic{query.ContentInput, query.ContentMessages} {
		for _, e := range comparisonsOf(t, &query.Field{Intrinsic: i}) {
			necessaryFor(t, e, spans)
		}
	}
}

func planOf(e query.Expr) plan.Plan {
	return plan.Of(&query.Query{Source: &query.Filter{Condition: e}}, otlp.Searchable)
}

// necessaryFor checks that the plan of a filter excludes no span that matches.
func necessaryFor(t *testing.T, e query.Expr, spans []*model.Span) {
	t.Helper()
	p := planOf(e)
	scan := p.NewScan(otlp.Verbatim)
	for _, s := range spans {
		if !match.Holds(e, s) {
			continue
		}
		if !plan.HoldsSpan(p.Spans, s) {
			t.Errorf("%v: %v excludes %s", e, p.Spans, s.ShortAttributes)
		}
		if !scan.Segment(otlp.EncodeSpans([]*model.Span{s})) {
			t.Errorf("%v: %+v is excluded by its bytes", e, s.Body.Attributes)
		}
	}
}

func TestEveryComparisonWithAnyColumnIsDecided(t *testing.T) {
	llm := &model.Span{Type: model.TypeLLM, Usage: model.Usage{Input: 1, Total: 1}, Failed: true, Status: model.StatusError}
	spans := []*model.Span{{}, llm, {Type: model.TypeTool, ParentID: model.SpanID{1}, Kind: 9}}
	for _, s := range []string{"a", "ab", "NaN", "a\uFFFD", "1"} {
		spans = append(spans, &model.Span{Name: s, Service: s})
	}
	for _, n := range []int64{0, 1, 2, 1 << 53, 1<<53 + 1, 1234567890123456768, math.MaxInt64} {
		spans = append(spans, &model.Span{EndNano: n})
	}
	for _, f := range []*query.Field{
		{Intrinsic: query.Name}, {Intrinsic: query.ParentID}, {Intrinsic: query.SpanDuration}, {Intrinsic: query.UsageInput}, {Intrinsic: query.Failed},
		{Intrinsic: query.RootMark}, {Intrinsic: query.Status}, {Intrinsic: query.SpanKind}, {Scope: query.ScopeResource, Name: "service.name"},
	} {
		for _, e := range comparisonsOf(t, f) {
			necessaryFor(t, e, spans)
			p := planOf(e)
			for _, s := range spans {
				if p.Exact && plan.HoldsSpan(p.Spans, s) != match.Holds(e, s) {
					t.Errorf("%v: exactly %v decides otherwise about %+v", e, p.Spans, s)
				}
			}
			if !p.Exact && f.Intrinsic != query.Name && f.Intrinsic != query.ParentID && f.Intrinsic != 0 {
				t.Errorf("%v is not decided", e)
			}
		}
	}
}
