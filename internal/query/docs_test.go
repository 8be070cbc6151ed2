package query_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/query"
)

// page returns the page that describes the language.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "query.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks returns the fenced blocks of a page that are in some language.
func blocks(page, language string) []string {
	var found []string
	for i, part := range strings.Split(page, "```") {
		if block, ok := strings.CutPrefix(part, language+"\n"); ok && i%2 == 1 {
			found = append(found, strings.TrimSuffix(block, "\n"))
		}
	}
	return found
}

func TestExamplesOfThePageParse(t *testing.T) {
	examples := 0
	for _, block := range blocks(page(t), "traceql") {
		for text := range strings.SplitSeq(block, "\n") {
			examples++
			q, err := query.Parse(text)
			if err != nil {
				t.Errorf("%s\n%v", text, err)
				continue
			}
			if printed, err := query.Parse(q.String()); err != nil || printed.String() != q.String() {
				t.Errorf("%s\nis printed as\n%s\n%v", text, q, err)
			}
		}
	}
	if examples < 30 {
		t.Errorf("the page has %d examples", examples)
	}
}

func TestErrorsOfThePageAreThoseOfTheParser(t *testing.T) {
	found := blocks(page(t), "text")
	for _, block := range found {
		text, want, _ := strings.Cut(block, "\n")
		if _, err := query.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%s\n%v, want\n%s", text, err, want)
		}
	}
	if len(found) == 0 {
		t.Error("the page shows no errors")
	}
}

// intrinsicRow is how the page shows an intrinsic.
func intrinsicRow(d query.Description) string {
	source := map[query.Source]string{query.FromRow: "row", query.FromTrace: "trace", query.FromTree: "tree", query.FromBody: "content"}[d.Source]
	return fmt.Sprintf("| `%s` | %s | %s | %s |", strings.Join(d.Names, "`, `"), d.Kind, source, d.Help)
}

func TestThePageShowsTheTableOfIntrinsics(t *testing.T) {
	var rows []string
	for _, d := range query.Intrinsics() {
		rows = append(rows, intrinsicRow(d))
	}
	if table := strings.Join(rows, "\n") + "\n\n"; !strings.Contains(page(t), "|---|---|---|---|\n"+table) {
		t.Errorf("docs/query.md has another table of intrinsics than this:\n%s", table)
	}
}

func TestThePageShowsEveryWord(t *testing.T) {
	text := page(t)
	for _, word := range []string{
		"by(", "select(", "coalesce()", "repeat(", "count()", "avg(", "min(", "max(", "sum(", "topk(", "bottomk(",
		"rate()", "count_over_time()", "sum_over_time(", "avg_over_time(", "min_over_time(", "max_over_time(", "quantile_over_time(", "histogram_over_time(",
	} {
		if !strings.Contains(text, word) {
			t.Errorf("docs/query.md does not tell of %s", word)
		}
	}
	for op := query.And; op <= query.Not; op++ {
		if !strings.Contains(text, "`"+strings.ReplaceAll(op.String(), "|", `\|`)+"`") {
			t.Errorf("docs/query.md does not tell of %s", op)
		}
	}
	for r := query.Descendant; r <= query.Then; r++ {
		for _, f := range []query.Form{query.Negated, query.Union} {
			if operator := f.String() + r.String(); !strings.Contains(text, "`"+operator+"`") {
				t.Errorf("docs/query.md does not tell of %s", operator)
			}
		}
	}
}

// TestQueriesForThoseWhoComeFromAgnoParse reads them off the tables of that page,
// where a bar has a backslash before it.
func TestQueriesForThoseWhoComeFromAgnoParse(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "agno.md"))
	if err != nil {
		t.Fatal(err)
	}
	queries := 0
	for i, code := range strings.Split(string(text), "`") {
		if i%2 == 0 || !strings.HasPrefix(code, "{ ") || strings.Contains(code, "…") {
			continue
		}
		queries++
		if _, err := query.Parse(strings.ReplaceAll(code, `\|`, "|")); err != nil {
			t.Errorf("%s\n%v", code, err)
		}
	}
	if queries < 7 {
		t.Errorf("the page has %d queries", queries)
	}
}
