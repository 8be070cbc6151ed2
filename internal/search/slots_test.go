package search

import (
	"sync"
	"testing"

	"github.com/agenttrace/agenttrace/internal/repo"
)

const aboutParcels = `{ content:input : "parcel" }`

func TestSearchesShareTheirSlots(t *testing.T) {
	m := newMemory(t, 2, runs(400)...)
	e := &Engine{Store: m, Limits: Limits{Workers: 4}, Slots: NewSlots(2)}
	var searches sync.WaitGroup
	for range 6 {
		searches.Go(func() {
			found, err := collect(e.Traces(t.Context(), project, parse(t, aboutParcels), repo.TraceQuery{}, nil))
			if err != nil || len(found) != 40 {
				t.Errorf("%d traces, %v; want 40", len(found), err)
			}
		})
	}
	searches.Wait()
	if m.most > 2 {
		t.Errorf("the content of %d traces was read at once, with two slots", m.most)
	}
}

func TestAReaderThatStopsHoldsNoSlot(t *testing.T) {
	m := newMemory(t, 2, runs(400)...)
	e := &Engine{Store: m, Limits: Limits{Workers: 4}, Slots: NewSlots(1)}
	for range e.Traces(t.Context(), project, parse(t, aboutParcels), repo.TraceQuery{}, nil) {
		// While this reader looks at its first result, another one reads all.
		if found := must(t, e.Traces(t.Context(), project, parse(t, aboutParcels), repo.TraceQuery{}, nil)); len(found) != 40 {
			t.Errorf("%d traces, want 40", len(found))
		}
		break
	}
}
