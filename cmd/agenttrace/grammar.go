package main

import (
	"github.com/alecthomas/kong"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/moment"
)

// grammar is everything that can be typed: the flags that every command has, and
// the commands, in the order of --help.
type grammar struct {
	Globals `embed:""`

	Traces   tracesCommand   `cmd:"" group:"read" help:"List traces."`
	Trace    traceCommand    `cmd:"" group:"read" help:"Draw one trace as a tree with a waterfall."`
	Runs     runsCommand     `cmd:"" group:"read" help:"List runs of agents, teams and workflows."`
	Sessions sessionsCommand `cmd:"" group:"read" help:"List sessions."`
	Session  sessionCommand  `cmd:"" group:"read" help:"Show one session and its runs."`
	Usage    usageCommand    `cmd:"" group:"read" help:"Sum up calls, tokens and cost."`
	Query    queryCommand    `cmd:"" group:"read" help:"List the spans or traces that a TraceQL query selects."`
	Metrics  metricsCommand  `cmd:"" group:"read" help:"Draw time series that a TraceQL metrics query makes."`
	Tail     tailCommand     `cmd:"" group:"read" help:"Print spans or traces as they arrive."`

	Export exportCommand `cmd:"" group:"move" help:"Write traces to a file, as OpenTelemetry's own format."`
	Import importCommand `cmd:"" group:"move" help:"Send traces from files, or from Agno's tables, to the server."`

	Reprice    repriceCommand    `cmd:"" group:"care" help:"Compute stored costs again, with the prices of today."`
	Doctor     doctorCommand     `cmd:"" group:"care" help:"Check what usually goes wrong, and say how to mend it."`
	Completion completionCommand `cmd:"" group:"care" help:"Print the script that lets a shell complete commands and values."`
	Complete   completeCommand   `cmd:"" name:"__complete" hidden:"" passthrough:""`
	Version    versionCommand    `cmd:"" group:"care" help:"Print the version of this program."`
}

// Globals are the flags of every command. A flag wins over its variable, the
// variable over the default; an empty variable is as good as none.
type Globals struct {
	Server  string        `group:"global" variable:"AGENTTRACE_SERVER" default:"http://127.0.0.1:4317" placeholder:"URL" help:"The server: http://HOST:PORT or https://HOST:PORT. (AGENTTRACE_SERVER; default: ${default})"`
	Project string        `group:"global" variable:"AGENTTRACE_PROJECT" default:"default" placeholder:"NAME" help:"The project whose traces to look at. (AGENTTRACE_PROJECT; default: ${default})"`
	Token   string        `group:"global" variable:"AGENTTRACE_TOKEN" placeholder:"TOKEN" help:"Token that says who asks; better set by its variable, since others see command lines. (AGENTTRACE_TOKEN)"`
	Timeout moment.Length `group:"global" variable:"AGENTTRACE_TIMEOUT" default:"0s" placeholder:"TIME" help:"Longest time for the whole command, such as 30s; 0 for as long as it takes. (AGENTTRACE_TIMEOUT; default: ${default})"`
	GRPC    bool          `group:"global" name:"grpc" variable:"AGENTTRACE_GRPC" help:"Speak gRPC instead of Connect, for proxies that want it. (AGENTTRACE_GRPC)"`
	CA      string        `group:"global" name:"ca" variable:"AGENTTRACE_CA" placeholder:"FILE" help:"Trust the certificates in this PEM file, beside the system's. (AGENTTRACE_CA)"`

	JSON    bool `group:"output" name:"json" short:"j" help:"Print JSON, one object a line, as the API defines it."`
	NoColor bool `group:"output" name:"no-color" aliases:"no-colour" help:"No colours, also on a terminal; the variable NO_COLOR does the same."`
	Columns int  `group:"output" name:"width" placeholder:"COLUMNS" help:"Width of the output. Default: the terminal's; 120 into a pipe or file; the variable COLUMNS goes before both."`
	UTC     bool `group:"output" name:"utc" help:"Show and read times in UTC instead of the local time zone."`
}

// Titles of the flags that every command has.
const (
	titleServer = "The server"
	titleOutput = "Output"
)

// groups are the headings of --help.
func groups() kong.Option {
	return kong.ExplicitGroups([]kong.Group{
		{Key: "read", Title: "Reading"},
		{Key: "move", Title: "Moving traces"},
		{Key: "care", Title: "Looking after the server and this program"},
		{Key: "what", Title: "What to show"},
		{Key: "agno", Title: "Agno's tables"},
		{Key: "filter", Title: "Which ones (all that are given must hold)"},
		{Key: "global", Title: titleServer},
		{Key: "output", Title: titleOutput},
	})
}
