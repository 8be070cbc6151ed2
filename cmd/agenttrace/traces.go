package main

import (
	"context"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// tracesCommand lists traces.
type tracesCommand struct {
	filter    `embed:""`
	Name      string `group:"filter" placeholder:"NAME" help:"With this name, exactly."`
	Order     string `group:"what" enum:"newest,longest" default:"newest" placeholder:"ORDER" help:"Which come first: newest, longest. Default: ${default}."`
	Matches   bool   `group:"what" help:"With a query, also the spans that it selects."`
	listFlags `embed:""`
}

// Help is the text of --help.
func (tracesCommand) Help() string {
	return `Lists traces, the newest first. Flags select which; all that are given must hold. The id in the first column is what "agenttrace trace" takes.

Examples:

    agenttrace traces
    agenttrace traces --failed --since 2h
    agenttrace traces --agent support --order longest -n 5
    agenttrace traces -q '{ type = agent } >> { type = tool && failed }' --matches
    agenttrace traces --since 7d -n 0 --json | jq -r .traceId
`
}

// Run lists the traces.
func (c *tracesCommand) Run(ctx context.Context, app *App) error {
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
	l := &list[*agenttrace.Trace]{
		app: app, noun: "traces", limit: c.Limit, table: shell.NewTable(app.Width, draw.TraceColumns()...),
		row: func(t *agenttrace.Trace) []shell.Cell { return draw.TraceRow(t, o) },
	}
	if c.Matches {
		l.under = func(t *agenttrace.Trace) []shell.Line { return draw.Matches(t, app.Width) }
	}
	working := app.Work("looking for traces")
	return withQuery(c.Query, l.print(client.StreamTraces(ctx, req, l.searching(working)), working))
}

func (c *tracesCommand) request(app *App) (*agenttrace.StreamTracesRequest, error) {
	since, until, err := c.bounds(app)
	if err != nil {
		return nil, err
	}
	req := &agenttrace.StreamTracesRequest{
		AgentId: c.Agent, TeamId: c.Team, WorkflowId: c.Workflow, UserId: c.User,
		SessionId: c.Session, RunId: c.filter.Run, Service: c.Service, Environment: c.Environment, Name: c.Name,
		StartTime: since, EndTime: until, Failed: c.Failed, MinDuration: durationOf(c.MinDuration), MaxDuration: durationOf(c.MaxDuration),
		Query: c.Query, Limit: onMore(c.Limit),
	}
	if c.Order == "longest" {
		req.OrderBy = agenttrace.TraceOrderDuration
	}
	return req, nil
}
