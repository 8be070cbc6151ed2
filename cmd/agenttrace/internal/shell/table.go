package shell

import "strings"

// Column is one column of a [Table].
type Column struct {
	Title string
	// Right aligns to the right, as numbers are.
	Right bool
	// Least is how narrow the column may become when the table is wider than its
	// place; 0 for a column that is never cut.
	Least int
	// Expect is how wide the content is assumed to be when there may be more rows
	// than those at hand.
	Expect int
	// Drop is the order in which columns are left out when narrowing does not
	// suffice, the greatest first; 0 for a column that always stays.
	Drop int
}

// Cell is one field of a row.
type Cell = Line

// Table lays rows out in columns, two spaces apart. Rows that come later than the
// first ones take their widths, so that a long list prints as it is found.
type Table struct {
	columns []Column
	width   int
	widths  []int // of each column; -1 for one that is left out; nil before Fit
}

const gap = 2

// NewTable returns a table that is at most width columns wide.
func NewTable(width int, columns ...Column) *Table {
	return &Table{columns: columns, width: width}
}

// Fit sets the widths of the columns by the rows at hand; more is whether there may
// be others. If not, columns without any content are left out.
func (t *Table) Fit(rows [][]Cell, more bool) {
	t.widths = make([]int, len(t.columns))
	for i, c := range t.columns {
		content := 0
		for _, row := range rows {
			content = max(content, row[i].Width())
		}
		t.widths[i] = max(content, Width(c.Title))
		if more {
			t.widths[i] = max(t.widths[i], c.Expect)
		} else if content == 0 && len(rows) > 0 {
			t.widths[i] = -1
		}
	}
	for t.overAtLeast() > 0 && t.drop() {
	}
	for t.over() > 0 && t.narrow() {
	}
}

// overAtLeast is what over returns when every column is as narrow as it may be.
func (t *Table) overAtLeast() int {
	spare := 0
	for i, c := range t.columns {
		if c.Least > 0 && t.widths[i] > c.Least {
			spare += t.widths[i] - c.Least
		}
	}
	return t.over() - spare
}

// over returns how much wider the table is than its place.
func (t *Table) over() int {
	sum := -gap
	for _, w := range t.widths {
		if w >= 0 {
			sum += w + gap
		}
	}
	return sum - t.width
}

// narrow takes columns away from the column that is furthest from its least width,
// and reports whether there was one.
func (t *Table) narrow() bool {
	widest := -1
	for i, c := range t.columns {
		if c.Least > 0 && t.widths[i] > c.Least && (widest < 0 || t.widths[i]-c.Least > t.widths[widest]-t.columns[widest].Least) {
			widest = i
		}
	}
	if widest < 0 {
		return false
	}
	t.widths[widest]--
	return true
}

// drop leaves the most dispensable column out, and reports whether there was one.
func (t *Table) drop() bool {
	most := -1
	for i, c := range t.columns {
		if c.Drop > 0 && t.widths[i] >= 0 && (most < 0 || c.Drop > t.columns[most].Drop) {
			most = i
		}
	}
	if most < 0 {
		return false
	}
	t.widths[most] = -1
	return true
}

// Width returns how many columns the table takes.
func (t *Table) Width() int { return t.over() + t.width }

// Head returns the line of titles.
func (t *Table) Head() Line {
	cells := make([]Cell, len(t.columns))
	for i, c := range t.columns {
		cells[i] = Line{{Text: c.Title, Style: Bold}}
	}
	return t.Row(cells)
}

// Row returns the line of one row, at most as wide as the table's place.
func (t *Table) Row(cells []Cell) Line {
	var line Line
	first := true
	for i, cell := range cells {
		wide := t.widths[i]
		if wide < 0 {
			continue
		}
		if !first {
			line = line.Add(Plain, strings.Repeat(" ", gap))
		}
		first = false
		cell = cell.Cut(wide)
		if t.columns[i].Right {
			line = line.Add(Plain, strings.Repeat(" ", wide-cell.Width()))
			line = append(line, cell...)
			continue
		}
		line = append(line, cell...)
		line = line.Add(Plain, strings.Repeat(" ", wide-cell.Width()))
	}
	if line.Width() > t.width {
		line = line.trimmed().Cut(t.width)
	}
	return line
}

// Lines returns the titles and all rows.
func (t *Table) Lines(rows [][]Cell) []Line {
	t.Fit(rows, false)
	lines := []Line{t.Head()}
	for _, row := range rows {
		lines = append(lines, t.Row(row))
	}
	return lines
}
