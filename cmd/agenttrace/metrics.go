package main

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/moment"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// metricsCommand draws time series.
type metricsCommand struct {
	TraceQL string `arg:"" name:"traceql" help:"The metrics query, such as '{ type = llm } | rate() by (model:name)'."`

	Since  moment.Moment `group:"filter" placeholder:"TIME" help:"Begin of the range: 2h or 7d ago, 2026-03-14, '2026-03-14 15:00' or RFC 3339. Default: an hour before its end."`
	Until  moment.Moment `group:"filter" placeholder:"TIME" help:"End of the range, in the same forms. Default: now."`
	Step   moment.Length `group:"filter" placeholder:"TIME" help:"Length of a step, such as 5m. Default: a round length that makes about a hundred steps."`
	Charts bool          `group:"what" help:"Draw a chart of each series, however many there are."`
	Limit  int           `short:"n" group:"what" default:"20" placeholder:"N" help:"Most series to draw, those with the greatest values; 0 for all. Default: ${default}."`
}

// Help is the text of --help.
func (metricsCommand) Help() string {
	return `Draws time series of the spans that a TraceQL metrics query selects; docs/query.md describes the language. One or two series are drawn as charts, more as a table, each on its own scale (buckets of a histogram on one). Where there are more steps than columns, a column shows the greatest of its steps. With --json each line is a series.

Examples:

    agenttrace metrics '{ } | rate()'
    agenttrace metrics '{ type = llm } | sum_over_time(usage:cost) by (model:name)' --since 1d --step 1h
    agenttrace metrics '{ type = tool } | quantile_over_time(duration, .5, .95)' --since 2h
    agenttrace metrics '{ type = llm } | histogram_over_time(duration)' --since 1d
    agenttrace metrics '{ failed } | count_over_time() by (service)' --json
`
}

// Run draws the series.
func (c *metricsCommand) Run(ctx context.Context, app *App) error {
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	since, until, err := whenFilter{Since: c.Since, Until: c.Until}.bounds(app)
	if err != nil {
		return err
	}
	req := &agenttrace.QueryMetricsRequest{Query: c.TraceQL, StartTime: since, EndTime: until}
	if c.Step > 0 {
		req.Step = durationpb.New(time.Duration(c.Step))
	}
	working := app.Work("computing")
	found, err := client.QueryMetrics(ctx, req)
	working.Done()
	switch {
	case err != nil:
		return withQuery(c.TraceQL, err)
	case app.JSON:
		for _, series := range found.GetSeries() {
			if err := app.PrintJSON(series); err != nil {
				return err
			}
		}
		return nil
	case len(found.GetSeries()) == 0:
		app.Note(shell.Say("No spans found from " + draw.Time(found.GetStartTime(), app.Zone) + " to " + draw.Time(found.GetEndTime(), app.Zone) + ": --since looks further back."))
		return nil
	}
	return app.Print(draw.Metrics(found, draw.MetricsOptions{Width: app.Width, Zone: app.Zone, Query: c.TraceQL, Charts: c.Charts, Limit: c.Limit})...)
}
