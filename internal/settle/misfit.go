package settle

import (
	"context"
	"errors"
	"sync"
)

// maxMisfits bounds what is remembered of the traces that do not settle.
const maxMisfits = 4096

// misfits are the traces that were left out: too large ones and damaged ones.
// They are logged once; those that are too large need not be read again, since
// traces only grow.
type misfits struct {
	loop *Loop

	mu    sync.Mutex
	known map[traceKey]bool // true where too large
}

// add leaves a trace out.
func (m *misfits) add(ctx context.Context, key traceKey, err error) {
	large := errors.Is(err, ErrTooLarge)
	if !m.remember(key, large) {
		return
	}
	reason := reasonDamaged
	if large {
		reason = reasonTooLarge
	}
	m.loop.config.Metrics.failures.WithLabelValues(reason).Inc()
	m.loop.config.Log.ErrorContext(ctx, "trace does not settle", "project", key.project, "trace_id", key.id, "error", err)
}

// remember returns whether a trace was not known.
func (m *misfits) remember(key traceKey, large bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[key]; ok {
		return false
	}
	if m.known == nil || len(m.known) >= maxMisfits {
		m.known = map[traceKey]bool{} // it is better to log one again than to grow
	}
	m.known[key] = large
	return true
}

// knows reports whether a trace is known to be too large.
func (m *misfits) knows(key traceKey) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known[key]
}
