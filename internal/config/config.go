package config

import (
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// EnvPrefix begins the name of every environment variable that is read.
const EnvPrefix = "AGENTTRACE"

// ErrHelp says that help was asked for and has been printed.
var ErrHelp = errors.New("help printed")

// The commands of the program.
const (
	CommandServe   = "serve"
	CommandMigrate = "migrate"
	CommandReprice = "reprice"
	CommandVersion = "version"
)

// Config is everything that can be set. Parse makes one; the zero value is not
// useful.
type Config struct {
	Listening `embed:"" group:"listen"`
	Database  `embed:"" group:"store"`
	Limits    `embed:"" group:"limits"`
	Queries   `embed:"" group:"queries"`
	Ingest    `embed:"" group:"ingest"`
	Settling  `embed:"" group:"settle"`
	Repricing `embed:"" group:"reprice"`
	Running   `embed:"" group:"run"`

	// Command is one of the Command constants.
	Command string `kong:"-"`
	// Commands has no values of its own: every flag goes with every command,
	// so that --help shows them all.
	Commands struct {
		Serve   struct{} `cmd:"" default:"1" help:"Run the server. This is what happens without a command."`
		Migrate struct{} `cmd:"" help:"Bring the schema of the database up to date, and exit."`
		Reprice struct{} `cmd:"" help:"Compute the costs of stored traces again, with the prices of today, and exit."`
		Version struct{} `cmd:"" help:"Print the version, and exit."`
	} `embed:""`
}

// Listening is where the server is reached.
type Listening struct {
	Listen   []string `default:"127.0.0.1:4317,127.0.0.1:4318" placeholder:"HOST:PORT" help:"Addresses to listen on, separated by commas; each serves everything. Default: ${default}, where OpenTelemetry exporters look first."`
	TLSCert  string   `name:"tls-cert" placeholder:"FILE" help:"Certificate chain in PEM; turns TLS on for every address. Default: none."`
	TLSKey   string   `name:"tls-key" placeholder:"FILE" help:"Private key of --tls-cert in PEM. Default: none."`
	Insecure bool     `help:"Listen also where other machines can reach the server, although it does not know yet who may do what. Default: off."`
}

// Database is where spans are kept, and for how long.
type Database struct {
	Store            Store    `default:"sqlite:agenttrace.db" placeholder:"STORE" help:"Where to keep spans: sqlite:PATH, a file that is made when absent, or postgres://USER:PASSWORD@HOST:PORT/DATABASE. Default: ${default}, in the working directory."`
	SkipMigrations   bool     `help:"Open the database as it is: the migrate command has been run apart. Default: off."`
	Retention        Duration `default:"0s" placeholder:"TIME" help:"Remove whole UTC days older than this, such as 30d; 0 keeps everything. Default: ${default}."`
	ReadConnections  int      `default:"8" placeholder:"N" help:"Database connections that questions share. Default: ${default}."`
	WriteConnections int      `default:"0" placeholder:"N" help:"Database connections that write; 0 stands for one for each shard and two for settling. PostgreSQL only: SQLite has one writer. Default: ${default}."`
	StatementTimeout Duration `default:"1m" placeholder:"TIME" help:"How long PostgreSQL may compute one answer; streams of spans have no limit. Default: ${default}."`
}

// Limits is what the server refuses.
type Limits struct {
	MaxPast         Duration `default:"366d" placeholder:"TIME" help:"Refuse spans that started longer ago than this, or than --retention. Default: ${default}."`
	MaxFuture       Duration `default:"24h" placeholder:"TIME" help:"Refuse spans that start further ahead than this. Default: ${default}."`
	MaxMessageBytes Size     `default:"64MiB" placeholder:"SIZE" help:"Largest request, decompressed. Default: ${default}."`
	MaxSpanBytes    Size     `default:"16MiB" placeholder:"SIZE" help:"Largest span; a larger one is refused alone. Default: ${default}."`
	MaxTraceBytes   Size     `default:"32MiB" placeholder:"SIZE" help:"Largest answer of GetTrace and ListSpans, and largest content of a trace that a query looks into; larger traces are read with StreamTrace. Default: ${default}."`
	MaxTraceSpans   int      `default:"50000" placeholder:"N" help:"Most spans in an answer of GetTrace, and of a trace that a query looks into. Default: ${default}."`
	MaxInflight     Size     `name:"max-inflight-bytes" default:"256MiB" placeholder:"SIZE" help:"Most bytes of OTLP requests in memory at once; above, senders are told to come back. Default: ${default}."`
	ReadTimeout     Duration `default:"30s" placeholder:"TIME" help:"Longest time for an answer that is not a stream. Default: ${default}."`
	WriteTimeout    Duration `default:"60s" placeholder:"TIME" help:"Longest time from the first byte of a request with spans to its answer. Default: ${default}."`
	StallTimeout    Duration `default:"60s" placeholder:"TIME" help:"How long a client may leave an answer lying before its connection is cut. Default: ${default}."`
}

// Queries is what one query may cost. MaxTraceBytes and MaxTraceSpans bound the
// traces that it looks into.
type Queries struct {
	MaxQueryRange  Duration `default:"0s" placeholder:"TIME" help:"Longest range of time that a query may ask for; 0 for any. Default: ${default}."`
	MaxQueryTraces int      `default:"100000" placeholder:"N" help:"Most traces that a query may look into; streams have no such limit. Default: ${default}."`
	MaxQueryBytes  Size     `default:"4GiB" placeholder:"SIZE" help:"Most content, decompressed, that a query may look into; streams have no such limit. Default: ${default}."`
	MaxQuerySeries int      `default:"1000" placeholder:"N" help:"Most series in the answer to a metrics query. Default: ${default}."`
	MaxQueryPoints int      `default:"100000" placeholder:"N" help:"Most points in the answer to a metrics query, all series together. Default: ${default}."`
	QueryTimeout   Duration `default:"10m" placeholder:"TIME" help:"Longest time for a stream that searches; --read-timeout bounds the other calls. Default: ${default}."`
}

// Ingest is how spans are gathered into transactions.
type Ingest struct {
	Shards        int      `default:"0" placeholder:"N" help:"Batches that are filled and committed side by side; 0 stands for one with SQLite, with PostgreSQL for one for each processor and at most eight. Default: ${default}."`
	BatchSpans    int      `default:"4096" placeholder:"N" help:"Most spans in one transaction. Default: ${default}."`
	BatchBytes    Size     `default:"16MiB" placeholder:"SIZE" help:"Most bytes in one transaction; a larger span is committed alone. Default: ${default}."`
	BatchLinger   Duration `default:"0s" placeholder:"TIME" help:"How long a batch that is not full waits for more; without, batches fill while the one before is written. Default: ${default}."`
	CommitTimeout Duration `default:"30s" placeholder:"TIME" help:"How long one transaction may take before its senders are told to come back. Default: ${default}."`
	QueueSpans    int      `default:"65536" placeholder:"N" help:"Most spans that wait for their commit; above, senders are told to come back. Default: ${default}."`
	QueueBytes    Size     `default:"256MiB" placeholder:"SIZE" help:"Most bytes that wait for their commit. Default: ${default}."`
}

// Settling is how whole traces are worked out: their runs, usage and cost.
type Settling struct {
	SettleAfter  Duration `default:"10s" placeholder:"TIME" help:"How long a trace must have got no span before it settles. Default: ${default}."`
	SettleAtMost Duration `default:"5m" placeholder:"TIME" help:"After how long a trace settles that never rests. Default: ${default}."`
	Prices       string   `placeholder:"FILE" help:"Prices of your own, a JSON file, which come before the built-in ones; see docs/pricing.md. Default: none."`
}

// Repricing is what the reprice command looks at.
type Repricing struct {
	RepriceProject string `default:"default" placeholder:"PROJECT" help:"Project whose traces the reprice command looks at. Default: ${default}."`
	RepriceFrom    Time   `placeholder:"TIME" help:"The reprice command looks at traces that started then or later: 2026-03-14, 2026-03-14T15:00:00Z or, so long ago, 36h. Default: the first one."`
	RepriceUntil   Time   `placeholder:"TIME" help:"The reprice command looks at traces that started before then. Default: now."`
}

// Running is how the process behaves.
type Running struct {
	ShutdownTimeout Duration `default:"25s" placeholder:"TIME" help:"How long the first signal waits for requests and the queue before the server ends. Default: ${default}."`
	Demo            bool     `help:"Feed the server with made-up agent runs: a day of history, then live ones. Default: off."`
	LogLevel        string   `default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Least severe message to log, on standard error: ${enum}. Default: ${default}."`
	LogFormat       string   `default:"text" enum:"text,json" placeholder:"FORMAT" help:"Format of the log: ${enum}. Default: ${default}."`
}

// Parse reads flags and environment variables (environ is as os.Environ returns
// it), and checks every value. Help goes to stdout; then the error is ErrHelp.
func Parse(args, environ []string, stdout io.Writer) (*Config, error) {
	c := new(Config)
	helped := false
	parser, err := newParser(c, environ, stdout, func(int) { helped = true })
	if err != nil {
		return nil, fmt.Errorf("describe flags: %w", err)
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil, ErrHelp
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, whereToLook(environ))
	}
	c.Command = parsed.Command()
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// newParser describes the flags to kong. Kong could read the environment by
// itself, but repeats the text of a variable that it cannot use, which may hold
// the password of a database: hence a resolver.
func newParser(c *Config, environ []string, stdout io.Writer, exit func(int)) (*kong.Kong, error) {
	variables := settingsOf(environ)
	fromEnvironment := kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		if value := variables[Variable(f.Name)]; value != "" {
			return value, nil
		}
		return nil, nil
	})
	return kong.New(c,
		kong.Name("server"),
		kong.Description("agenttrace keeps the OpenTelemetry spans of AI agents and answers questions about them."+
			" Every flag has an environment variable: --max-past is "+Variable("max-past")+"."),
		kong.Resolvers(fromEnvironment),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(stdout, stdout),
		kong.Exit(exit),
		kong.ExplicitGroups([]kong.Group{
			{Key: "listen", Title: "Listening"},
			{Key: "store", Title: "Storage"},
			{Key: "limits", Title: "Limits (sizes such as 64MiB, times such as 36h or 30d)"},
			{Key: "queries", Title: "What one query may cost"},
			{Key: "ingest", Title: "Batches and queue"},
			{Key: "settle", Title: "Settling: runs, usage, cost"},
			{Key: "reprice", Title: "The reprice command"},
			{Key: "run", Title: "Running"},
		}),
	)
}
