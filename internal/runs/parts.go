package runs

import "github.com/agenttrace/agenttrace/internal/model"

// sumUpDays makes a part of each day that spans start on. Spans and calls are in
// the order of their starts.
func (d *derivation) sumUpDays() {
	next := 0
	for i, s := range d.Spans {
		last := len(d.Parts) - 1
		if day := model.Day(s.StartNano); last < 0 || d.Parts[last].Day != day {
			d.Parts = append(d.Parts, model.TracePart{Day: day})
			last++
		}
		part := &d.Parts[last]
		part.Spans++
		if s.Type.IsRun() {
			part.Runs++
		}
		for ; next < len(d.calls) && int(d.calls[next].span) == i; next++ {
			if d.calls[next].usage {
				part.Usage = part.Usage.Plus(s.Usage)
			}
			part.Cost = part.Cost.Plus(d.calls[next].cost)
		}
	}
}
