package runs

import "github.com/agenttrace/agenttrace/internal/model"

// listSteps lists the steps of each workflow, and the runs that stand directly
// below it in place of one. Spans are in the order of their starts.
func (d *derivation) listSteps() {
	for i, s := range d.Spans {
		n := &d.nodes[i]
		workflow := int32(none)
		switch {
		case s.Type == model.TypeStep:
			workflow = n.owner
		case s.Type.IsRun() && !n.underStep:
			workflow = d.runs[n.owner].parent
		}
		if workflow == none || d.Runs[workflow].Type != model.TypeWorkflow {
			continue
		}
		detail := &d.Runs[workflow].Detail
		detail.Steps = append(detail.Steps, model.RunStep{
			SpanID: s.SpanID, Name: s.Name, Type: s.Type, StartNano: s.StartNano, EndNano: s.EndNano, Failed: n.error != none,
		})
	}
}
