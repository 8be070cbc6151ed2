package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// last names the newest trace or session.
const last = "last"

// traceCommand draws one trace.
type traceCommand struct {
	ID string `arg:"" help:"Id of the trace, 32 hex digits, or of a run in it; last for the newest trace."`

	Content bool `short:"c" group:"what" help:"Show what went in and out: messages, arguments, results."`
	Lines   int  `group:"what" default:"12" placeholder:"N" help:"Most lines of each text with --content; 0 for all. Default: ${default}."`
	Depth   int  `group:"what" placeholder:"N" help:"Show N levels of spans. Default: all."`
	Limit   int  `short:"n" group:"what" default:"200" placeholder:"N" help:"Most spans to show; of a larger trace its failures and its upper part are, and 0 shows all. Default: ${default}."`
}

// Help is the text of --help.
func (traceCommand) Help() string {
	return `Draws a trace: its spans as a tree, when each ran, how long it took, its tokens and cost, and the error where it started.

Spans that are left out are counted where they would stand. With --json the first line is the trace, and each line after it a span, complete and in the order in which the server has them.

Examples:

    agenttrace trace last
    agenttrace trace last --content
    agenttrace trace 5b8efff798038103d269b633813fc60c --depth 2
    agenttrace trace last --json | jq -c 'select(.failed) | .error'
`
}

// Validate refuses numbers that are none of spans, levels or lines.
func (c *traceCommand) Validate() error {
	if c.Limit < 0 || c.Depth < 0 || c.Lines < 0 {
		return errors.New("--limit, --depth and --lines must be 0 or more")
	}
	return nil
}

// Run draws the trace.
func (c *traceCommand) Run(ctx context.Context, app *App) error {
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	id, err := c.find(ctx, client)
	if err != nil {
		return err
	}
	working := app.Work("reading the trace")
	defer working.Done()
	var trace *agenttrace.Trace
	var spans []*agenttrace.Span
	for part, err := range client.StreamTrace(ctx, &agenttrace.StreamTraceRequest{TraceId: id}) {
		if err != nil {
			return err
		}
		if part.GetTrace() != nil {
			trace = part.GetTrace()
		}
		if app.JSON {
			if err := app.printPart(part); err != nil {
				return err
			}
			continue
		}
		for _, span := range part.GetSpans() {
			spans = append(spans, c.lighten(span))
		}
		working.Say(fmt.Sprintf("reading the trace: %d of %d spans", len(spans), trace.GetSpanCount()))
	}
	working.Done()
	if app.JSON {
		return nil
	}
	o := app.drawing()
	o.Content, o.MaxLines, o.MaxDepth, o.MaxSpans = c.Content, c.Lines, c.Depth, c.Limit
	return app.Print(draw.Trace(trace, spans, o)...)
}

// printPart prints what a message of a stream brings.
func (a *App) printPart(part *agenttrace.StreamTraceResponse) error {
	if part.GetTrace() != nil {
		if err := a.PrintJSON(part.GetTrace()); err != nil {
			return err
		}
	}
	for _, span := range part.GetSpans() {
		if err := a.PrintJSON(span); err != nil {
			return err
		}
	}
	return nil
}

// lighten drops what is not drawn: a trace of 30,000 spans has a hundred megabytes
// of messages.
func (c *traceCommand) lighten(s *agenttrace.Span) *agenttrace.Span {
	s.Attributes, s.Events, s.Links, s.Resource, s.Scope = nil, nil, nil, nil, nil
	if c.Content {
		return s
	}
	s.Input, s.Output = nil, nil
	if m := s.GetModelCall(); m != nil {
		m.InputMessages, m.OutputMessages, m.InvocationParameters = nil, nil, ""
	}
	if t := s.GetToolUse(); t != nil {
		t.Arguments, t.Result, t.Description = "", "", ""
	}
	return s
}

// find returns the id of the trace that was named: by its own id, by that of a run,
// or as the newest.
func (c *traceCommand) find(ctx context.Context, client *agenttrace.Client) (string, error) {
	req := &agenttrace.ListTracesRequest{PageSize: 1}
	switch {
	case c.ID == last:
	case isTraceID(c.ID):
		found, err := client.ListSpans(ctx, &agenttrace.ListSpansRequest{TraceId: c.ID, PageSize: 1})
		if err != nil || len(found.GetSpans()) > 0 {
			return c.ID, err
		}
		req.RunId = c.ID // some ids of runs look like those of traces
	default:
		req.RunId = c.ID
	}
	found, err := client.ListTraces(ctx, req)
	switch {
	case err != nil:
		return "", err
	case len(found.GetTraces()) > 0:
		return found.GetTraces()[0].GetTraceId(), nil
	case c.ID == last:
		return "", notFoundErrorf("there are no traces yet")
	case isTraceID(c.ID):
		return "", notFoundErrorf("no trace and no run has the id %s", c.ID)
	}
	return "", notFoundErrorf("no run has the id %s, and a trace's has 32 hex digits, as \"agenttrace traces\" prints it", c.ID)
}

func isTraceID(s string) bool {
	if len(s) != 32 {
		return false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F') {
			return false
		}
	}
	return true
}
