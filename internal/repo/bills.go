package repo

import "github.com/agenttrace/agenttrace/internal/model"

// BillQuery sums up bills. Empty texts do not restrict; the others must all hold.
type BillQuery struct {
	// By says what tells sums apart; none for one sum of all.
	By []BillField

	Agent, Team, Workflow, Session, User, Run   string
	Model, Provider, Tool, Service, Environment string

	Start   model.TimeRange // of Bill.StartNano
	MaxSums int
}

// BillField is a field of a bill.
type BillField uint8

const (
	ByAgent BillField = iota + 1
	ByTeam
	ByWorkflow
	BySession
	ByUser
	ByRun
	ByModel
	ByProvider
	ByTool
	ByService
	ByEnvironment
	ByHour // in UTC
	ByDay  // in UTC
)

// BillSum sums up bills that are alike in some fields.
type BillSum struct {
	// Labels are the values of these fields, in the order of BillQuery.By; ""
	// for those of time, whose start is in Time.
	Labels []string
	Time   int64

	ModelCalls CallSum
	ToolCalls  CallSum
	Usage      model.Usage
	Cost       model.Cost
}

// CallSum sums up calls.
type CallSum struct {
	Calls     int64
	Failures  int64
	Nanos     int64
	Latencies string // of all calls, in no order; see model.EachLatency
}

// Of returns the value of a field, and for one of time, its start.
func (f BillField) Of(b *model.Bill) (label string, time int64) {
	switch f {
	case ByAgent:
		return b.Agent, 0
	case ByTeam:
		return b.Team, 0
	case ByWorkflow:
		return b.Workflow, 0
	case BySession:
		return b.Session, 0
	case ByUser:
		return b.User, 0
	case ByRun:
		return b.Run, 0
	case ByModel:
		return b.Model, 0
	case ByProvider:
		return b.Provider, 0
	case ByTool:
		return b.Tool, 0
	case ByService:
		return b.Service, 0
	case ByEnvironment:
		return b.Environment, 0
	case ByHour:
		return "", model.Hour(b.StartNano)
	default:
		return "", model.Day(b.StartNano)
	}
}

// Matches reports whether q sums b up.
func (q *BillQuery) Matches(b *model.Bill) bool {
	return wanted(q.Agent, b.Agent) && wanted(q.Team, b.Team) && wanted(q.Workflow, b.Workflow) &&
		wanted(q.Session, b.Session) && wanted(q.User, b.User) && wanted(q.Run, b.Run) &&
		wanted(q.Model, b.Model) && wanted(q.Provider, b.Provider) && wanted(q.Tool, b.Tool) &&
		wanted(q.Service, b.Service) && wanted(q.Environment, b.Environment) && q.Start.Contains(b.StartNano)
}

// Add adds a bill to the sum.
func (s *BillSum) Add(b *model.Bill) {
	calls := &s.ModelCalls
	if b.Kind == model.CallsOfTool {
		calls = &s.ToolCalls
	}
	calls.Calls += b.Calls
	calls.Failures += b.Failures
	calls.Nanos = model.Sum(calls.Nanos, b.Nanos)
	calls.Latencies += b.Latencies
	s.Usage = s.Usage.Plus(b.Usage)
	s.Cost = s.Cost.Plus(b.Cost)
}
