package doctor

import (
	"context"
	"crypto/tls"
	"net/url"
	"time"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// Config says what to look at.
type Config struct {
	// Server is the address of the server as it was given.
	Server string
	// Project is the one that the caller looks at.
	Project string
	// Client returns a client of the server for a project.
	Client func(project string) (*agenttrace.Client, error)
	// Trust is what certificates are checked by; nil for the system's.
	Trust *tls.Config
	// Version is that of this program, "devel" where it has none.
	Version string
	// Environ returns the variables of the environment in which agents run, or
	// would.
	Environ func(name string) string
	// Send sends test spans to where exporters would.
	Send bool
	// Now is the clock of this machine.
	Now func() time.Time
	// Patience bounds each step that waits for somebody; 0 for DefaultPatience.
	Patience time.Duration
}

// DefaultPatience is how long a step waits for an answer.
const DefaultPatience = 5 * time.Second

// examination is one run of the doctor.
type examination struct {
	Config
	report func(Finding) error
	url    *url.URL
	status *agenttrace.GetStatusResponse // nil while there is none
	failed error                         // of report

	// ahead is how far the server's clock is ahead of ours, to within.
	ahead, within time.Duration
}

// Examine makes all checks, one after the other, and reports each as soon as it is
// made. It returns an error only when report did, or when ctx ended.
func Examine(ctx context.Context, c Config, report func(Finding) error) error {
	if c.Patience <= 0 {
		c.Patience = DefaultPatience
	}
	e := &examination{Config: c, report: report}
	e.server(ctx)
	e.sender(ctx)
	if e.failed == nil {
		e.failed = ctx.Err()
	}
	return e.failed
}

func (e *examination) say(ctx context.Context, f Finding) {
	if e.failed == nil && ctx.Err() == nil {
		e.failed = e.report(f)
	}
}

// server checks the way to the server and then, by its own word, how it is.
func (e *examination) server(ctx context.Context) {
	reached := e.address(ctx)
	e.say(ctx, reached)
	if reached.State == Failure {
		e.say(ctx, skipped("server", "Not asked: it cannot be reached. Version, clocks, database and the like are not checked."))
		return
	}
	answered := e.answers(ctx)
	e.say(ctx, answered)
	if e.status == nil {
		return
	}
	for _, check := range []func() Finding{
		e.version, e.clock, e.database, e.databaseClock, e.schema, e.partitions, e.acceptance, e.disk, e.ingest, e.settling,
	} {
		if f := check(); f.State != "" {
			e.say(ctx, f)
		}
	}
}
