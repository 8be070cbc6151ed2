package query_test

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
)

func TestDeepNestingIsAnError(t *testing.T) {
	const n = 4000
	for _, text := range []string{
		strings.Repeat("(", n),
		strings.Repeat("(", 120) + "{ }" + strings.Repeat(")", 120) + " |",
		"{ " + strings.Repeat("(", n) + ".a" + strings.Repeat(")", n) + " }",
		"{ " + strings.Repeat("!", n) + ".a }",
		"{ .a = " + strings.Repeat("-", n) + ".a }",
		"{ .a = 2" + strings.Repeat("^2", n) + " }",
		"{ .a = " + strings.Repeat("(1+", n) + "1" + strings.Repeat(")", n) + " }",
		"{ .a = " + strings.Repeat("(1+", 110) + "1" + strings.Repeat(")", 110) + " }",
		strings.Repeat("({ } && ", 110) + "{ }" + strings.Repeat(")", 110),
		strings.Repeat("({ } | ", n/2),
		strings.Repeat("(", 110) + "{ }" + strings.Repeat(" | count() > 1)", 110),
		"{ } | " + strings.Repeat("(", n) + "count()" + strings.Repeat(")", n) + " > 1",
		"{ } | max(" + strings.Repeat("-(1 + ", 110) + ".a" + strings.Repeat(")", 110) + ") > 1",
		"{ } | sum_over_time(" + strings.Repeat("-(1 + ", 110) + ".a" + strings.Repeat(")", 110) + ")",
		strings.Repeat("{ } >> ", 110) + "{ }", // each operand is printed in brackets
	} {
		if _, err := query.Parse(text); err == nil {
			t.Errorf("%.60s… is accepted", text)
		} else {
			checkError(t, text, err)
		}
	}
}

func TestNestingThatPeopleWriteIsAccepted(t *testing.T) {
	for _, text := range []string{
		"{ " + strings.Repeat("(", 50) + ".a" + strings.Repeat(")", 50) + " }",
		"{ .a" + strings.Repeat(" || .a", 2000) + " }",
		"{ .a = 1" + strings.Repeat(" + 1", 2000) + " }",
		"{ }" + strings.Repeat(" && { }", 1000),
		"{ }" + strings.Repeat(" | { }", 1000),
		"{ " + strings.Repeat("(.a && (.b || ", 40) + ".c" + strings.Repeat("))", 40) + " }",
	} {
		q, err := query.Parse(text)
		if err != nil {
			t.Errorf("%.60s…: %v", text, err)
			continue
		}
		if _, err := query.Parse(q.String()); err != nil {
			t.Errorf("%.60s… as it is printed: %v", text, err)
		}
	}
}

func TestLongTextsAreAnError(t *testing.T) {
	for name, text := range map[string]string{
		"as given":   "{ }" + strings.Repeat(" ", query.MaxText),
		"as printed": "{}" + strings.Repeat("&&{}", query.MaxText/5),
	} {
		if _, err := query.Parse(text); err == nil {
			t.Errorf("a query that is too long %s is accepted", name)
		} else {
			checkError(t, text, err)
		}
	}
	if _, err := query.Parse("{ }" + strings.Repeat(" ", query.MaxText-3)); err != nil {
		t.Errorf("a query of the greatest length: %v", err)
	}
}

func TestTextThatIsNoUTF8IsAnError(t *testing.T) {
	for _, text := range []string{"\xff", "{ .a = \"\xc3\" }", "{ }\n\x80"} {
		_, err := query.Parse(text)
		fault, ok := errors.AsType[*query.Error](err)
		if !ok || text[fault.Offset] < 0x80 {
			t.Errorf("%q: %v", text, err)
			continue
		}
		checkError(t, text, err)
	}
	if _, err := query.Parse("{ .a = \"\uFFFD\" }"); err != nil {
		t.Errorf("the replacement character itself: %v", err)
	}
}

// TestGarbageCostsLittle bounds the memory that the greatest texts take, whatever
// is in them: in a multiple of their length, since time cannot be asserted.
func TestGarbageCostsLittle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tokens := strings.Fields("{ } ( ) | , && || ! = =~ > >> << ~ !> &< + - * / % ^ : .a span.b name llm 1 5s \"x\" by( select( count() > rate() then")
	texts := []string{
		strings.Repeat("(", query.MaxText), strings.Repeat("\"", query.MaxText), strings.Repeat("a", query.MaxText),
		strings.Repeat("1", query.MaxText), "." + strings.Repeat("a.", query.MaxText/2-1), strings.Repeat("a:", query.MaxText/2),
		"{.a" + strings.Repeat("||.a", query.MaxText/4-2) + "}",
		"{} | by(.a" + strings.Repeat(",.a", query.MaxText/3-4) + ")",
		"{.a=~\"\"" + strings.Repeat("||.a=~\".{999}\"", query.MaxText/16) + "}",
		"{.a=~`" + strings.Repeat("((((((((((x{9}){9}){9})*)*)*)*)*)*)*", 27) + "`}",
	}
	for range 50 {
		var b strings.Builder
		for b.Len() < query.MaxText-16 {
			b.WriteString(tokens[r.IntN(len(tokens))])
			b.WriteByte(' ')
		}
		texts = append(texts, b.String())
	}
	for _, text := range texts {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := query.Parse(text)
		runtime.ReadMemStats(&after)
		if err != nil {
			checkError(t, text, err)
		}
		if took, most := after.TotalAlloc-before.TotalAlloc, uint64(400*query.MaxText); took > most {
			t.Errorf("%.60s… takes %d bytes, want at most %d", text, took, most)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range querytest.Examples() {
			if _, err := query.Parse(e.Text); err != nil {
				b.Fatal(err)
			}
		}
	}
}
