package postgres

import (
	"maps"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// traceSet is a set of traces.
type traceSet map[model.TraceID]bool

// tracesWithin are traces and the time in which their spans start.
type tracesWithin struct {
	ids         []model.TraceID
	first, last int64
	latest      int64 // start of the last trace, as far as that is known
}

// areClose reports whether traces start all over the time, and not some of them
// long before the last of their spans does.
func (of *tracesWithin) areClose() bool { return of.last-of.first <= 2*(of.latest-of.first) }

// rowsByDay are rows of traces, by the day of the row.
type rowsByDay map[int64]*tracesWithin

// add adds the row of a trace whose spans start from first to last, or may do so.
func (rows rowsByDay) add(day int64, id model.TraceID, first, last int64) {
	first, last = max(first, day), min(last, lastOf(day))
	of := rows[day]
	if of == nil {
		of = &tracesWithin{first: first, last: last}
		rows[day] = of
	}
	of.ids = append(of.ids, id)
	of.first, of.last, of.latest = min(of.first, first), max(of.last, last), max(of.latest, first)
}

// addDays adds the rows that traces may have on the days that there are.
func (rows rowsByDay) addDays(found map[model.TraceID]daysOf, days []int64) {
	for id, of := range found {
		for _, day := range between(days, of.first, of.last) {
			rows.add(day, id, day, lastOf(day))
		}
	}
}

// days returns what the rows say of their traces, day by day.
func (rows rowsByDay) days() []*tracesWithin { return slices.Collect(maps.Values(rows)) }

// only returns the rows of some traces.
func (rows rowsByDay) only(wanted traceSet) rowsByDay {
	kept := rowsByDay{}
	for day, of := range rows {
		for _, id := range of.ids {
			if wanted[id] {
				kept.add(day, id, of.first, of.last)
			}
		}
	}
	return kept
}
