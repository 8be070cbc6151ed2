package traceql_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/clients/go/traceql"
	"github.com/agenttrace/agenttrace/internal/query"
)

// constants returns the string constants of a file, by their types as they are
// written.
func constants(t *testing.T, name string) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for spec := range specs(file) {
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		kind := typeText(spec.Type)
		all[kind] = append(all[kind], value)
	}
	return all
}

func specs(file *ast.File) func(func(*ast.ValueSpec) bool) {
	return func(yield func(*ast.ValueSpec) bool) {
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				continue
			}
			for _, s := range decl.Specs {
				if !yield(s.(*ast.ValueSpec)) {
					return
				}
			}
		}
	}
}

func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeText(e.X) + "." + e.Sel.Name
	case *ast.IndexExpr:
		return typeText(e.X) + "[" + typeText(e.Index) + "]"
	}
	return ""
}

func TestEveryIntrinsicHasAConstantOfItsKind(t *testing.T) {
	kinds := map[query.Kind]string{
		query.KindString: "Text", query.KindInt: "Number[int64]", query.KindFloat: "Number[float64]",
		query.KindDuration: "Number[time.Duration]", query.KindBool: "Flag",
		query.KindStatus: "Word[StatusValue]", query.KindSpanKind: "Word[KindValue]", query.KindType: "Word[TypeValue]",
	}
	want := map[string][]string{}
	for _, d := range query.Intrinsics() {
		want[kinds[d.Kind]] = append(want[kinds[d.Kind]], d.Names[0])
	}
	got := constants(t, "intrinsics.go")
	for _, kind := range slices.Sorted(maps.Values(kinds)) {
		slices.Sort(want[kind])
		slices.Sort(got[kind])
		if !slices.Equal(got[kind], want[kind]) {
			t.Errorf("of type %s there are %q, want %q", kind, got[kind], want[kind])
		}
	}
}

func TestEveryWordOfTheLanguageHasAConstant(t *testing.T) {
	got := constants(t, "intrinsics.go")
	for kind, name := range map[query.Kind]string{
		query.KindStatus: "StatusValue", query.KindSpanKind: "KindValue", query.KindType: "TypeValue",
	} {
		var want []string
		for n := int64(0); ; n++ {
			word := query.Value{Kind: kind, Int: n}.String()
			if word == strconv.FormatInt(n, 10) {
				break
			}
			want = append(want, word)
		}
		if !slices.Equal(got[name], want) {
			t.Errorf("of type %s there are %q, want %q", name, got[name], want)
		}
	}
}

func TestFieldsThatAreNamedTwiceCountOnce(t *testing.T) {
	built := traceql.Spans().
		By(traceql.Service, traceql.Attr("tenant"), traceql.Service).
		Select(traceql.Name, traceql.Name).
		QuantileOverTime(traceql.Duration, .5, .9, .5).By(traceql.Service).By(traceql.Service, traceql.Type).String()
	want := `{ } | by(service, .tenant) | select(name) | quantile_over_time(duration, 0.5, 0.9) by (service, type)`
	if built != want {
		t.Errorf("built %s\nwant  %s", built, want)
	}
	if _, err := query.Parse(built); err != nil {
		t.Error(err)
	}
}

func TestTheServerRefusesWhatCannotBeSaid(t *testing.T) {
	for name, built := range map[string]string{
		"NUL in a text":     traceql.Spans(traceql.Name.Equals("a\x00")).String(),
		"no number":         traceql.Spans(traceql.UsageCost.Greater(0 / zero())).String(),
		"infinite":          traceql.Spans(traceql.UsageCost.Greater(1 / zero())).String(),
		"a pattern":         traceql.Spans(traceql.Name.Matches("(")).String(),
		"a count of none":   traceql.Spans().Repeat(0).String(),
		"a quantile of two": traceql.Spans().QuantileOverTime(traceql.Duration, 2).String(),
		"an attribute":      traceql.Spans(traceql.Attr("").Present()).String(),
	} {
		if _, err := query.Parse(built); err == nil {
			t.Errorf("%s: %s parses", name, built)
		}
	}
}

func zero() float64 { return 0 }

func TestAZeroSpansetSelectsEverything(t *testing.T) {
	var s traceql.Spanset
	if got := s.Descendants(s).Filter().String(); strings.Count(got, "{ }") != 3 {
		t.Errorf("printed %s", got)
	}
}
