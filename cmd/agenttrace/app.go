package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

// App is what every command gets beside its own flags: where to print, whom to
// ask, what time it is.
type App struct {
	// Terminal is where the command prints. Check what Print returns: an error
	// means that nobody reads any more.
	*shell.Terminal
	// Globals are the flags of every command.
	Globals
	// Now is the clock.
	Now func() time.Time
	// Zone is the time zone in which times are shown and read.
	Zone *time.Location
	// Stdin is what is piped into the command.
	Stdin io.Reader
	// Environ returns variables of the environment, empty for none.
	Environ func(name string) string
}

// newApp brings together what the flags and the process say.
func newApp(g Globals, p process) *App {
	environ := func(name string) string { return variable(p.environ, name) }
	return &App{
		Terminal: shell.NewTerminal(p.stdout, p.stderr, shell.Options{
			Width: g.Columns, NoColour: g.NoColor, Now: p.now,
			Environ: environ,
		}),
		Globals: g, Now: p.now, Zone: zoneOf(g, p.environ), Stdin: p.stdin, Environ: environ,
	}
}

// zoneOf is UTC if asked for, else what TZ says, else the machine's own zone.
func zoneOf(g Globals, environ []string) *time.Location {
	if g.UTC {
		return time.UTC
	}
	name := strings.TrimPrefix(variable(environ, "TZ"), ":")
	if name == "" {
		return time.Local
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.Local // as the Go runtime and most programs take it
	}
	return zone
}

// variable returns the last value of an environment variable, empty for none.
func variable(environ []string, name string) (value string) {
	for _, entry := range environ {
		if key, v, ok := strings.Cut(entry, "="); ok && key == name {
			value = v
		}
	}
	return value
}

// printJSON prints a value that is no message as one line of JSON.
func (a *App) printJSON(value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	_, err = a.Write(append(data, '\n'))
	return err
}

// drawing is how traces and lists are drawn.
func (a *App) drawing() draw.TraceOptions {
	return draw.TraceOptions{Width: a.Width, Zone: a.Zone}
}
