package report

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes all tables.
func (r Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	r.head(&b)
	r.columns(&b)
	r.settled(&b)
	for _, a := range r.Answered {
		a.write(&b)
	}
	r.growth(&b)
	r.bars(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Report) head(b *strings.Builder) {
	m, l := r.Machine, r.Load
	fmt.Fprintf(b, "%s spans of %.0f bytes in %s traces, seed %d; %s requests from %d senders, of %.0f spans each, with parts of %.0f traces; a trace comes in %.1f parts. %d cores, %s",
		thousands(float64(l.Spans)), l.BytesPerSpan, thousands(float64(l.Traces)), l.Seed, thousands(float64(l.Requests)), l.Senders,
		l.SpansPerRequest, l.TracesPerRequest, l.RequestsPerTrace, m.Cores, m.Go)
	if m.PostgreSQL != "" {
		with := "without"
		if m.HugePages {
			with = "with"
		}
		fmt.Fprintf(b, ", PostgreSQL %s %s huge pages", m.PostgreSQL, with)
	}
	b.WriteString(".\n")
}

// table writes rows of which each has a name and cells.
func table(b *strings.Builder, head []string, rows [][]string) {
	b.WriteString("\n| " + strings.Join(head, " | ") + " |\n|---|" + strings.Repeat("---:|", len(head)-1) + "\n")
	for _, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
}

// rowsOf makes a row for each figure, with a cell for each thing; rows without any
// figure are left out.
func rowsOf[T any](things []T, figures []figure[T]) [][]string {
	var rows [][]string
	for _, f := range figures {
		row, some := []string{f.name}, false
		for _, t := range things {
			cell := f.cell(t)
			row, some = append(row, cell), some || cell != ""
		}
		if some {
			rows = append(rows, row)
		}
	}
	return rows
}

type figure[T any] struct {
	name string
	cell func(T) string
}

func (r Report) columns(b *strings.Builder) {
	if len(r.Columns) == 0 {
		return
	}
	head := []string{"storing"}
	for _, c := range r.Columns {
		head = append(head, c.name())
	}
	table(b, head, rowsOf(r.Columns, []figure[Column]{
		{"spans/s, acknowledged after commit", func(c Column) string { return thousands(c.SpansPerSecond) }},
		{"CPU s per 1M spans: server", func(c Column) string { return tenths(c.ServerCPU) }},
		{"… database", func(c Column) string { return tenths(c.DatabaseCPU) }},
		{"… server and database", func(c Column) string { return tenths(c.Stored()) }},
		{"… sender", func(c Column) string { return tenths(c.SenderCPU) }},
		{"server and database, times the floor's CPU", r.toFloor},
		{"spans a commit", func(c Column) string { return thousands(c.SpansPerCommit) }},
		{"WAL, bytes a span", func(c Column) string { return thousands(c.WAL) }},
		{"disk, bytes a span, not settled", func(c Column) string { return thousands(c.Disk) }},
		{"peak memory of the server, MiB", func(c Column) string { return thousands(float64(c.PeakMemory >> 20)) }},
		{"request, p50 / p99 ms", func(c Column) string { return c.Request.cell() }},
		{"one span a request: requests/s", ones(func(o Ones) string { return thousands(o.RequestsPerSecond) })},
		{"… p50 / p99 ms", ones(func(o Ones) string { return o.Request.cell() })},
		{"… CPU s per 1M spans, sender included", ones(func(o Ones) string { return tenths(o.CPU) })},
	}))
}

func ones(cell func(Ones) string) func(Column) string {
	return func(c Column) string {
		if c.Ones == nil {
			return ""
		}
		return cell(*c.Ones)
	}
}

// toFloor compares a column with the floor of its store.
func (r Report) toFloor(c Column) string {
	if ratio := r.ratio(c); ratio > 0 {
		return fmt.Sprintf("%.2f", ratio)
	}
	return ""
}

func (r Report) ratio(c Column) float64 {
	floor, ok := r.column(c.Store, Floor)
	if !ok || floor.Stored() == 0 {
		return 0
	}
	return c.Stored() / floor.Stored()
}

func (r Report) column(store, way string) (Column, bool) {
	for _, c := range r.Columns {
		if c.Store == store && c.Way == way {
			return c, true
		}
	}
	return Column{}, false
}

func (r Report) settled(b *strings.Builder) {
	if len(r.Settled) == 0 {
		return
	}
	head := []string{"settling"}
	for _, s := range r.Settled {
		head = append(head, s.Store)
	}
	table(b, head, rowsOf(r.Settled, settledFigures))
	for _, s := range r.Settled {
		var rows [][]string
		for _, t := range s.Tables {
			rows = append(rows, []string{"`" + t.Name + "`", thousands(float64(t.Rows)), thousands(t.Heap), thousands(t.Heap + t.Indexes)})
		}
		if len(rows) > 0 {
			table(b, []string{s.Store + ", settled", "rows", "bytes a span", "with indexes"}, rows)
		}
	}
}

var settledFigures = []figure[Settled]{
	{"a backlog, spans/s", func(s Settled) string { return thousands(s.SpansPerSecond) }},
	{"CPU s per 1M spans: server", func(s Settled) string { return tenths(s.ServerCPU) }},
	{"… database", func(s Settled) string { return tenths(s.DatabaseCPU) }},
	{"peak memory of the server, MiB", func(s Settled) string { return thousands(float64(s.PeakMemory >> 20)) }},
	{"disk, bytes a span, settled", func(s Settled) string { return thousands(s.Disk) }},
	{"stored and settled, sent at spans/s", func(s Settled) string { return thousands(s.Pace) }},
	{"… acknowledged, spans/s", func(s Settled) string { return thousands(s.Paced) }},
	{"… CPU s per 1M spans, sender included", func(s Settled) string { return tenths(s.PacedCPU) }},
	{"… request, p50 / p99 ms", func(s Settled) string { return s.PacedWait.cell() }},
	{"… all settled, s after the last span and its rest", func(s Settled) string { return tenths(s.Behind) }},
}

func (a Answered) write(b *strings.Builder) {
	var rows [][]string
	for _, q := range a.Questions {
		name := q.Name
		if q.Query != "" {
			name += ": `" + strings.ReplaceAll(q.Query, "|", `\|`) + "`"
		}
		rows = append(rows, []string{name, hundredths(q.Latency.P50), hundredths(q.Latency.P95), hundredths(q.Latency.P99), thousands(q.Content / 1e6), thousands(float64(q.Found))})
	}
	table(b, []string{fmt.Sprintf("%s, %s spans, the server at most %d MiB", a.Store, thousands(float64(a.Spans)), a.PeakMemory>>20),
		"p50 ms", "p95 ms", "p99 ms", "content MB/s", "found"}, rows)
	rows = nil
	for _, f := range a.Flows {
		rows = append(rows, []string{f.Name, thousands(f.SpansPerSecond), thousands(f.BytesPerSecond / 1e6), tenths(f.ServerCPU), tenths(f.DatabaseCPU), tenths(f.ClientCPU)})
	}
	if len(rows) > 0 {
		table(b, []string{a.Store + ", everything", "spans/s", "MB/s", "CPU s per 1M: server", "database", "client"}, rows)
	}
}

func (r Report) growth(b *strings.Builder) {
	if len(r.Growth) == 0 {
		return
	}
	head := []string{"growth, PostgreSQL"}
	for _, s := range r.Growth {
		head = append(head, fmt.Sprintf("%s spans, days: %d", thousands(float64(s.Answered.Spans)), s.Days))
	}
	figures := []figure[Stage]{
		{"stored, spans/s", func(s Stage) string { return thousands(s.Load.SpansPerSecond) }},
		{"… CPU s per 1M spans: server", func(s Stage) string { return tenths(s.Load.ServerCPU) }},
		{"… database", func(s Stage) string { return tenths(s.Load.DatabaseCPU) }},
		{"… peak memory of the server, MiB", func(s Stage) string { return thousands(float64(s.Load.PeakMemory >> 20)) }},
		{"… WAL, bytes a span", func(s Stage) string { return thousands(s.Load.WAL) }},
		{"… request, p50 / p99 ms", func(s Stage) string { return s.Load.Request.cell() }},
		{"settled, spans/s", func(s Stage) string { return thousands(s.Settled.SpansPerSecond) }},
		{"… CPU s per 1M spans: server", func(s Stage) string { return tenths(s.Settled.ServerCPU) }},
		{"… database", func(s Stage) string { return tenths(s.Settled.DatabaseCPU) }},
		{"… disk, bytes a span, behind a backlog", func(s Stage) string { return thousands(s.Settled.Disk) }},
	}
	for _, q := range r.Growth[0].Answered.Questions {
		figures = append(figures, figure[Stage]{q.Name + ", p50 / p99 ms", func(s Stage) string {
			found, _ := s.Answered.Find(q.Name)
			return found.Latency.cell()
		}})
	}
	for i, f := range r.Growth[0].Answered.Flows {
		figures = append(figures, figure[Stage]{f.Name + ", spans/s", func(s Stage) string { return thousands(s.Answered.Flows[i].SpansPerSecond) }})
	}
	table(b, head, rowsOf(r.Growth, figures))
}

// cell is empty where nothing was measured.
func (l Latency) cell() string {
	if l == (Latency{}) {
		return ""
	}
	return hundredths(l.P50) + " / " + hundredths(l.P99)
}

func tenths(n float64) string { return unlessZero(n, "%.1f") }

// hundredths is for milliseconds: two digits are as much as they are good for.
func hundredths(n float64) string {
	if n >= 10 {
		return unlessZero(n, "%.0f")
	}
	return unlessZero(n, "%.2f")
}

func unlessZero(n float64, format string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

// thousands writes a number as people read it: 45,000.
func thousands(n float64) string {
	digits := unlessZero(n, "%.0f")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
