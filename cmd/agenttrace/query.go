package main

import (
	"context"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// queryCommand lists the spans that a query selects.
type queryCommand struct {
	TraceQL string `arg:"" name:"traceql" help:"The query, such as '{ type = tool && failed }'."`

	whenFilter `embed:""`
	Traces     bool   `group:"what" help:"List the traces in which the spans are, with the first spans of each."`
	Order      string `group:"what" enum:"newest,oldest" default:"newest" placeholder:"ORDER" help:"Which spans come first: newest, oldest. Default: ${default}."`
	listFlags  `embed:""`
}

// Help is the text of --help.
func (queryCommand) Help() string {
	return `Lists the spans that a TraceQL query selects, as they are found; docs/query.md describes the language. What the query names in select() has a column. A query with an aggregate, such as "| count() > 20", decides about whole traces: use --traces.

Examples:

    agenttrace query '{ type = tool && failed }' --since 1d
    agenttrace query '{ type = agent } >> { type = llm && duration > 2s } | select(session:id)'
    agenttrace query '{ content:input : "refund" }' --traces
    agenttrace query '{ type = llm }' -n 0 --json
`
}

// Run lists what the query selects.
func (c *queryCommand) Run(ctx context.Context, app *App) error {
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	since, until, err := c.bounds(app)
	if err != nil {
		return err
	}
	if c.Traces {
		traces := tracesCommand{filter: filter{whenFilter: c.whenFilter, howFilter: howFilter{Query: c.TraceQL}}, Matches: true, listFlags: c.listFlags}
		return traces.Run(ctx, app)
	}
	o := app.drawing()
	l := &list[*agenttrace.Span]{
		app: app, noun: "spans", limit: c.Limit, table: shell.NewTable(app.Width, draw.SpanColumns()...),
		row: func(s *agenttrace.Span) []shell.Cell { return draw.SpanRow(s, o) },
	}
	req := &agenttrace.StreamSpansRequest{Query: c.TraceQL, StartTime: since, EndTime: until, Limit: onMore(c.Limit)}
	if c.Order == "oldest" {
		req.OrderBy = agenttrace.SpanOrderOldestFirst
	}
	working := app.Work("searching")
	return withQuery(c.TraceQL, l.print(client.StreamSpans(ctx, req, l.searching(working)), working))
}
