package main

import (
	"context"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// sessionCommand shows one session.
type sessionCommand struct {
	ID        string `arg:"" help:"Id of the session; last for that with the newest run."`
	Content   bool   `short:"c" group:"what" help:"Show the beginning of what went in and came out of each run."`
	listFlags `embed:""`
}

// Help is the text of --help.
func (sessionCommand) Help() string {
	return `Shows a session and its runs, the first one first. With --json the first line is the session, and each line after it a run.

Examples:

    agenttrace session last
    agenttrace session last --content
    agenttrace session s-1 -n 0 --json
`
}

// Run shows the session.
func (c *sessionCommand) Run(ctx context.Context, app *App) error {
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	id, err := c.find(ctx, client)
	if err != nil {
		return err
	}
	page, err := client.GetSession(ctx, &agenttrace.GetSessionRequest{SessionId: id, PageSize: 1})
	if agenttrace.IsNotFound(err) {
		return notFoundErrorf("no session has the id %s", id)
	}
	if err != nil {
		return err
	}
	o := app.drawing()
	if app.JSON {
		err = app.PrintJSON(page.GetSession())
	} else {
		err = app.Print(append(draw.Session(page.GetSession(), o), nil)...)
	}
	if err != nil {
		return err
	}
	l := &list[*agenttrace.Run]{
		app: app, noun: "runs", limit: c.Limit, table: shell.NewTable(app.Width, draw.SessionRunColumns()...),
		row: func(r *agenttrace.Run) []shell.Cell { return draw.SessionRunRow(r, o) },
	}
	if c.Content {
		l.under = func(r *agenttrace.Run) []shell.Line { return draw.Exchange(r, app.Width) }
	}
	return l.print(client.SessionRuns(ctx, &agenttrace.GetSessionRequest{SessionId: id, PageSize: int32(min(onMore(c.Limit), mostPage))}), app.Work("reading the session"))
}

// find returns the id of the session that was named.
func (c *sessionCommand) find(ctx context.Context, client *agenttrace.Client) (string, error) {
	if c.ID != last {
		return c.ID, nil
	}
	found, err := client.ListSessions(ctx, &agenttrace.ListSessionsRequest{PageSize: 1})
	if err != nil {
		return "", err
	}
	if len(found.GetSessions()) == 0 {
		return "", notFoundErrorf("there are no sessions yet")
	}
	return found.GetSessions()[0].GetSessionId(), nil
}
