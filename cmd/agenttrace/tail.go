package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/moment"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// tailCommand prints what is arriving.
type tailCommand struct {
	TraceQL string `arg:"" optional:"" name:"traceql" help:"Only what this query selects, such as '{ type = tool && failed }'."`

	whoFilter   `embed:""`
	whereFilter `embed:""`
	Name        string        `group:"filter" placeholder:"NAME" help:"With this name, exactly."`
	Failed      *bool         `group:"filter" negatable:"" help:"Only what failed; --no-failed for only what did not."`
	MinDuration moment.Length `group:"filter" placeholder:"TIME" help:"Took so long or longer, such as 500ms or 2m."`

	Traces     bool   `group:"output" help:"Print traces, each time that they got spans, instead of spans."`
	Limit      int64  `short:"n" group:"output" placeholder:"N" help:"End after N of them; with --cursor-file, after all that were stored together with the Nth. Default: never."`
	Cursor     string `group:"output" placeholder:"CURSOR" help:"Go on behind this cursor, which an earlier tail has written into its --cursor-file."`
	CursorFile string `group:"output" type:"path" placeholder:"FILE" help:"Go on from the cursor in this file, if it is there, and keep it up to date: what comes between two runs is not missed."`
}

// Help is the text of --help.
func (tailCommand) Help() string {
	return `Prints spans as they are stored, in less than a second, until you end it with Ctrl-C, which is exit code 0. When the connection breaks it is made again, and nothing is missed; where something is, because this reader was too slow or the server has removed it, it says so on standard error.

A query must be decided by each span alone: one pair of braces, without fields of the trace or the tree. With --traces it may be any. With --json each line is a span, or a trace, as the API defines it.

Examples:

    agenttrace tail
    agenttrace tail '{ type = tool && failed }'
    agenttrace tail --traces --failed --agent support
    agenttrace tail --json | jq -r 'select(.modelCall) | [.modelCall.model, .modelCall.usage.outputTokens] | @tsv'
    agenttrace tail --json --cursor-file errors.cursor --failed >> errors.jsonl
`
}

// Run prints what comes until ctx ends, which is how a tail ends well.
func (c *tailCommand) Run(ctx context.Context, app *App) error {
	since, err := c.begin()
	if err != nil {
		return err
	}
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	o := app.drawing()
	if c.Traces {
		return follow(ctx, &tailing[*agenttrace.Trace]{
			app: app, command: c, table: shell.NewTable(app.Width, draw.TraceColumns()...),
			row: func(t *agenttrace.Trace) []shell.Cell { return draw.TraceRow(t, o) },
		}, client.TailTraces(ctx, c.tracesRequest(since), agenttrace.TailPastExpiry()))
	}
	columns, kept := c.spanColumns()
	return follow(ctx, &tailing[*agenttrace.Span]{
		app: app, command: c, table: shell.NewTable(app.Width, columns...),
		row: func(s *agenttrace.Span) []shell.Cell { return pick(draw.SpanRow(s, o), kept) },
	}, client.TailSpans(ctx, c.spansRequest(since), agenttrace.TailPastExpiry()))
}

// spanColumns are those of a list of spans, and their places there, without what a
// tail needs less than the place it takes.
func (c *tailCommand) spanColumns() (columns []shell.Column, kept []int) {
	for i, column := range draw.SpanColumns() {
		if column.Title == "SPAN" || column.Title == "SELECTED" && !strings.Contains(c.TraceQL, "select") {
			continue
		}
		if column.Title == "ERROR" {
			column.Drop = 1 // the last to go: it is what one waits for
		}
		columns, kept = append(columns, column), append(kept, i)
	}
	return columns, kept
}

func pick(cells []shell.Cell, kept []int) []shell.Cell {
	picked := make([]shell.Cell, len(kept))
	for i, at := range kept {
		picked[i] = cells[at]
	}
	return picked
}

func (c *tailCommand) spansRequest(since string) *agenttrace.TailSpansRequest {
	return &agenttrace.TailSpansRequest{
		Since: since, Query: c.TraceQL, Name: c.Name, Failed: c.Failed, MinDuration: durationOf(c.MinDuration),
		AgentId: c.Agent, TeamId: c.Team, WorkflowId: c.Workflow, UserId: c.User,
		SessionId: c.Session, RunId: c.whereFilter.Run, Service: c.Service, Environment: c.Environment,
	}
}

func (c *tailCommand) tracesRequest(since string) *agenttrace.TailTracesRequest {
	return &agenttrace.TailTracesRequest{
		Since: since, Query: c.TraceQL, Name: c.Name, Failed: c.Failed, MinDuration: durationOf(c.MinDuration),
		AgentId: c.Agent, TeamId: c.Team, WorkflowId: c.Workflow, UserId: c.User,
		SessionId: c.Session, RunId: c.whereFilter.Run, Service: c.Service, Environment: c.Environment,
	}
}

// begin returns the cursor to go on from, empty for now.
func (c *tailCommand) begin() (string, error) {
	if c.Cursor != "" || c.CursorFile == "" {
		return c.Cursor, nil
	}
	data, err := os.ReadFile(c.CursorFile)
	if err != nil && !os.IsNotExist(err) {
		return "", usageErrorf("--cursor-file: %w", err)
	}
	cursor := strings.TrimSpace(string(data))
	if strings.ContainsFunc(cursor, notOfCursor) {
		return "", usageErrorf("--cursor-file: %s holds something else than a cursor, and would be written over: name another file", c.CursorFile)
	}
	return cursor, nil
}

