package main

import (
	"context"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// sessionsCommand lists sessions.
type sessionsCommand struct {
	whoFilter  `embed:""`
	whenFilter `embed:""`
	listFlags  `embed:""`
}

// Help is the text of --help.
func (sessionsCommand) Help() string {
	return `Lists sessions, that with the latest run first. A session is listed when one of its runs fulfils all flags that are given; what is shown is all of it.

Examples:

    agenttrace sessions
    agenttrace sessions --user u-17 --since 7d
    agenttrace sessions --agent support -n 0 --json
`
}

// Run lists the sessions.
func (c *sessionsCommand) Run(ctx context.Context, app *App) error {
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	since, until, err := c.bounds(app)
	if err != nil {
		return err
	}
	o := app.drawing()
	l := &list[*agenttrace.Session]{
		app: app, noun: "sessions", limit: c.Limit, table: shell.NewTable(app.Width, draw.SessionColumns()...),
		row: func(s *agenttrace.Session) []shell.Cell { return draw.SessionRow(s, o) },
	}
	return l.print(client.Sessions(ctx, &agenttrace.ListSessionsRequest{
		AgentId: c.Agent, TeamId: c.Team, WorkflowId: c.Workflow, UserId: c.User, StartTime: since, EndTime: until,
		PageSize: int32(min(onMore(c.Limit), mostPage)),
	}), app.Work("looking for sessions"))
}

// mostPage is how many things one page of a list may have.
const mostPage = 1000
