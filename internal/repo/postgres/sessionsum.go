package postgres

import (
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
)

// sessionSum is a session, as far as some days tell.
type sessionSum struct {
	model.Session
	spread map[[16]byte]bool // those of its traces that lie on several days
}

func scanSession(row pgx.CollectableRow) (*sessionSum, error) {
	s := sessionSum{spread: map[[16]byte]bool{}}
	var spread []pgtype.UUID
	targets := []any{
		&s.ID, &s.StartNano, &s.EndNano, &s.LastNano, &s.Runs, &s.FailedRuns, &s.Settled, &s.Traces, &spread,
		&s.Users, &s.Agents, &s.Teams, &s.Workflows,
	}
	for _, sum := range tallySums(&s.Total) {
		targets = append(targets, sum)
	}
	err := row.Scan(targets...)
	for _, id := range spread {
		s.spread[id.Bytes] = true
	}
	return &s, err
}

// merge adds what other days tell.
func (s *sessionSum) merge(o *sessionSum) {
	s.StartNano, s.EndNano, s.LastNano = min(s.StartNano, o.StartNano), max(s.EndNano, o.EndNano), max(s.LastNano, o.LastNano)
	s.Runs += o.Runs
	s.FailedRuns += o.FailedRuns
	s.Settled = s.Settled && o.Settled
	s.Traces += o.Traces
	for id := range o.spread {
		if s.spread[id] {
			s.Traces--
		}
	}
	maps.Copy(s.spread, o.spread)
	s.Users, s.Agents = namesOf(s.Users, o.Users), namesOf(s.Agents, o.Agents)
	s.Teams, s.Workflows = namesOf(s.Teams, o.Teams), namesOf(s.Workflows, o.Workflows)
	sums := tallySums(&s.Total)
	for i, sum := range tallySums(&o.Total) {
		*sums[i] = model.Sum(*sums[i], *sum)
	}
}

// namesOf returns the union of two lists, as long as it may be.
func namesOf(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), model.MaxSessionNames)]
}
