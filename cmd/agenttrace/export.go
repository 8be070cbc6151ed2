package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/moment"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/transfer"
	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// exportCommand writes traces to a file.
type exportCommand struct {
	filter `embed:""`
	Name   string `group:"filter" placeholder:"NAME" help:"With this name, exactly."`
	Limit  int64  `short:"n" group:"filter" default:"0" placeholder:"N" help:"Most traces to export, the newest; 0 for all. Default: ${default}."`

	Output string `short:"o" group:"move" placeholder:"FILE" help:"The file to write; its name says the format: .otlp, .binpb, .pb or .jsonl, with .zst for zstd. Default: standard output."`
	Format string `group:"move" placeholder:"FORMAT" help:"otlp (protobuf), jsonl (OTLP's JSON, an object a line), or either with +zst for zstd; goes before the file's name. Default: otlp."`
	Resume bool   `group:"move" help:"Go on with an export to this file that was interrupted; begin where there is none."`
	Force  bool   `group:"move" help:"Replace the file, and an unfinished export to it."`
}

// Help is the text of --help.
func (exportCommand) Help() string {
	return `Writes traces as OpenTelemetry's own format: spans as they were received, byte for byte in protobuf. Flags select which; all that are given must hold. Newest first.

A file is there when all of it is; until then it is FILE.part. What was interrupted, by the server's end or this program's, goes on with --resume. docs/moving.md says more.

Examples:

    agenttrace export -o all.otlp.zst
    agenttrace export --since 7d --failed -o failed.jsonl
    agenttrace export -q '{ model:name = "gpt-5" }' -o gpt5.otlp --resume
    agenttrace export --session 4711 --format jsonl | jq .
`
}

// Run exports.
func (c *exportCommand) Run(ctx context.Context, app *App) error {
	x, err := c.export(app)
	if err != nil {
		return err
	}
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	x.Stream = client.ExportTraces
	working := app.Work("exporting")
	x.Progress = func(e transfer.Exported) { working.Say("exporting: " + exportedText(e, app.Zone)) }
	if c.Output == "" || c.Output == "-" {
		exported, err := x.To(ctx, app)
		working.Done()
		if err == nil {
			app.Note(lossLines(exported, x.Format)...)
			app.Note(shell.Say("Exported " + counted(exported) + "."))
		}
		return withQuery(c.Query, err)
	}
	exported, complete, err := x.File(ctx, c.Output, c.Resume, c.Force)
	working.Done()
	if err != nil {
		return withQuery(c.Query, c.unfinished(ctx, app, exported, err))
	}
	return c.report(app, exported, x.Format, complete)
}

// export checks the flags.
func (c *exportCommand) export(app *App) (*transfer.Export, error) {
	format, err := c.format(app)
	if err != nil {
		return nil, err
	}
	since, until, err := c.bounds(app)
	if err != nil {
		return nil, err
	}
	return &transfer.Export{
		Request: &agenttrace.ExportTracesRequest{
			AgentId: c.Agent, TeamId: c.Team, WorkflowId: c.Workflow, UserId: c.User,
			SessionId: c.Session, RunId: c.filter.Run, Service: c.Service, Environment: c.Environment, Name: c.Name,
			StartTime: since, EndTime: until, Failed: c.Failed, MinDuration: durationOf(c.MinDuration), MaxDuration: durationOf(c.MaxDuration),
			Query: c.Query, Limit: c.Limit,
		},
		Format: format, Asked: c.asked(app), Now: app.Now, Passing: mayPass,
	}, nil
}

func (c *exportCommand) format(app *App) (otlpfile.Format, error) {
	toFile := c.Output != "" && c.Output != "-"
	switch {
	case !toFile && (c.Resume || c.Force):
		return otlpfile.Format{}, usageErrorf("--resume and --force are for files: name one with -o FILE")
	case c.Resume && c.Force:
		return otlpfile.Format{}, usageErrorf("--resume goes on with an export and --force begins anew: give one of them")
	case c.Limit < 0:
		return otlpfile.Format{}, usageErrorf("-n %d: want 0 for all, or more", c.Limit)
	}
	format, known := otlpfile.FormatOf(c.Output)
	if c.Format != "" {
		var err error
		if format, err = otlpfile.ParseFormat(c.Format); err != nil {
			return format, usageErrorf("--format: %w", err)
		}
	} else if toFile && !known {
		return format, usageErrorf("the name %s says no format: end it with .otlp, .binpb, .pb or .jsonl (and .zst), or give --format", c.Output)
	}
	if !toFile && app.Watched && (!format.JSON || format.Zstd) {
		return format, usageErrorf("%s is not for a terminal: give -o FILE, --format jsonl, or send it into a pipe", format)
	}
	return format, nil
}

