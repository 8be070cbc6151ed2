package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kong"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

const description = `Ask an agenttrace server what AI agents did: what went wrong, where the time and the money went, and who did what.

Exit codes: 0 done, 1 failed, 2 wrong usage or query, 3 not found, 4 server not reached or not in time, 5 not allowed, 130 interrupted.`

// run is the program. It returns the exit code. The first signal ends ctx.
func run(ctx context.Context, p process) int {
	var g grammar
	helped := false
	parser, err := newParser(&g, p.environ, p.stdout, func(int) { helped = true })
	if err != nil {
		fmt.Fprintf(p.stderr, "agenttrace: %v\n", err)
		return exitFailed
	}
	args := p.args
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if helped {
		return exitOK
	}
	app := newApp(g.Globals, p)
	if err != nil {
		app.complain(usageErrorf("%w (see %s --help)", err, whereOf(err)))
		return exitUsage
	}
	err = app.run(ctx, parsed)
	code := exitCode(ctx, err)
	if code != exitOK && code != exitInterrupted {
		app.complain(err)
	}
	return code
}

// run runs the command that was typed, within the time that it may take.
func (a *App) run(ctx context.Context, parsed *kong.Context) error {
	if a.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(a.Timeout))
		defer cancel()
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return a.explain(parsed.Run(a))
}

// complain prints what went wrong.
func (a *App) complain(err error) {
	var lines []shell.Line
	for i, line := range shell.CleanBlock(err.Error()) {
		if i > 0 {
			lines = append(lines, shell.Say(line))
			continue
		}
		lines = append(lines, shell.Line{{Text: "agenttrace: ", Style: shell.BoldRed}, {Text: line}})
	}
	a.Note(lines...)
}

// whereOf is the command whose help describes what was typed wrongly.
func whereOf(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil && wrong.Context.Selected() != nil {
		return "agenttrace " + wrong.Context.Selected().Name
	}
	return "agenttrace"
}

// newParser describes the grammar to kong. Kong could read the environment by
// itself, but from the process alone: hence a resolver.
func newParser(g *grammar, environ []string, stdout io.Writer, exit func(int)) (*kong.Kong, error) {
	fromEnvironment := kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		if name := f.Tag.Get("variable"); name != "" {
			if value := variable(environ, name); value != "" {
				return value, nil
			}
		}
		return nil, nil
	})
	return kong.New(g,
		kong.Name("agenttrace"),
		kong.Description(description),
		kong.Resolvers(fromEnvironment),
		kong.Help(printHelp),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.Writers(stdout, stdout),
		kong.Exit(exit),
		groups(),
	)
}
