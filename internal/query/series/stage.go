package series

import (
	"cmp"
	"slices"

	"github.com/agenttrace/agenttrace/internal/query"
)

// applyStage takes away the points that a stage does not keep.
func applyStage(lines []line, stage query.SeriesStage) {
	switch stage := stage.(type) {
	case *query.Top:
		keepTop(lines, stage)
	case *query.Threshold:
		for i := range lines {
			lines[i].points = slices.DeleteFunc(lines[i].points, func(p point) bool { return !exceeds(stage, p.value) })
		}
	}
}

// keepTop keeps the greatest or smallest points of each step. Of equal ones
// those of the first series stay.
func keepTop(lines []line, top *query.Top) {
	type entry struct {
		line  int
		value float64
	}
	steps := map[int64][]entry{}
	for i := range lines {
		for _, p := range lines[i].points {
			steps[p.step] = append(steps[p.step], entry{i, p.value})
		}
	}
	type place struct {
		line int
		step int64
	}
	kept := map[place]bool{}
	for step, entries := range steps {
		slices.SortFunc(entries, func(a, b entry) int {
			order := cmp.Compare(b.value, a.value)
			if top.Bottom {
				order = -order
			}
			return cmp.Or(order, cmp.Compare(a.line, b.line))
		})
		for _, e := range entries[:min(max(0, top.N), len(entries))] {
			kept[place{e.line, step}] = true
		}
	}
	for i := range lines {
		lines[i].points = slices.DeleteFunc(lines[i].points, func(p point) bool { return !kept[place{i, p.step}] })
	}
}

// exceeds compares a value with a threshold. Durations are in seconds, as those
// of the answer are.
func exceeds(t *query.Threshold, value float64) bool {
	limit, _ := t.Value.Number()
	if t.Value.Kind == query.KindDuration {
		limit /= 1e9
	}
	switch t.Op {
	case query.Equal:
		return value == limit
	case query.NotEqual:
		return value != limit
	case query.Less:
		return value < limit
	case query.LessEqual:
		return value <= limit
	case query.Greater:
		return value > limit
	default:
		return t.Op == query.GreaterEqual && value >= limit
	}
}