// asked is the question in words that stay the same: "two days ago" as well.
func (c *exportCommand) asked(app *App) string {
	failed := ""
	if c.Failed != nil {
		failed = fmt.Sprint(*c.Failed)
	}
	var words []string
	for _, word := range [...][2]string{
		{"server", app.Server}, {"project", app.Project}, {"agent", c.Agent}, {"team", c.Team}, {"workflow", c.Workflow}, {"user", c.User},
		{"session", c.Session}, {"run", c.filter.Run}, {"service", c.Service}, {"environment", c.Environment}, {"name", c.Name},
		{"since", c.Since.Text}, {"until", c.Until.Text}, {"failed", failed}, {"min-duration", lengthText(c.MinDuration)},
		{"max-duration", lengthText(c.MaxDuration)}, {"query", c.Query}, {"limit", countText(c.Limit)},
	} {
		if word[1] != "" {
			quoted, _ := json.Marshal(word[1]) // a text is always JSON
			words = append(words, word[0]+" "+string(quoted))
		}
	}
	return strings.Join(words, ", ")
}

func lengthText(d moment.Length) string {
	if d == 0 {
		return ""
	}
	return time.Duration(d).String()
}

func countText(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// mayPass reports whether the server may answer otherwise a little later.
func mayPass(err error) bool {
	call, ok := errors.AsType[*agenttrace.CallError](err)
	return ok && (agenttrace.IsUnavailable(err) || call.RetryAfter > 0 || call.Code == agenttrace.CodeAborted ||
		call.Code == agenttrace.CodeDataLoss || call.Code == agenttrace.CodeUnknown && !call.FromServer)
}

// unfinished says how to go on with an export that ended too early.
func (c *exportCommand) unfinished(ctx context.Context, app *App, e transfer.Exported, err error) error {
	if e.Bytes > 0 {
		app.Note(shell.Say(fmt.Sprintf("%s is not complete: %s are whole. The same command with --resume goes on.", shell.Clean(c.Output), counted(e))))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// report says what has been written.
func (c *exportCommand) report(app *App, e transfer.Exported, f otlpfile.Format, complete bool) error {
	if complete {
		app.Note(shell.Say(shell.Clean(c.Output) + " is complete already."))
		return nil
	}
	app.Note(lossLines(e, f)...)
	if app.JSON {
		e.Reached = 0 // of interest while it runs
		return app.printJSON(struct {
			File string `json:"file"`
			transfer.Exported
		}{c.Output, e})
	}
	return app.Print(shell.Say("Exported " + counted(e) + " to " + shell.Clean(c.Output) + "."))
}

func counted(e transfer.Exported) string {
	return fmt.Sprintf("%s, %s, %s", plural(e.Traces, "trace"), plural(e.Spans, "span"), sizeText(e.Bytes))
}

func exportedText(e transfer.Exported, zone *time.Location) string {
	text := counted(e)
	if e.Reached > 0 {
		text += ", back to " + time.Unix(0, e.Reached).In(zone).Format("2006-01-02 15:04")
	}
	return text
}

// lossLines say what JSON could not carry.
func lossLines(e transfer.Exported, f otlpfile.Format) (lines []shell.Line) {
	if e.Loss.Strings > 0 {
		lines = append(lines, shell.Say(fmt.Sprintf("JSON cannot hold %s that are not UTF-8: what is wrong in them is U+FFFD now. --format otlp keeps them.", plural(int64(e.Loss.Strings), "text"))))
	}
	if e.Loss.Fields > 0 {
		lines = append(lines, shell.Say(fmt.Sprintf("%s that OTLP's JSON does not know were left out. --format otlp keeps them.", plural(int64(e.Loss.Fields), "field"))))
	}
	return lines
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// sizeText is a number of bytes as people say it.
func sizeText(n int64) string {
	units := [...]string{"KiB", "MiB", "GiB", "TiB"}
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/(1<<10), 0
	for size >= 1<<10 && unit < len(units)-1 {
		size, unit = size/(1<<10), unit+1
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}
