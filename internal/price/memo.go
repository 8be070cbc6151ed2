package price

import (
	"strings"
	"sync"
)

// memoLimit bounds what is remembered. Senders choose the names, so there is no
// end to them; agents in earnest call some dozens of models.
const memoLimit = 4096

// memo remembers what was found for a model. The zero value is empty.
type memo struct {
	mu     sync.RWMutex
	offers map[callee]*offer
}

type callee struct{ provider, model string }

func (m *memo) get(provider, model string) *offer {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.offers[callee{provider, model}]
}

// put remembers an offer. A full memo starts anew: keeping count of what was used
// last would cost more than finding the few models in use again. The names are
// copied, since those of spans may be part of a whole request's memory.
func (m *memo) put(provider, model string, o *offer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.offers == nil || len(m.offers) >= memoLimit {
		m.offers = map[callee]*offer{}
	}
	m.offers[callee{strings.Clone(provider), strings.Clone(model)}] = o
}
