package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/doctor"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
	"github.com/agenttrace/agenttrace/internal/obs"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// doctorCommand checks what usually goes wrong.
type doctorCommand struct {
	Send bool `help:"Also send a test span to where exporters of this environment would, by OTLP/HTTP and OTLP/gRPC, into the project doctor, and read it back."`
}

// Help is the text of --help.
func (doctorCommand) Help() string {
	return `Checks what usually goes wrong between an agent and its traces, in this order: the way to the server, its version, clocks, database, schema, partitions, retention, disk, queue; then what an exporter would make of the OTEL_ variables of this environment. Says for each how to mend it. Run it where the agent runs, with the agent's variables.

Nothing is changed; only --send stores two spans, in a project of their own. The exit code is 0 when nothing has failed, warnings included, and 1 otherwise. With --json, each check is a line: check, state (ok, warning, failure, skipped), says, mend.

Examples:

    agenttrace doctor
    agenttrace doctor --send
    agenttrace doctor --server https://traces.example.com --json | jq -c 'select(.state != "ok")'
`
}

// Run makes the checks.
func (c *doctorCommand) Run(ctx context.Context, app *App) error {
	config := doctor.Config{
		Server: app.Server, Project: app.Project, Send: c.Send, Now: app.Now,
		Version: obs.ReadBuild(version).Version, Environ: app.Environ,
		Client: func(project string) (*agenttrace.Client, error) {
			in := *app
			in.Project = project
			return in.Client(agenttrace.WithRetries(0))
		},
	}
	if app.CA != "" {
		trust, err := trusting(app.CA)
		if err != nil {
			return err
		}
		config.Trust = trust
	}
	counts := map[doctor.State]int{}
	err := doctor.Examine(ctx, config, func(f doctor.Finding) error {
		counts[f.State]++
		if app.JSON {
			return app.printJSON(f)
		}
		return app.Print(findingLines(f, app.Width)...)
	})
	if err != nil {
		return err
	}
	return app.conclude(counts)
}

// conclude says what all checks together mean.
func (a *App) conclude(counts map[doctor.State]int) error {
	failures, warnings := counts[doctor.Failure], counts[doctor.Warning]
	if failures > 0 {
		return &exitError{code: exitFailed, err: fmt.Errorf("%s", countOf(failures, "check")+" failed"+
			map[bool]string{true: "", false: fmt.Sprintf(", %d more with a warning", warnings)}[warnings == 0])}
	}
	if a.JSON {
		return nil
	}
	line := shell.Line{}.Add(shell.Green, "All is well.")
	if warnings > 0 {
		line = shell.Line{}.Add(shell.Yellow, "It works; "+countOf(warnings, "warning")+".")
	}
	return a.Print(nil, line)
}

func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// isCommand reports whether a step is to be typed as it stands.
func isCommand(step string) bool {
	return strings.HasPrefix(step, "export ") || strings.HasPrefix(step, "unset ")
}

// marks are how findings begin.
var marks = map[doctor.State]shell.Piece{
	doctor.OK:      {Text: "✓", Style: shell.Green},
	doctor.Warning: {Text: "!", Style: shell.Yellow},
	doctor.Failure: {Text: "✗", Style: shell.BoldRed},
	doctor.Skipped: {Text: "·", Style: shell.Dim},
}

// checkWidth is that of the column with the names of checks.
const checkWidth = 17

// findingLines draws a finding: mark, check, what was found, and below how to mend
// it.
func findingLines(f doctor.Finding, width int) []shell.Line {
	indent := 2 + checkWidth + 2
	if width < 60 { // the text needs the place
		indent = 4
	}
	head := shell.Line{marks[f.State]}.Add(shell.Plain, " ").Add(shell.Bold, f.Check)
	var lines []shell.Line
	if indent == 4 {
		lines = append(lines, head)
		head = nil
	}
	for _, text := range shell.Wrap(shell.Clean(f.Says), width-indent) {
		lines = append(lines, head.Pad(indent).Add(shell.Plain, text))
		head = nil
	}
	for _, step := range f.Mend {
		first := "→ "
		if isCommand(step) { // to be copied as it is
			lines = append(lines, shell.Line{}.Pad(indent).Add(shell.Cyan, first).Add(shell.Plain, shell.Clean(step)))
			continue
		}
		for _, text := range shell.Wrap(shell.Clean(step), width-indent-2) {
			lines = append(lines, shell.Line{}.Pad(indent).Add(shell.Cyan, first).Add(shell.Plain, text))
			first = "  "
		}
	}
	return lines
}
