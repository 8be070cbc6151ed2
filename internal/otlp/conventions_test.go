package otlp

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// row is how docs/conventions.md shows a line of the table.
func row(c convention) string {
	var sources []string
	for _, s := range c.sources {
		cell := "`" + s.key + "`"
		switch s.when {
		case onTeam:
			cell += " (on TEAM)"
		case notOnTeam:
			cell += " (not on TEAM)"
		case onAgent:
			cell += " (on AGENT)"
		case onWorkflow:
			cell += " (on WORKFLOW)"
		case onTool:
			cell += " (on TOOL)"
		}
		sources = append(sources, cell)
	}
	return fmt.Sprintf("| %s | %s |", c.name, strings.Join(sources, ", "))
}

func TestThePageOfConventionsShowsTheTable(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "conventions.md"))
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for _, c := range conventions {
		at := strings.Index(string(page), row(c)+"\n")
		switch {
		case at < 0:
			t.Errorf("docs/conventions.md lacks this line:\n%s", row(c))
		case at < last:
			t.Errorf("docs/conventions.md has this line too early:\n%s", row(c))
		}
		last = max(last, at)
	}
	for _, prefix := range contentPrefixes {
		if !strings.Contains(string(page), "`"+prefix+"*`") {
			t.Errorf("docs/conventions.md lacks the prefix `%s*`", prefix)
		}
	}
}

// ruleRow is how the page shows a rule about token counts.
func ruleRow(r *usageRule) string {
	var by []string
	switch r.vocabulary {
	case openInference:
		by = append(by, "`llm.token_count.*`")
	case genAI:
		by = append(by, "`gen_ai.usage.*`")
	}
	if r.scope != "" {
		by = append(by, "scope `"+r.scope+"`")
	}
	if len(r.providers) > 0 {
		by = append(by, "provider `"+strings.Join(r.providers, "` or `")+"`")
	}
	if r.model != "" {
		by = append(by, "a model with `"+r.model+"` in its name")
	}
	if r.attribute != "" {
		by = append(by, "`"+r.attribute+"`")
	}
	place := func(part beside) string {
		if r.beside&part != 0 {
			return "beside"
		}
		return "included"
	}
	total := "the provider's"
	if r.ownTotal {
		total = "the sender's"
	}
	cells := []string{r.name, strings.Join(by, ", "), place(cacheBeside), place(reasoningBeside),
		place(audioInputBeside | audioOutputBeside), total, r.known}
	return "| " + strings.Join(cells, " | ") + " |"
}

func TestThePageOfConventionsShowsTheRulesOfTokens(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "conventions.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for i := range usageRules {
		rows.WriteString(ruleRow(&usageRules[i]) + "\n")
	}
	if !strings.Contains(string(page), "|---|---|---|---|---|---|---|\n"+rows.String()+"\n") {
		t.Errorf("docs/conventions.md lacks this table, or has more:\n%s", rows.String())
	}
}

func TestTheLastRulesOfTokensFitEverySender(t *testing.T) {
	n := len(usageRules)
	want := []usageRule{
		{name: usageRules[n-2].name, vocabulary: openInference, known: usageRules[n-2].known},
		{name: usageRules[n-1].name, vocabulary: genAI, known: usageRules[n-1].known},
	}
	if diff := cmp.Diff(want, usageRules[n-2:], cmp.AllowUnexported(usageRule{})); diff != "" {
		t.Error(diff)
	}
	for i := range usageRules {
		if _, ok := known.numbers[usageRules[i].attribute]; !ok && usageRules[i].attribute != "" {
			t.Errorf("no field has %s, so nobody looks whether it is there", usageRules[i].attribute)
		}
	}
}

func TestEveryFieldHasSources(t *testing.T) {
	for fd := range numFields {
		if len(known.sources[fd]) == 0 {
			t.Errorf("field %d has no sources", fd)
		}
	}
	if n := len(known.numbers); n > maxKeys {
		t.Errorf("%d keys, room for %d", n, maxKeys)
	}
	listed := map[field]bool{}
	for _, c := range conventions {
		if listed[c.field] {
			t.Errorf("%s is listed twice", c.name)
		}
		listed[c.field] = true
	}
}

// The walker passes turns of a conversation over without a look at the table.
func TestNoConventionIsFedByATurn(t *testing.T) {
	for key := range known.numbers {
		if isTurn(key) {
			t.Errorf("%s is in the table", key)
		}
	}
	for _, key := range []string{"llm.input_messages.0.message.role", "llm.output_messages.0.message.content"} {
		if !isTurn(key) || !isContent(key) || marksOf(key) != 0 {
			t.Errorf("%s is a turn: %v, content: %v", key, isTurn(key), isContent(key))
		}
	}
}
