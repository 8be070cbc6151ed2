package runs

import (
	"cmp"

	"github.com/agenttrace/agenttrace/internal/model"
)

// identify finds the identity of each span. Most have that of the span above,
// and share it.
func (d *derivation) identify() {
	d.identities = make([]model.Identity, 1, len(d.Runs)+1) // the first is nobody's
	for _, i := range d.down {
		n, s := &d.nodes[i], d.Spans[i]
		if n.parent != none {
			n.who = d.nodes[n.parent].who
		}
		if own := s.Identity; own != (model.Identity{}) || s.Type.IsRun() {
			n.who = d.remember(n.who, d.identityBelow(own, i))
		}
	}
	for j, run := range d.runs {
		d.Runs[j].Identity = d.identities[d.nodes[run.span].who]
	}
}

// remember returns the place of an identity, which is the one above where that is
// the same.
func (d *derivation) remember(above int32, id model.Identity) int32 {
	if id == d.identities[above] {
		return above
	}
	d.identities = append(d.identities, id)
	return int32(len(d.identities) - 1)
}

// identityBelow adds to what a span says itself what it has from above. A name
// without an id, or the other way round, is somebody else than who is above.
func (d *derivation) identityBelow(own model.Identity, i int32) model.Identity {
	n := &d.nodes[i]
	above := d.identities[n.who]
	id := own
	if own.AgentID == "" && own.AgentName == "" {
		id.AgentID, id.AgentName = above.AgentID, above.AgentName
	}
	if own.TeamID == "" && own.TeamName == "" {
		id.TeamID, id.TeamName = above.TeamID, above.TeamName
	}
	if own.WorkflowID == "" && own.WorkflowName == "" {
		id.WorkflowID, id.WorkflowName = above.WorkflowID, above.WorkflowName
	}
	id.SessionID = cmp.Or(own.SessionID, above.SessionID)
	id.UserID = cmp.Or(own.UserID, above.UserID)
	switch {
	case d.Spans[i].Type.IsRun(): // has its own run id, or none
	case n.owner != none:
		id.RunID = above.RunID // which is its run's
	default:
		id.RunID = cmp.Or(own.RunID, above.RunID)
	}
	return id
}
