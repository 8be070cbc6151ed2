package transfer

import "time"

// Memory is how far imports have come, kept in a file: of each source, from where
// to go on.
type Memory struct {
	path  string
	now   func() time.Time
	saved time.Time
	state memory
}

type memory struct {
	Version int               `json:"version"`
	Target  string            `json:"target"` // server and project
	Sources map[string]source `json:"sources"`
}

type source struct {
	Position string `json:"position,omitempty"`
	Done     bool   `json:"done,omitempty"`
	// Size is of a file when it was read: one that has another is another.
	Size int64 `json:"size,omitempty"`
}

// saveEvery is how often a file of state is written.
const saveEvery = time.Second

// OpenMemory reads the file at path, or begins anew where there is none. What it
// knows of imports into another target is forgotten. The file is written for the
// first time with the first Put.
func OpenMemory(path, target string, now func() time.Time) (*Memory, error) {
	m := &Memory{path: path, now: now}
	known, err := readState(path, &m.state)
	if err != nil {
		return nil, err
	}
	if !known || m.state.Target != target || m.state.Sources == nil {
		m.state = memory{Version: stateVersion, Target: target, Sources: map[string]source{}}
	}
	return m, nil
}

// At returns from where to go on with a source, and whether it is done already.
// Size is its size, 0 where it has none.
func (m *Memory) At(name string, size int64) (position string, done bool) {
	known := m.state.Sources[name]
	if known.Size != size {
		return "", false
	}
	return known.Position, known.Done
}

// Put remembers how far a source has come. It writes now and then, and when the
// source is done.
func (m *Memory) Put(name string, size int64, position string, done bool) error {
	m.state.Sources[name] = source{Position: position, Done: done, Size: size}
	if !done && m.now().Sub(m.saved) < saveEvery {
		return nil
	}
	m.saved = m.now()
	return writeState(m.path, &m.state)
}

// Save writes what Put has not.
func (m *Memory) Save() error {
	if len(m.state.Sources) == 0 {
		return nil
	}
	return writeState(m.path, &m.state)
}
