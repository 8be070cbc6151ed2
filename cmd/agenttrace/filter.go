package main

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/moment"
)

// whoFilter selects by who ran.
type whoFilter struct {
	Agent    string `group:"filter" placeholder:"ID" help:"Of this agent."`
	Team     string `group:"filter" placeholder:"ID" help:"Of this team."`
	Workflow string `group:"filter" placeholder:"ID" help:"Of this workflow."`
	User     string `group:"filter" placeholder:"ID" help:"For this user."`
}

// whereFilter selects by what it was part of.
type whereFilter struct {
	Session     string `group:"filter" placeholder:"ID" help:"In this session."`
	Run         string `group:"filter" placeholder:"ID" help:"With this run id."`
	Service     string `group:"filter" placeholder:"NAME" help:"Of this service."`
	Environment string `group:"filter" aliases:"env" placeholder:"NAME" help:"In this environment, such as production."`
}

// whenFilter selects by time.
type whenFilter struct {
	Since moment.Moment `group:"filter" placeholder:"TIME" help:"Started then or later: 2h or 7d ago, 2026-03-14, '2026-03-14 15:00' or RFC 3339."`
	Until moment.Moment `group:"filter" placeholder:"TIME" help:"Started before then, in the same forms."`
}

// bounds returns the points in time; nil where there is none.
func (f whenFilter) bounds(a *App) (since, until *timestamppb.Timestamp, err error) {
	now := a.Now()
	from, err := f.Since.At(now, a.Zone)
	if err != nil {
		return nil, nil, usageErrorf("--since: %w", err)
	}
	to, err := f.Until.At(now, a.Zone)
	if err != nil {
		return nil, nil, usageErrorf("--until: %w", err)
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return nil, nil, usageErrorf("--since (%s) is not before --until (%s)", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return timestampOf(from), timestampOf(to), nil
}

func timestampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// howFilter selects by what became of it, and by a query.
type howFilter struct {
	Failed      *bool         `group:"filter" negatable:"" help:"Only what failed; --no-failed for only what did not."`
	MinDuration moment.Length `group:"filter" placeholder:"TIME" help:"Took so long or longer, such as 500ms or 2m."`
	MaxDuration moment.Length `group:"filter" placeholder:"TIME" help:"Took so long or shorter."`
	Query       string        `group:"filter" short:"q" placeholder:"TRACEQL" help:"What this TraceQL query selects, such as '{ type = tool && failed }'."`
}

func durationOf(d moment.Length) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(time.Duration(d))
}

// filter is everything that traces and runs are selected by.
type filter struct {
	whoFilter   `embed:""`
	whereFilter `embed:""`
	whenFilter  `embed:""`
	howFilter   `embed:""`
}
