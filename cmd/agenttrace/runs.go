package main

import (
	"context"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// runsCommand lists runs.
type runsCommand struct {
	filter    `embed:""`
	Trace     string   `group:"filter" placeholder:"ID" help:"In this trace."`
	Type      []string `group:"filter" enum:"agent,team,workflow" placeholder:"TYPE" help:"Of this type: agent, team, workflow; may be given several times."`
	Order     string   `group:"what" enum:"newest,oldest,longest,costliest" default:"newest" placeholder:"ORDER" help:"Which come first: newest, oldest, longest, costliest. Default: ${default}."`
	listFlags `embed:""`
}

// Help is the text of --help.
func (runsCommand) Help() string {
	return `Lists runs: single executions of an agent, a team or a workflow, of which a trace may have several. Counts, tokens and costs are those of the run and all runs below it, and are there once the trace has settled, some seconds after its last span.

Examples:

    agenttrace runs
    agenttrace runs --failed --type team --since 1d
    agenttrace runs --session s-1 --order oldest
    agenttrace runs --order costliest -n 5 --json
`
}

// Run lists the runs.
func (c *runsCommand) Run(ctx context.Context, app *App) error {
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	req, err := c.request(app)
	if err != nil {
		return err
	}
	o := app.drawing()
	l := &list[*agenttrace.Run]{
		app: app, noun: "runs", limit: c.Limit, table: shell.NewTable(app.Width, draw.RunColumns()...),
		row: func(r *agenttrace.Run) []shell.Cell { return draw.RunRow(r, o) },
	}
	working := app.Work("looking for runs")
	return withQuery(c.Query, l.print(client.StreamRuns(ctx, req, l.searching(working)), working))
}

func (c *runsCommand) request(app *App) (*agenttrace.StreamRunsRequest, error) {
	since, until, err := c.bounds(app)
	if err != nil {
		return nil, err
	}
	req := &agenttrace.StreamRunsRequest{
		AgentId: c.Agent, TeamId: c.Team, WorkflowId: c.Workflow, UserId: c.User,
		SessionId: c.Session, RunId: c.filter.Run, Service: c.Service, Environment: c.Environment, TraceId: c.Trace,
		StartTime: since, EndTime: until, Failed: c.Failed, MinDuration: durationOf(c.MinDuration), MaxDuration: durationOf(c.MaxDuration),
		Query: c.Query, Limit: onMore(c.Limit), OrderBy: runOrders[c.Order],
	}
	for _, word := range c.Type {
		req.Types = append(req.Types, spanTypes[word])
	}
	return req, nil
}

// runOrders are the orders of runs by the words for them.
var runOrders = map[string]agenttrace.RunOrder{
	"newest": agenttrace.RunOrderNewestFirst, "oldest": agenttrace.RunOrderOldestFirst,
	"longest": agenttrace.RunOrderLongestFirst, "costliest": agenttrace.RunOrderCostliestFirst,
}

// spanTypes are the types of runs by the words for them.
var spanTypes = map[string]agenttrace.SpanType{
	"agent": agenttrace.SpanTypeAgent, "team": agenttrace.SpanTypeTeam, "workflow": agenttrace.SpanTypeWorkflow,
}
