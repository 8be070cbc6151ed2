package main

import (
	"context"
	"slices"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// usageCommand sums up usage and cost.
type usageCommand struct {
	By    []string `group:"what" enum:"project,agent,team,workflow,session,user,model,provider,tool,service,environment,run,day,hour,none" default:"model" placeholder:"FIELD" help:"What tells rows apart, separated by commas: project, agent, team, workflow, session, user, model, provider, tool, service, environment, run, day, hour, none. Days and hours are in UTC. Default: ${default}."`
	Order string   `group:"what" enum:"auto,cost,tokens,calls,failures,labels" default:"auto" placeholder:"ORDER" help:"Which rows come first, and what bars show: auto, cost, tokens, calls, failures, labels; auto is cost, or labels for days and hours. Default: ${default}."`
	Limit int32    `short:"n" group:"what" default:"40" placeholder:"N" help:"Most rows; 0 for all. Default: ${default}."`

	whoFilter   `embed:""`
	whereFilter `embed:""`
	whenFilter  `embed:""`
	Model       string `group:"filter" placeholder:"NAME" help:"Calls of this model."`
	Provider    string `group:"filter" placeholder:"NAME" help:"Calls of models of this provider."`
	Tool        string `group:"filter" placeholder:"NAME" help:"Calls of this tool, and of models in it."`
	Query       string `group:"filter" short:"q" placeholder:"TRACEQL" help:"Calls that this TraceQL query selects; it takes longer, since traces are read."`

	Unpriced bool `group:"what" help:"List the models that no price is known of, and nothing else; see docs/pricing.md."`
}

// Help is the text of --help.
func (usageCommand) Help() string {
	return `Sums up calls of models and tools, tokens and money. Each call is in one row exactly, so that rows add up to the total. IN holds the tokens that were read from a cache, which CACHED has, too. A cost that begins with ≥ is incomplete: some calls have no price.

Examples:

    agenttrace usage
    agenttrace usage --by agent,model --since 7d
    agenttrace usage --by day --since 30d
    agenttrace usage --by user --order tokens -n 10 --json
    agenttrace usage -q '{ type = llm && duration > 5s }'
    agenttrace usage --unpriced
`
}

// Run sums up.
func (c *usageCommand) Run(ctx context.Context, app *App) error {
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	if c.Unpriced {
		return c.listUnpriced(ctx, app, client)
	}
	req, err := c.request(app)
	if err != nil {
		return err
	}
	rows, total, count, err := c.ask(ctx, app, client, req)
	if err != nil {
		return withQuery(c.Query, err)
	}
	switch {
	case app.JSON:
		for _, row := range rows {
			if err := app.PrintJSON(row); err != nil {
				return err
			}
		}
		return nil
	case count == 0 || len(rows) == 0:
		app.Note(shell.Say("No calls of models or tools found. They count when their trace has settled, some seconds after its last span."))
		return nil
	}
	return app.Print(draw.Usage(rows, total, count, draw.UsageOptions{Width: app.Width, Zone: app.Zone, Order: req.OrderBy})...)
}

// ask reads the rows that are to be shown, page by page.
func (c *usageCommand) ask(ctx context.Context, app *App, client *agenttrace.Client, req *agenttrace.QueryUsageRequest) (rows []*agenttrace.UsageRow, total *agenttrace.UsageRow, count int64, err error) {
	working := app.Work("summing up")
	defer working.Done()
	for {
		page, err := client.QueryUsage(ctx, req)
		if err != nil {
			return nil, nil, 0, err
		}
		rows, total, count = append(rows, page.GetRows()...), page.GetTotal(), page.GetRowCount()
		if c.Limit > 0 && len(rows) >= int(c.Limit) {
			return rows[:c.Limit], total, count, nil
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			return rows, total, count, nil
		}
	}
}

// mostUsagePage is how many rows one page may have.
const mostUsagePage = 10_000

func (c *usageCommand) request(app *App) (*agenttrace.QueryUsageRequest, error) {
	since, until, err := c.bounds(app)
	if err != nil {
		return nil, err
	}
	req := &agenttrace.QueryUsageRequest{
		AgentId: c.Agent, TeamId: c.Team, WorkflowId: c.Workflow, UserId: c.User,
		SessionId: c.Session, RunId: c.whereFilter.Run, Service: c.Service, Environment: c.Environment,
		Model: c.Model, Provider: c.Provider, ToolName: c.Tool, StartTime: since, EndTime: until, Query: c.Query,
		OrderBy: usageOrders[c.Order], PageSize: min(c.Limit, mostUsagePage),
	}
	if c.Limit == 0 {
		req.PageSize = mostUsagePage
	}
	if c.Order == "auto" && (slices.Contains(c.By, "day") || slices.Contains(c.By, "hour")) {
		req.OrderBy = agenttrace.UsageOrderLabels
	}
	if slices.Equal(c.By, []string{"none"}) {
		return req, nil
	}
	for _, word := range c.By {
		field, ok := usageFields[word]
		if !ok {
			return nil, usageErrorf("--by none cannot be combined with other fields")
		}
		req.GroupBy = append(req.GroupBy, field)
	}
	return req, nil
}

func (c *usageCommand) listUnpriced(ctx context.Context, app *App, client *agenttrace.Client) error {
	since, until, err := c.bounds(app)
	if err != nil {
		return err
	}
	found, err := client.ListUnpricedModels(ctx, &agenttrace.ListUnpricedModelsRequest{StartTime: since, EndTime: until})
	switch {
	case err != nil:
		return err
	case app.JSON:
		for _, m := range found.GetModels() {
			if err := app.PrintJSON(m); err != nil {
				return err
			}
		}
		return nil
	case len(found.GetModels()) == 0:
		app.Note(shell.Say("Every model that was called has a price."))
		return nil
	}
	return app.Print(draw.Unpriced(found.GetModels(), app.Width)...)
}

// usageOrders are the orders of usage by the words for them.
var usageOrders = map[string]agenttrace.UsageOrder{
	"auto": agenttrace.UsageOrderCost, "cost": agenttrace.UsageOrderCost, "tokens": agenttrace.UsageOrderTokens,
	"calls": agenttrace.UsageOrderCalls, "failures": agenttrace.UsageOrderFailures, "labels": agenttrace.UsageOrderLabels,
}

// usageFields are the fields of usage by the words for them.
var usageFields = map[string]agenttrace.UsageField{
	"project": agenttrace.UsageFieldProject, "agent": agenttrace.UsageFieldAgent, "team": agenttrace.UsageFieldTeam,
	"workflow": agenttrace.UsageFieldWorkflow, "session": agenttrace.UsageFieldSession, "user": agenttrace.UsageFieldUser,
	"model": agenttrace.UsageFieldModel, "provider": agenttrace.UsageFieldProvider, "tool": agenttrace.UsageFieldTool,
	"service": agenttrace.UsageFieldService, "environment": agenttrace.UsageFieldEnvironment, "run": agenttrace.UsageFieldRun,
	"day": agenttrace.UsageFieldDay, "hour": agenttrace.UsageFieldHour,
}
