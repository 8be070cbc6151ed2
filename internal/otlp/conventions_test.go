package otlp

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
