package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/agenttrace/agenttrace/clients/go/tracing/internal/otelenv"
)

// Setup starts tracing: it makes a TracerProvider, sends its spans to where the
// OTEL_ variables say, or to an agenttrace on this machine, and makes the
// package's functions use it.
//
//	shutdown, err := tracing.Setup(ctx, tracing.ServiceName("weather"))
//	if err != nil { … }
//	defer shutdown(ctx)
//
// Where OpenTelemetry's global provider is one of its SDK already, nothing is
// replaced: the receivers are added to it, and get the same spans under the same
// ids as those that are there. Its limits, its resource and its sampler cannot be
// changed any more, which is logged. Any other provider that somebody set is an
// error; see [Provider].
//
// OTEL_SDK_DISABLED=true sets nothing up, and OTEL_TRACES_EXPORTER=none sends
// nothing but to the receivers that options name. The error names the variables
// and options that are wrong; that a receiver is away is none, and is logged.
//
// shutdown delivers what is held, for as long as its context lasts, or ten
// seconds where that has no deadline, and removes what Setup added. Its error has a
// [*Lost] for each receiver that did not get every span. It may be called more than
// once. Of ctx, only the values are used.
func Setup(ctx context.Context, options ...Option) (shutdown func(context.Context) error, err error) {
	c, err := setupFrom(os.Getenv, options)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	if c.env.Disabled {
		return func(context.Context) error { return nil }, nil
	}
	existing, err := c.existing()
	if err != nil {
		return nil, err
	}
	processors, err := c.processorsFor(ctx)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	a := &attachment{provider: existing, processors: processors}
	if existing == nil {
		if err := a.provide(ctx, c); err != nil {
			return nil, errors.Join(fmt.Errorf("tracing: %w", err), a.shutdown(ctx))
		}
	} else {
		a.attach(c)
	}
	a.tracer = newTracer(a.provider, c.choice)
	defaults.add(a)
	return a.shutdown, nil
}

// setupFrom reads the environment and applies the options.
func setupFrom(getenv func(string) string, options []Option) (*setupChoice, error) {
	c := &setupChoice{getenv: getenv}
	var wrongSwitch, wrongVariable error
	c.choice, wrongSwitch = choiceFrom(getenv)
	c.env, wrongVariable = otelenv.Read(getenv, spanLimits)
	if c.env.Disabled && wrongSwitch == nil {
		return c, nil
	}
	for _, o := range options {
		o.applySetup(c)
	}
	if c.log == nil {
		c.log = slog.Default()
	}
	return c, errors.Join(wrongSwitch, wrongVariable, c.check())
}

// spanLimits suit spans of models. OpenTelemetry's 128 attributes hold a
// conversation of about forty messages and cut the rest without a word; a length
// is not limited there, but a receiver refuses spans of many megabytes whole.
var spanLimits = sdktrace.SpanLimits{
	AttributeValueLengthLimit:   4 << 20,
	AttributeCountLimit:         1 << 16,
	EventCountLimit:             1024,
	LinkCountLimit:              1024,
	AttributePerEventCountLimit: 128,
	AttributePerLinkCountLimit:  128,
}

// existing returns the provider to attach to; nil for none.
func (c *setupChoice) existing() (*sdktrace.TracerProvider, error) {
	if c.provider != nil {
		if isShutDown(c.provider) {
			return nil, errors.New("tracing: the option Provider names a provider that was shut down")
		}
		return c.provider, nil
	}
	switch p := otel.GetTracerProvider().(type) {
	case *sdktrace.TracerProvider:
		if isShutDown(p) {
			return nil, nil
		}
		return p, nil
	case noop.TracerProvider, *noop.TracerProvider:
		return nil, nil
	default:
		// OpenTelemetry's own stand-in, until a provider is set, cannot be named.
		if name := fmt.Sprintf("%T", p); name != "*global.tracerProvider" {
			return nil, fmt.Errorf("tracing: the global TracerProvider is a %s, to which nothing can be added; "+
				"give the SDK's provider that is in it to Setup by the option Provider", name)
		}
		return nil, nil
	}
}

// isShutDown reports whether a provider makes no spans any more.
func isShutDown(p *sdktrace.TracerProvider) bool {
	_, nothing := p.Tracer(scopeName).(noop.Tracer)
	return nothing
}

// attachment is what one Setup added.
type attachment struct {
	provider   *sdktrace.TracerProvider
	owned      bool // the provider was made here
	processors []*attached
	tracer     *Tracer

	once sync.Once
	err  error
}

// provide makes a provider and lets everybody use it.
func (a *attachment) provide(ctx context.Context, c *setupChoice) error {
	described, err := c.resource(ctx)
	if err != nil {
		return err
	}
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(described),
		sdktrace.WithRawSpanLimits(c.env.Limits),
	}
	if c.sampler != nil {
		options = append(options, sdktrace.WithSampler(c.sampler))
	} else if c.env.Sampler != nil {
		options = append(options, sdktrace.WithSampler(c.env.Sampler))
	}
	for _, p := range a.processors {
		options = append(options, sdktrace.WithSpanProcessor(p))
	}
	a.provider, a.owned = sdktrace.NewTracerProvider(options...), true
	otel.SetTracerProvider(a.provider)
	return nil
}

// attach adds to a provider of somebody else.
func (a *attachment) attach(c *setupChoice) {
	for _, p := range a.processors {
		p.limitsOf(c.log)
		a.provider.RegisterSpanProcessor(p)
	}
	c.log.Info("tracing: attached to the TracerProvider that is there; its span limits, resource and sampler stay as they are")
	for _, o := range []struct {
		name string
		set  bool
	}{{"ServiceName", c.service != ""}, {"Sampler", c.sampler != nil}} {
		if o.set {
			c.log.Warn("tracing: option " + o.name + " has no effect: it is a matter of the TracerProvider, which was there before")
		}
	}
}

// shutdown delivers what is held and takes away what was added.
func (a *attachment) shutdown(ctx context.Context) error {
	a.once.Do(func() {
		if a.tracer != nil {
			defaults.remove(a)
		}
		for _, p := range a.processors {
			p.letGo.Store(!a.owned)
		}
		a.err = a.each(func(p *attached) error { return p.Shutdown(ctx) })
		switch {
		case a.owned:
			// All that could take time is over; a context that has ended would only
			// keep the provider from letting go.
			a.err = errors.Join(a.err, a.provider.Shutdown(context.WithoutCancel(ctx)))
		case a.provider != nil:
			for _, p := range a.processors {
				a.provider.UnregisterSpanProcessor(p)
			}
		}
	})
	return a.err
}

// each does something with all processors at once: they share the time that there
// is, so that one that hangs does not cost the others theirs.
func (a *attachment) each(do func(*attached) error) error {
	wrong := make([]error, len(a.processors))
	var all sync.WaitGroup
	for i, p := range a.processors {
		all.Go(func() { wrong[i] = do(p) })
	}
	all.Wait()
	return errors.Join(wrong...)
}
