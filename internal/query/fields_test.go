package query_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
)

func parse(t *testing.T, text string) *query.Query {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q
}

func TestEachFieldComesInTheOrderOfTheText(t *testing.T) {
	for text, want := range map[string]string{
		"{ }":                                   "",
		"{ true && 1 = 1 }":                     "",
		"{ .a = .b || !(name = \"x\") }":        ".a .b name",
		"({ .a } | { .b }) >> { -.c + 1 > .a }": ".a .b .c .a",
		"{ } | by(.a, name) | select(.b) | max(.c * 2) > avg(.d) | count() > 1":     ".a name .b .c .d",
		"{ .a } | quantile_over_time(.b + .c, 0.5) by (name, resource.d) | topk(5)": ".a .b .c name resource.d",
	} {
		var got []string
		for f := range parse(t, text).EachField {
			got = append(got, f.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s has the fields %v, want %s", text, got, want)
		}
	}
}

func TestEachFieldStopsWhereItIsToldTo(t *testing.T) {
	q := parse(t, "{ .a = 1 && .b = 2 } >> { .c } | by(.d) | rate() by (.e)")
	for most := 1; most <= 5; most++ {
		seen := 0
		for range q.EachField {
			if seen++; seen == most {
				break
			}
		}
		if seen != most {
			t.Errorf("%d fields came, want %d", seen, most)
		}
	}
}

func TestLocalQueriesAreDecidedByOneSpan(t *testing.T) {
	for text, want := range map[string]bool{
		"{ }": true,
		"{ type = llm && .a = 1 && content:input : \"a\" }": true,
		"{ event:name = \"a\" || resource.a = 1 }":          true,
		"{ trace:duration > 1s }":                           false,
		"{ span:childCount = 0 }":                           false,
		"{ .a } && { .b }":                                  false,
		"{ .a } | count() > 1":                              false,
		"{ .a } | { .b }":                                   false,
		"{ .a } | rate()":                                   false,
	} {
		if got := parse(t, text).Local(); got != want {
			t.Errorf("%s: local is %v", text, got)
		}
	}
}

func TestFieldsAreReadAlone(t *testing.T) {
	for text, want := range map[string]query.Field{
		"name":          {Intrinsic: query.Name},
		" span:name\n":  {Intrinsic: query.Name},
		"usage:cost":    {Intrinsic: query.UsageCost},
		".a":            {Name: "a"},
		"resource.a.b":  {Scope: query.ScopeResource, Name: "a.b"},
		`event."a b".c`: {Scope: query.ScopeEvent, Name: "a b.c"},
	} {
		got, err := query.ParseField(text)
		if err != nil || *got != want {
			t.Errorf("%s is read as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " ", "llm", "1", "\"a\"", "(name)", "-.a", ".a .b", ".a = 1", "nmae", "foo.a", "count()", ".", strings.Repeat("a", query.MaxText+1)} {
		got, err := query.ParseField(text)
		if err == nil {
			t.Errorf("%q is read as %v", text, got)
			continue
		}
		checkError(t, text, err)
	}
}

func TestFieldsWithAnyNameAreReadAsTheyArePrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := query.Field{
			Scope: query.Scope(rapid.IntRange(int(query.ScopeAny), int(query.ScopeInstrumentation)).Draw(t, "scope")),
			Name:  rapid.OneOf(rapid.StringMatching(`[-.:/@$a-zé0-9_ "\\]{1,8}`), rapid.StringN(1, 8, -1)).Draw(t, "name"),
		}
		if strings.ContainsRune(want.Name, 0) {
			return // no query can say it
		}
		got, err := query.ParseField(want.String())
		if err != nil || *got != want {
			t.Fatalf("%s is read as %v, %v", want.String(), got, err)
		}
	})
}

// TestValuesAreReadAsTheyArePrinted holds for literals beside the intrinsic that
// has their kind.
func TestValuesAreReadAsTheyArePrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(
			rapid.Map(rapid.StringMatching(`[^\x00]*`), query.Text),
			rapid.Map(rapid.Int64(), query.Integer),
			rapid.Map(rapid.Float64(), query.Float),
			rapid.Map(rapid.Int64(), query.Duration),
			rapid.Map(rapid.Bool(), query.Boolean),
			rapid.SampledFrom([]query.Value{query.Integer(-1 << 63), query.Integer(1<<63 - 1), query.Duration(-1 << 63), query.Duration(1<<63 - 1)}),
		).Draw(t, "value")
		text := "{ .a = " + v.String() + " }"
		q, err := query.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := q.Source.(*query.Filter).Condition.(*query.Binary).Right.(*query.Literal).Value; got != v {
			t.Fatalf("%#v is printed %s and read as %#v", v, v, got)
		}
	})
}

