package repo

import (
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// RunQuery selects runs. Zero fields do not restrict; all others must hold
// together. Fields compare with those of [model.Run].
type RunQuery struct {
	TraceID     model.TraceID
	Of          []RunRef       // any of these; at most MaxPage
	Identity    model.Identity // ids only
	Types       []model.SpanType
	Name        string
	Service     string
	Environment string
	Status      *model.StatusCode
	Failed      *bool
	Start       model.TimeRange // of Run.StartNano
	MinDuration int64           // nanoseconds, inclusive
	MaxDuration int64           // nanoseconds, inclusive; 0 for none

	Order RunOrder
	After *RunCursor
	Limit int // 1 to MaxPage
}

// RunRef names a run by its span.
type RunRef struct {
	TraceID   model.TraceID
	SpanID    model.SpanID
	StartNano int64
}

// RunOrder is the order of a list of runs. Equal ones are ordered by trace id,
// then by span id as a signed number ([model.SpanID.Int64]), both descending,
// then by start, descending: so the order is total. Only RunsOldestFirst has all
// of these ascending.
type RunOrder int

const (
	RunsNewestFirst    RunOrder = iota // by StartNano, descending
	RunsOldestFirst                    // by StartNano, ascending
	RunsLongestFirst                   // by Duration, descending
	RunsCostliestFirst                 // by Detail.Total.Cost.Nano, descending
)

// RunCursor is a place in a list of runs.
type RunCursor struct {
	Key int64 // what the list is ordered by
	RunRef
}

// CursorOf returns the place of r in a list ordered by o.
func (o RunOrder) CursorOf(r *model.Run) RunCursor {
	c := RunCursor{Key: r.StartNano, RunRef: RunRef{TraceID: r.TraceID, SpanID: r.SpanID, StartNano: r.StartNano}}
	switch o {
	case RunsLongestFirst:
		c.Key = r.Duration()
	case RunsCostliestFirst:
		c.Key = r.Detail.Total.Cost.Nano
	}
	return c
}

// Matches reports whether q selects r, whatever its order and page.
func (q RunQuery) Matches(r *model.Run) bool {
	return (q.TraceID.IsZero() || q.TraceID == r.TraceID) &&
		(len(q.Of) == 0 || slices.Contains(q.Of, RunRef{r.TraceID, r.SpanID, r.StartNano})) &&
		wanted(q.Identity.AgentID, r.Identity.AgentID) && wanted(q.Identity.TeamID, r.Identity.TeamID) &&
		wanted(q.Identity.WorkflowID, r.Identity.WorkflowID) && wanted(q.Identity.SessionID, r.Identity.SessionID) &&
		wanted(q.Identity.UserID, r.Identity.UserID) && wanted(q.Identity.RunID, r.Identity.RunID) &&
		(len(q.Types) == 0 || slices.Contains(q.Types, r.Type)) &&
		wanted(q.Name, r.Name) && wanted(q.Service, r.Service) && wanted(q.Environment, r.Environment) &&
		(q.Status == nil || *q.Status == r.Status) &&
		(q.Failed == nil || *q.Failed == r.Failed) &&
		q.Start.Contains(r.StartNano) &&
		lasted(r.Duration(), q.MinDuration, q.MaxDuration)
}

// SessionQuery selects sessions: those of which a run fulfils all that is not
// zero here. What is returned of them are all of their runs.
type SessionQuery struct {
	SessionID string
	Identity  model.Identity  // ids only, but for SessionID
	Start     model.TimeRange // of a run's start
	After     *SessionCursor
	Limit     int // 1 to MaxPage
}

// SessionCursor is a place in a list of sessions. They are ordered by the start
// of the latest run that the query selects, then by id, both descending.
type SessionCursor struct {
	Last int64
	ID   string
}
