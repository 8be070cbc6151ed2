package transfer

import "slices"

// mostDone is how many traces a frontier remembers. Of more that lie across it,
// some are exported twice, which an import does not notice.
const mostDone = 100_000

// frontier is how far an export has come. Traces come newest first, by when they
// start; that of a trace can only be told within bounds, since spans may arrive
// between the moment it is listed and the one its spans are read. So the
// frontier is where it can be at the latest, and the traces that may lie on
// either side are remembered.
type frontier struct {
	// Nano bounds from above where the trace that was written last was listed; 0
	// before the first.
	Nano int64 `json:"nano,omitempty"`
	// Done are the traces that are written and may be listed again from Nano on.
	Done []doneTrace `json:"done,omitempty"`
}

type doneTrace struct {
	ID       string `json:"id"`
	Earliest int64  `json:"earliest"`
}

// pass says that a trace has been written.
func (f *frontier) pass(e extent) {
	if f.Nano == 0 || e.latest < f.Nano {
		f.Nano = e.latest
	}
	f.Done = append(f.Done, doneTrace{e.trace, e.earliest})
	if len(f.Done) > 2*mostDone {
		f.trim()
	}
}

// trim forgets the traces that cannot be listed again.
func (f *frontier) trim() {
	f.Done = slices.DeleteFunc(f.Done, func(d doneTrace) bool { return d.Earliest > f.Nano })
	if len(f.Done) > mostDone {
		f.Done = slices.Delete(f.Done, 0, len(f.Done)-mostDone)
	}
}

// ids are those of Done.
func (f *frontier) ids() map[string]bool {
	ids := make(map[string]bool, len(f.Done))
	for _, d := range f.Done {
		ids[d.ID] = true
	}
	return ids
}