// notOfCursor reports what no cursor has in it: they are words of one line, without
// quotes or brackets. It keeps other files, of JSON above all, from being taken for
// one of cursors.
func notOfCursor(r rune) bool {
	return r < ' ' || r > '~' || strings.ContainsRune("\"'{}[]()<>", r)
}

// keep writes the cursor down. It is there whole, or that of before is.
func (c *tailCommand) keep(cursor string) error {
	if c.CursorFile == "" || cursor == "" {
		return nil
	}
	next := c.CursorFile + ".new"
	if err := os.WriteFile(next, []byte(cursor+"\n"), 0o600); err != nil {
		return fmt.Errorf("--cursor-file: %w", err)
	}
	if err := os.Rename(next, c.CursorFile); err != nil {
		return fmt.Errorf("--cursor-file: %w", err)
	}
	return nil
}

// tailing is one tail on a terminal.
type tailing[T proto.Message] struct {
	app     *App
	command *tailCommand
	table   *shell.Table
	row     func(T) []shell.Cell

	fitted    bool
	connected bool // something has come since the connection broke last
	broken    bool // and the user knows
	count     int64
}

// follow prints events until the tail is over. That ctx ends is no error once the
// server has answered.
func follow[T proto.Message](ctx context.Context, t *tailing[T], events iter.Seq2[*agenttrace.TailEvent[T], error]) error {
	begun := false
	for event, err := range events {
		switch {
		case err != nil && begun && ctx.Err() != nil:
			return nil
		case err != nil:
			return withQuery(t.command.TraceQL, err)
		case event.Interrupted != nil && event.Interrupted.Lost && !begun && t.command.Cursor != "":
			return usageErrorf("--cursor: the server cannot go on from %q: it is none of its cursors, or what was stored behind it has been removed; leave it out to begin with what is new", t.command.Cursor)
		}
		begun = begun || event.Interrupted == nil
		over, err := t.show(event)
		if err != nil || over {
			return err
		}
	}
	return nil
}

// show prints an event, and reports whether the tail is over.
func (t *tailing[T]) show(event *agenttrace.TailEvent[T]) (over bool, err error) {
	switch {
	case event.Interrupted != nil:
		t.interrupted(event.Interrupted)
		return false, nil
	case event.Dropped != nil:
		t.app.Note(shell.Line{}.Add(shell.Yellow, fmt.Sprintf("missed %s in %s: this reader was too slow; going on with what is new",
			draw.Count(event.Dropped.GetSpans())+" spans", draw.Count(event.Dropped.GetWrites())+" writes")))
	}
	t.arrived()
	items, over := t.within(event)
	t.count += int64(len(items))
	if err := t.print(items); err != nil {
		return true, err
	}
	return over, t.command.keep(event.Cursor)
}

// within returns the items of an event that are to be printed, and whether that is
// all. There are cursors only behind what was stored together: where one is kept,
// what came with the last item is printed too, since the next tail would miss it.
func (t *tailing[T]) within(event *agenttrace.TailEvent[T]) (items []T, over bool) {
	left := t.command.Limit - t.count
	switch {
	case t.command.Limit <= 0 || int64(len(event.Items)) < left:
		return event.Items, false
	case t.command.CursorFile != "":
		return event.Items, event.Cursor != ""
	}
	return event.Items[:left], true
}

// arrived says, the first time and after each interruption, that the server talks.
func (t *tailing[T]) arrived() {
	if !t.connected {
		text := "listening to " + t.app.Server + "; Ctrl-C ends"
		if t.broken {
			text = "connected again; nothing was missed"
		}
		t.app.Note(shell.Line{}.Add(shell.Dim, text))
	}
	t.connected, t.broken = true, false
}

// interrupted says that the connection broke: once, not at each attempt.
func (t *tailing[T]) interrupted(i *agenttrace.Interruption) {
	switch {
	case i.Lost:
		t.app.Note(shell.Line{}.Add(shell.Yellow, "the server cannot go on from where this was: what was stored meanwhile is missed; going on with what is new"))
	case !t.broken:
		reason := i.Err.Error()
		if call, ok := errors.AsType[*agenttrace.CallError](i.Err); ok {
			reason = call.Message
		}
		t.app.Note(shell.Line{}.Add(shell.Yellow, shell.Clean("not connected: "+reason+"; trying again")))
	}
	t.connected, t.broken = false, !i.Lost
}

// print prints items. The first ones set the widths of the columns.
func (t *tailing[T]) print(items []T) error {
	if t.app.JSON {
		for _, item := range items {
			if err := t.app.PrintJSON(item); err != nil {
				return err
			}
		}
		return nil
	}
	if len(items) == 0 {
		return nil
	}
	rows := make([][]shell.Cell, len(items))
	for i, item := range items {
		rows[i] = t.row(item)
	}
	var lines []shell.Line
	if !t.fitted {
		t.fitted = true
		t.table.Fit(rows, true)
		lines = append(lines, t.table.Head())
	}
	for _, row := range rows {
		lines = append(lines, t.table.Row(row))
	}
	return t.app.Print(lines...)
}
