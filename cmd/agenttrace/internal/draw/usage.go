package draw

import (
	"fmt"
	"strings"
	"time"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

const (
	leastUsageBar = 9
	mostUsageBar  = 60
)

// UsageOptions is how usage is drawn.
type UsageOptions struct {
	Width int
	Zone  *time.Location
	Order agenttracev1.UsageOrder // what bars show: cost, tokens, calls or failures
}

// Usage draws sums of calls as a table with bars, the total below.
func Usage(rows []*agenttracev1.UsageRow, total *agenttracev1.UsageRow, rowCount int64, o UsageOptions) []shell.Line {
	if len(rows) > 0 && len(rows[0].GetLabels()) == 0 {
		rows = nil // the only one is the total
	}
	columns := usageColumns(rows)
	table := shell.NewTable(o.Width-leastUsageBar-2, columns...)
	cells := make([][]shell.Cell, 0, len(rows)+1)
	var most float64
	for _, row := range rows {
		cells = append(cells, usageCells(row, o))
		most = max(most, measure(row, o.Order))
	}
	totalCells := usageCells(total, o)
	for len(totalCells) < len(columns) { // it has no labels
		totalCells = append([]shell.Cell{nil}, totalCells...)
	}
	totalCells[0] = shell.Line{{Text: "total", Style: shell.Bold}}
	table.Fit(append(cells, totalCells), false)
	wide := min(mostUsageBar, o.Width-table.Width()-2)

	lines := []shell.Line{table.Head().Add(shell.Plain, "  ").Add(shell.Bold, barTitle(o.Order, len(rows))).Cut(o.Width)}
	for i, row := range rows {
		line := table.Row(cells[i]).Add(shell.Plain, "  ")
		lines = append(lines, line.Add(shell.Cyan, bar(measure(row, o.Order), most, wide)).Cut(o.Width))
	}
	if left := rowCount - int64(len(rows)); left > 0 && len(rows) > 0 {
		lines = append(lines, shell.Line{}.Add(shell.Dim, "⋯ "+plural(left, "more row")))
	}
	lines = append(lines, table.Row(totalCells))
	if n := total.GetCost().GetUnpricedCalls(); n > 0 {
		lines = append(lines, nil, shell.Line{}.Add(shell.Yellow, plural(n, "call")+" without a price, not in the cost: agenttrace usage --unpriced").Cut(o.Width))
	}
	return lines
}

func barTitle(order agenttracev1.UsageOrder, rows int) string {
	if rows == 0 {
		return ""
	}
	switch order {
	case agenttracev1.UsageOrder_USAGE_ORDER_TOKENS:
		return "BY TOKENS"
	case agenttracev1.UsageOrder_USAGE_ORDER_CALLS:
		return "BY CALLS"
	case agenttracev1.UsageOrder_USAGE_ORDER_FAILURES:
		return "BY FAILED"
	}
	return "BY COST"
}

// measure is what the bar of a row shows.
func measure(row *agenttracev1.UsageRow, order agenttracev1.UsageOrder) float64 {
	switch order {
	case agenttracev1.UsageOrder_USAGE_ORDER_TOKENS:
		return float64(row.GetUsage().GetTotalTokens())
	case agenttracev1.UsageOrder_USAGE_ORDER_CALLS:
		return float64(row.GetModelCalls().GetCalls() + row.GetToolCalls().GetCalls())
	case agenttracev1.UsageOrder_USAGE_ORDER_FAILURES:
		return float64(row.GetModelCalls().GetFailures() + row.GetToolCalls().GetFailures())
	}
	return float64(row.GetCost().GetNanoUsd())
}

func usageColumns(rows []*agenttracev1.UsageRow) []shell.Column {
	var columns []shell.Column
	if len(rows) > 0 {
		for _, label := range rows[0].GetLabels() {
			title := strings.TrimPrefix(label.GetField().String(), "USAGE_FIELD_")
			columns = append(columns, shell.Column{Title: title, Least: 14})
		}
	}
	if len(columns) == 0 {
		columns = append(columns, shell.Column{Title: ""})
	}
	return append(columns,
		shell.Column{Title: "CALLS", Right: true},
		shell.Column{Title: "FAILED", Right: true, Drop: 1},
		shell.Column{Title: "P50", Right: true, Drop: 4},
		shell.Column{Title: "P95", Right: true, Drop: 3},
		shell.Column{Title: "IN", Right: true, Drop: 5},
		shell.Column{Title: "CACHED", Right: true, Drop: 7},
		shell.Column{Title: "OUT", Right: true, Drop: 6},
		shell.Column{Title: "TOKENS", Right: true},
		shell.Column{Title: "COST", Right: true},
	)
}

// usageCells are the cells of a row. Latencies are those of its model calls, of tool
// calls where there are no others.
func usageCells(row *agenttracev1.UsageRow, o UsageOptions) []shell.Cell {
	var cells []shell.Cell
	for _, label := range row.GetLabels() {
		cells = append(cells, usageLabel(label))
	}
	if len(cells) == 0 {
		cells = append(cells, nil)
	}
	calls := row.GetModelCalls()
	if calls.GetCalls() == 0 {
		calls = row.GetToolCalls()
	}
	failures := row.GetModelCalls().GetFailures() + row.GetToolCalls().GetFailures()
	failed := shell.Line{}
	if failures > 0 {
		failed = failed.Add(shell.Red, Count(failures))
	}
	u := row.GetUsage()
	return append(cells,
		say(Count(row.GetModelCalls().GetCalls()+row.GetToolCalls().GetCalls())),
		failed,
		dim(Duration(calls.GetP50Latency())),
		dim(Duration(calls.GetP95Latency())),
		dim(some(input(u))),
		dim(some(u.GetCacheReadTokens())),
		dim(some(output(u))),
		say(tokens(u)),
		say(Cost(row.GetCost())),
	)
}

// some is a number, empty for none.
func some(n int64) string {
	if n == 0 {
		return ""
	}
	return Count(n)
}

// usageLabel is the value of a label. Days and hours are the server's, in UTC.
func usageLabel(label *agenttracev1.UsageLabel) shell.Cell {
	switch {
	case label.GetField() == agenttracev1.UsageField_USAGE_FIELD_DAY:
		return say(label.GetTime().AsTime().Format("2006-01-02"))
	case label.GetField() == agenttracev1.UsageField_USAGE_FIELD_HOUR:
		return say(label.GetTime().AsTime().Format("2006-01-02 15:04Z"))
	case label.GetValue() == "":
		return dim("(none)")
	}
	return say(label.GetValue())
}

// Unpriced draws the models that no price is known of.
func Unpriced(models []*agenttracev1.UnpricedModel, width int) []shell.Line {
	table := shell.NewTable(width, shell.Column{Title: "MODEL", Least: 16}, shell.Column{Title: "PROVIDER", Least: 10}, shell.Column{Title: "CALLS WITHOUT PRICE", Right: true}, shell.Column{Title: "TOKENS", Right: true})
	rows := make([][]shell.Cell, len(models))
	for i, m := range models {
		name := say(m.GetModel())
		if m.GetModel() == "" {
			name = dim("(none)")
		}
		rows[i] = []shell.Cell{name, say(m.GetProvider()), say(fmt.Sprint(m.GetCalls())), say(tokens(m.GetUsage()))}
	}
	return table.Lines(rows)
}
