package draw

import (
	"math"
	"strings"
	"time"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

const (
	chartHeight = 8
	leastSpark  = 10
	mostSpark   = 120
)

// chart draws a series as columns over two axes.
func chart(m *agenttracev1.QueryMetricsResponse, s series, u unit, top float64, o MetricsOptions) []shell.Line {
	if top <= 0 {
		top = 1
	}
	left := max(shell.Width(u.text(top)), shell.Width(u.text(top/2)), 1)
	values := fit(s.values, o.Width-left-3)
	lines := []shell.Line{shell.Line{}.Add(shell.Bold, s.name).Add(shell.Dim, "  last "+u.text(s.last)+", greatest "+u.text(s.max)).Cut(o.Width)}
	for row := chartHeight; row > 0; row-- {
		low, high := top*float64(row-1)/chartHeight, top*float64(row)/chartHeight
		tick, axis := "", " │"
		switch row {
		case chartHeight:
			tick, axis = u.text(top), " ┤"
		case chartHeight / 2:
			tick, axis = u.text(high), " ┤"
		}
		var cells strings.Builder
		for _, v := range values {
			cells.WriteString(level(v, low, high))
		}
		lines = append(lines, shell.Line{}.Add(shell.Dim, strings.Repeat(" ", left-shell.Width(tick))+tick+axis).Add(shell.Cyan, cells.String()))
	}
	lines = append(lines, shell.Line{}.Add(shell.Dim, strings.Repeat(" ", left-1)+"0 └"+strings.Repeat("─", len(values))))
	return append(lines, timeAxis(m, left+2, len(values), o))
}

// timeAxis writes the times at the begin, the middle and the end of an axis.
func timeAxis(m *agenttracev1.QueryMetricsResponse, left, width int, o MetricsOptions) shell.Line {
	start, end := m.GetStartTime().AsTime(), m.GetEndTime().AsTime()
	layout := "15:04"
	switch length := end.Sub(start); {
	case length < 10*time.Minute:
		layout = "15:04:05"
	case length > 20*time.Hour:
		layout = "01-02 15:04"
	}
	first, last := start.In(o.Zone).Format(layout), end.In(o.Zone).Format(layout)
	middle := start.Add(end.Sub(start) / 2).In(o.Zone).Format(layout)
	axis := shell.Pad(first, width/2-len(middle)/2)
	if width >= 4*len(layout) {
		axis += middle
	}
	axis = shell.Pad(axis, width-len(last)) + last
	return shell.Line{}.Add(shell.Dim, strings.Repeat(" ", left)+axis).Cut(o.Width)
}

// fit spreads values over at most width columns. Where there are more values than
// columns, each column has the greatest of its values.
func fit(values []float64, width int) []float64 {
	width = max(width, 1)
	if len(values) <= width {
		each := width / len(values)
		fitted := make([]float64, 0, each*len(values))
		for _, v := range values {
			for range each {
				fitted = append(fitted, v)
			}
		}
		return fitted
	}
	fitted := make([]float64, width)
	for i := range fitted {
		fitted[i] = math.NaN()
		for _, v := range values[i*len(values)/width : max((i+1)*len(values)/width, i*len(values)/width+1)] {
			if math.IsNaN(fitted[i]) || v > fitted[i] {
				fitted[i] = v
			}
		}
	}
	return fitted
}

// sparklines draws series as lines of a table, each on its own scale, but the buckets
// of a histogram on one.
func sparklines(m *agenttracev1.QueryMetricsResponse, all []series, u unit, o MetricsOptions) []shell.Line {
	table := shell.NewTable(o.Width-leastSpark-2,
		shell.Column{Title: "SERIES", Least: 14}, shell.Column{Title: "LAST", Right: true, Drop: 1},
		shell.Column{Title: "MEAN", Right: true, Drop: 2}, shell.Column{Title: "GREATEST", Right: true})
	rows := make([][]shell.Cell, len(all))
	for i, s := range all {
		rows[i] = []shell.Cell{shell.Say(s.name), dim(u.text(s.last)), dim(u.text(s.mean)), say(u.text(s.max))}
	}
	table.Fit(rows, false)
	wide := min(mostSpark, o.Width-table.Width()-2)
	_, together := bucketOf(m.GetSeries()[0].GetLabels())
	spark := ""
	lines := []shell.Line{table.Head()}
	for i, s := range all {
		top := s.max
		if together {
			top = topOf(all)
		}
		var cells strings.Builder
		for _, v := range fit(s.values, wide) {
			cells.WriteString(level(v, 0, top))
		}
		spark = cells.String()
		lines = append(lines, table.Row(rows[i]).Add(shell.Plain, "  ").Add(shell.Cyan, spark).Cut(o.Width))
	}
	return append(lines, timeAxis(m, table.Width()+2, shell.Width(spark), o))
}
