package shell_test

import (
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

func tableText(width int, columns []shell.Column, rows ...[]string) string {
	cells := make([][]shell.Cell, len(rows))
	for i, row := range rows {
		for _, text := range row {
			cells[i] = append(cells[i], shell.Say(text))
		}
	}
	var b strings.Builder
	for _, line := range shell.NewTable(width, columns...).Lines(cells) {
		b.WriteString(line.Render(false) + "\n")
	}
	return b.String()
}

var people = []shell.Column{{Title: "NAME", Least: 5}, {Title: "AGE", Right: true, Drop: 1}, {Title: "CITY", Least: 4, Drop: 2}, {Title: "NOTE", Drop: 3}}

func TestATableGivesWayInOrder(t *testing.T) {
	rows := [][]string{{"Bartholomew", "7", "東京", ""}, {"Ann", "42", "Reykjavik", ""}}
	for _, test := range []struct {
		width int
		want  string
	}{
		{40, "NAME         AGE  CITY\nBartholomew    7  東京\nAnn           42  Reykjavik\n"},
		{20, "NAME     AGE  CITY\nBartho…    7  東京\nAnn       42  Reykj…\n"},
		{14, "NAME       AGE\nBartholo…    7\nAnn         42\n"},
		{7, "NAME\nBartho…\nAnn\n"},
		{3, "NA…\nBa…\nAnn\n"},
	} {
		if got := tableText(test.width, people, rows...); got != test.want {
			t.Errorf("at %d columns it is\n%s\nwant\n%s", test.width, got, test.want)
		}
	}
}

func TestColumnsKeepTheirWidthForRowsToCome(t *testing.T) {
	table := shell.NewTable(30, shell.Column{Title: "A", Expect: 6}, shell.Column{Title: "B"})
	row := func(a, b string) []shell.Cell { return []shell.Cell{shell.Say(a), shell.Say(b)} }
	table.Fit([][]shell.Cell{row("x", "")}, true)
	if got, want := table.Row(row("longer than", "b")).Render(false), "longe…  b"; got != want {
		t.Errorf("a later row is %q, want %q", got, want)
	}
}
