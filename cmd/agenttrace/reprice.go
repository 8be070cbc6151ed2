package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// repriceCommand computes stored costs again.
type repriceCommand struct {
	whenFilter `embed:""`
}

// Help is the text of --help.
func (repriceCommand) Help() string {
	return `Computes the costs of stored traces again, with the server's prices as they are now: after an update, or when prices have been set by hand. The newest traces come first. Ctrl-C leaves what was done done and says how to go on; doing it twice changes nothing the second time.

Examples:

    agenttrace reprice --since 30d
    agenttrace reprice --since 2026-03-01 --until 2026-04-01
`
}

// Run computes the costs and says what came of it.
func (c *repriceCommand) Run(ctx context.Context, app *App) error {
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	since, until, err := c.bounds(app)
	if err != nil {
		return err
	}
	working := app.Work("pricing traces")
	defer working.Done()
	var last *agenttrace.RepriceResponse
	for res, err := range client.Reprice(ctx, &agenttrace.RepriceRequest{StartTime: since, EndTime: until}) {
		if err != nil {
			working.Done()
			if last != nil || ctx.Err() != nil {
				c.unfinished(app, last)
			}
			return err
		}
		last = res
		working.Say(repriced(res, app.Zone))
	}
	working.Done()
	if !last.GetDone() {
		c.unfinished(app, last)
		return errors.New("the server ended before everything was priced")
	}
	if app.JSON {
		return app.PrintJSON(last)
	}
	return app.Print(repriceLines(last)...)
}

// repriced is how far it has come, on one line.
func repriced(r *agenttrace.RepriceResponse, zone *time.Location) string {
	text := fmt.Sprintf("pricing traces: %s done, %s cost something else now", draw.Count(r.GetTraces()), draw.Count(r.GetChangedTraces()))
	if r.GetTimeReached() != nil {
		text += ", back to " + draw.Time(r.GetTimeReached(), zone)
	}
	return text
}

func repriceLines(r *agenttrace.RepriceResponse) []shell.Line {
	lines := []shell.Line{
		shell.Say(fmt.Sprintf("%s traces looked at; %s of them cost something else now.", draw.Count(r.GetTraces()), draw.Count(r.GetChangedTraces()))),
		shell.Line{}.Add(shell.Dim, "before  ").Add(shell.Plain, costText(r.GetBefore())),
		shell.Line{}.Add(shell.Dim, "after   ").Add(shell.Bold, costText(r.GetAfter())),
	}
	if n := r.GetSkippedTraces(); n > 0 {
		lines = append(lines, shell.Line{}.Add(shell.Yellow, fmt.Sprintf("%s traces keep their costs: they are larger than the server reads at once.", draw.Count(n))))
	}
	return lines
}

// costText writes a cost with all its digits: repricing may be about little.
func costText(c *agenttrace.Cost) string {
	nano := c.GetNanoUsd()
	text := fmt.Sprintf("$%d.%09d", nano/1e9, nano%1e9)
	if n := c.GetUnpricedCalls(); n > 0 {
		text += fmt.Sprintf("  (%s calls have no price)", draw.Count(n))
	}
	return text
}

// unfinished says what was done before it was broken off, and how to go on.
func (c *repriceCommand) unfinished(app *App, last *agenttrace.RepriceResponse) {
	if last == nil || last.GetTimeReached() == nil {
		app.Note(shell.Say("Nothing was changed."))
		return
	}
	// The next second: what is done twice stays as it is, what is left out does not.
	goOn := "agenttrace reprice --until " + last.GetTimeReached().AsTime().Add(time.Second).UTC().Format(time.RFC3339)
	if c.Since.Text != "" {
		goOn += " --since '" + c.Since.Text + "'"
	}
	app.Note(
		shell.Say(fmt.Sprintf("Broken off after %s traces; %s of them cost something else now. The older ones keep their costs.", draw.Count(last.GetTraces()), draw.Count(last.GetChangedTraces()))),
		shell.Say("To go on: "+goOn),
	)
}