func TestEveryIntrinsicIsReadUnderEachOfItsNames(t *testing.T) {
	seen := map[string]bool{}
	for i, d := range query.Intrinsics() {
		if int(d.Intrinsic) != i+1 || query.Describe(d.Intrinsic).Names[0] != d.Intrinsic.String() || d.Help == "" {
			t.Errorf("intrinsic %d is described as %+v", i+1, d)
		}
		for _, name := range d.Names {
			f, err := query.ParseField(name)
			if err != nil || f.Intrinsic != d.Intrinsic || f.String() != d.Names[0] {
				t.Errorf("%s is read as %v, %v", name, f, err)
			}
			if seen[name] {
				t.Errorf("two intrinsics are called %s", name)
			}
			seen[name] = true
		}
	}
}

func TestWordsOfValuesAreReadAsThatValue(t *testing.T) {
	for kind, names := range map[query.Kind][]string{
		query.KindStatus:   {"unset", "ok", "error"},
		query.KindSpanKind: {"unspecified", "internal", "server", "client", "producer", "consumer"},
		query.KindType: {
			"unknown", "agent", "team", "workflow", "step", "llm", "tool", "retriever", "embedding", "reranker", "guardrail", "evaluator", "prompt", "chain",
		},
	} {
		i := slices.IndexFunc(query.Intrinsics(), func(d query.Description) bool { return d.Kind == kind })
		field := query.Intrinsics()[i].Intrinsic
		for n, name := range names {
			q := parse(t, "{ "+field.String()+" = "+name+" }")
			want := query.Value{Kind: kind, Int: int64(n)}
			if got := q.Source.(*query.Filter).Condition.(*query.Binary).Right.(*query.Literal).Value; got != want || got.String() != name {
				t.Errorf("%s is read as %#v, printed %s", name, got, got)
			}
		}
	}
	if got := (query.Value{Kind: query.KindSpanKind, Int: 17}).String(); got != "17" {
		t.Errorf("a kind that has no name is printed %s", got)
	}
}

func TestPatternsMatchWholeTexts(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"refund", "refund", true},
		{"refund", "a refund", false},
		{"refund", "refunds", false},
		{"a|b", "b", true},
		{"a|b", "ab", false},
		{".*b", "a\nb", true},
		{"", "", true},
		{"", "a", false},
		{"(?i)refund", "REFUND", true},
		{"(?m)a$", "a\nb", false},
	} {
		p, err := query.NewPattern(c.pattern)
		if err != nil || p.Regexp.MatchString(c.text) != c.want {
			t.Errorf("%q matches %q: want %v; %v", c.pattern, c.text, c.want, err)
		}
	}
}

// TestDrawnQueriesHaveEveryNode guards the generator on which other tests rest.
func TestDrawnQueriesHaveEveryNode(t *testing.T) {
	missing := []string{
		"&&", "||", ">>", "<<", " > {", " < {", "~ {", "then", "!>>", "&>>", "!then", "&then", "| {", "count()", "avg(", "min(", "max(", "sum(", "by(", "select(", "coalesce()", "repeat(",
		"!(", " = ", " != ", " < ", " <= ", " > ", " >= ", "=~", "!~ \"", " : ", " + ", " - ", " * ", " / ", " % ", " ^ ", "-(", "nil", "true", "minInt", "1h30m", "1.5", "status = ", "kind = ", "type = ", "failed",
		"span.", "resource.", "event.", "link.", "instrumentation.", ".\"a b\"",
		"rate()", "count_over_time()", "sum_over_time(", "avg_over_time(", "min_over_time(", "max_over_time(", "quantile_over_time(", "histogram_over_time(", " by (", "topk(", "bottomk(",
	}
	for _, d := range query.Intrinsics() {
		missing = append(missing, d.Names[0])
	}
	for seed := range 4000 {
		searches, metrics := querytest.Queries().Example(seed), querytest.MetricsQueries().Example(seed)
		text := searches.String() + "\n" + metrics.String()
		missing = slices.DeleteFunc(missing, func(part string) bool { return strings.Contains(text, part) })
	}
	if len(missing) > 0 {
		t.Errorf("4,000 drawn queries have none of %q", missing)
	}
}
