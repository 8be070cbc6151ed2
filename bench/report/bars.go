package report

import (
	"fmt"
	"strings"
)

// bar is what is demanded, beside what was measured.
type bar struct {
	name   string
	limits []limit
}

// limit is one figure of a bar.
type limit struct {
	what     string // beside the figure: a unit, or which figure it is
	measured float64
	bar      float64
	stretch  float64 // 0 for none
	least    bool    // the figure must not be smaller than the bar, else not larger
}

// keeps says whether what was measured is as good as demanded.
func (l limit) keeps(demand float64) bool {
	if l.least {
		return l.measured >= demand
	}
	return l.measured <= demand
}

// verdict says how a bar was met by its figures, of which each must.
func (b bar) verdict() string {
	verdict := "stretch met"
	for _, l := range b.limits {
		switch {
		case l.measured == 0:
			return "not measured"
		case !l.keeps(l.bar):
			return "missed"
		case l.stretch != 0 && !l.keeps(l.stretch):
			verdict = "met"
		}
	}
	return verdict
}

func (b bar) row() []string {
	cells := []string{b.name, "", "", "", b.verdict()}
	for i, value := range []func(limit) float64{
		func(l limit) float64 { return l.bar },
		func(l limit) float64 { return l.stretch },
		func(l limit) float64 { return l.measured },
	} {
		var parts []string
		for _, l := range b.limits {
			if n := value(l); n != 0 {
				parts = append(parts, strings.Replace(l.what, "#", short(n), 1))
			}
		}
		cells[1+i] = strings.Join(parts, ", ")
	}
	return cells
}

// short writes a number of any size with as many digits as matter.
func short(n float64) string {
	if n >= 100 {
		return thousands(n)
	}
	if text := fmt.Sprintf("%.2f", n); n < 10 {
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0")
}

// bars writes what is demanded, on two cores with PostgreSQL on the same machine.
func (r Report) bars(b *strings.Builder) {
	var rows [][]string
	for _, bar := range append(r.storingBars(), r.askingBars()...) {
		rows = append(rows, bar.row())
	}
	table(b, []string{"two cores, sender and PostgreSQL included", "bar", "stretch", "measured", ""}, rows)
}

func (r Report) storingBars() []bar {
	ours, _ := r.column(PostgreSQL, GRPC)
	embedded, _ := r.column(SQLite, GRPC)
	plain, _ := r.column(PostgreSQL, HTTP)
	var single Ones // by HTTP, as Agno's users are told to send
	if plain.Ones != nil {
		single = *plain.Ones
	}
	var disk float64
	for _, s := range r.Settled {
		if s.Store == PostgreSQL {
			disk = s.Disk
		}
	}
	return []bar{
		{"ingest, OTLP/gRPC, PostgreSQL", []limit{{"# spans/s", ours.SpansPerSecond, 45_000, 75_000, true}}},
		{"CPU, server and PostgreSQL together", []limit{{"# s per 1M spans", ours.Stored(), 32, 22, false}}},
		{"our whole path against the floor (same statements, same rows)", []limit{{"# times its CPU", r.ratio(ours), 1.5, 1.2, false}}},
		{"disk a span, indexes included, after settling", []limit{{"# B", disk, 800, 600, false}}},
		{"server memory while loading", []limit{{"# MB", float64(ours.PeakMemory) / 1e6, 300, 150, false}}},
		{"ingest, SQLite", []limit{{"# spans/s", embedded.SpansPerSecond, 25_000, 40_000, true}}},
		{"one span a request over OTLP/HTTP, 32 senders", []limit{
			{"# requests/s", single.RequestsPerSecond, 5_000, 10_000, true},
			{"p99 # ms", single.Request.P99, 50, 0, false},
		}},
	}
}

// askingBars are of the largest number of spans that PostgreSQL had.
func (r Report) askingBars() []bar {
	var most Answered
	all := r.Answered
	for _, s := range r.Growth {
		all = append(all[:len(all):len(all)], s.Answered)
	}
	for _, a := range all {
		if a.Store == PostgreSQL && a.Spans > most.Spans {
			most = a
		}
	}
	stored := ""
	if most.Spans > 0 {
		stored = fmt.Sprintf(", %s spans stored", thousands(float64(most.Spans)))
	}
	latency := func(names ...string) (worst Latency) {
		for _, name := range names {
			q, _ := most.Find(name)
			worst = Latency{P50: max(worst.P50, q.Latency.P50), P99: max(worst.P99, q.Latency.P99)}
		}
		return worst
	}
	rate := func(name string) float64 {
		for _, f := range most.Flows {
			if f.Name == name {
				return f.SpansPerSecond
			}
		}
		return 0
	}
	byID := latency(TraceByID)
	return []bar{
		{"trace by id" + stored, []limit{{"p50 # ms", byID.P50, 1.5, 0.7, false}, {"p99 # ms", byID.P99, 6, 0, false}}},
		{"list of 20 by session, agent, user or run, the slowest of them" + stored, []limit{{"p50 # ms", latency(BySession, ByAgent, ByUser, ByRun).P50, 4, 2, false}}},
		{"failed tool within 24 h, newest 20, as a list or a query" + stored, []limit{{"p50 # ms", latency(FailedTools, FailedToolQuery).P50, 5, 2, false}}},
		{"first result of a stream over everything" + stored, []limit{{"p50 # ms", latency(FirstOfAll, FirstFound).P50, 20, 10, false}}},
		{"export everything as OTLP", []limit{{"# spans/s", rate(Exported), 100_000, 200_000, true}}},
		{"stream everything as typed spans, to the Go client on the same machine", []limit{{"# spans/s", rate(Typed), 15_000, 30_000, true}}},
	}
}
