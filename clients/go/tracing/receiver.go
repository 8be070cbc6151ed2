package tracing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
	"github.com/agenttrace/agenttrace/clients/go/tracing/export/otlp"
)

// projectHeader says which project of a server spans are for.
const projectHeader = "agenttrace-project"

// tracesPath ends addresses that are whole already.
const tracesPath = "/v1/traces"

// check refuses options that make no sense.
func (c *setupChoice) check() error {
	var wrong []error
	for _, o := range []struct {
		name  string
		value *int
	}{{"MaxQueueSize", c.maxQueue}, {"MaxExportBatchSize", c.maxBatch}} {
		if o.value != nil && *o.value <= 0 {
			wrong = append(wrong, fmt.Errorf("option %s is %d; it must be a number of spans above 0", o.name, *o.value))
		}
	}
	if c.delay != nil && *c.delay <= 0 {
		wrong = append(wrong, fmt.Errorf("option ScheduleDelay is %v; it must be above 0", *c.delay))
	}
	if c.maxImage < 0 {
		wrong = append(wrong, fmt.Errorf("option Base64ImageMaxLength is %d; it must be a number of characters", c.maxImage))
	}
	for _, name := range slices.Sorted(maps.Keys(c.headers)) {
		if err := otlp.CheckHeader(name, c.headers[name]); err != nil {
			wrong = append(wrong, fmt.Errorf("option Headers or Token: %w", err))
		}
	}
	for i, e := range c.exporters {
		if e == nil {
			wrong = append(wrong, fmt.Errorf("option Exporter, number %d, is nil", i+1))
		}
	}
	for i, p := range c.processors {
		if p == nil {
			wrong = append(wrong, fmt.Errorf("option Processor, number %d, is nil", i+1))
		}
	}
	return errors.Join(wrong...)
}

// processorsFor starts everything that is to get the spans.
func (c *setupChoice) processorsFor(ctx context.Context) (all []*attached, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, a := range all {
			if !a.foreign { // What was just made has nothing to deliver.
				err = errors.Join(err, a.Shutdown(ctx))
			}
		}
		all = nil
	}()
	options := c.exportOptions()
	if c.env.OTLP {
		p, err := c.otlpProcessor(ctx, options)
		if err != nil {
			return all, err
		}
		all = append(all, &attached{SpanProcessor: p})
	}
	options.SpillDir = "" // It is for what is written as OTLP.
	for _, e := range c.exporters {
		p, err := export.NewFor(ctx, e, options)
		if err != nil {
			return all, err
		}
		all = append(all, &attached{SpanProcessor: p})
	}
	for _, p := range c.processors {
		all = append(all, &attached{SpanProcessor: p, foreign: true})
	}
	return all, nil
}

func (c *setupChoice) exportOptions() export.Options {
	return export.Options{
		MaxQueueSize:       or(c.maxQueue, c.env.MaxQueueSize),
		MaxExportBatchSize: or(c.maxBatch, c.env.MaxExportBatchSize),
		ScheduleDelay:      or(c.delay, c.env.ScheduleDelay),
		NoBatch:            !or(c.batch, true),
		ExportTimeout:      c.env.ExportTimeout,
		SpillDir:           c.spillDirectory,
		Log:                c.log,
	}
}

// or returns what an option chose, or else what the environment says.
func or[T int | bool | time.Duration](option *T, otherwise T) T {
	if option != nil {
		return *option
	}
	return otherwise
}

func (c *setupChoice) otlpProcessor(ctx context.Context, options export.Options) (*export.Processor, error) {
	config, err := otlp.FromEnvironment(c.getenv)
	if err != nil {
		return nil, err
	}
	from := "OTEL_EXPORTER_OTLP_ENDPOINT"
	if config.TracesEndpoint != "" {
		from = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	}
	if c.endpoint != "" {
		from = "option Endpoint"
		config.Endpoint, config.TracesEndpoint = c.endpoint, ""
		if strings.HasSuffix(strings.TrimRight(c.endpoint, "/"), tracesPath) {
			config.TracesEndpoint = c.endpoint
		}
	}
	if config.Timeout == 0 {
		config.Timeout = c.env.ExportTimeout
	}
	for name, value := range c.headers {
		config.Headers = withHeader(config.Headers, name, value)
	}
	if c.project != "" {
		config.Headers = withHeader(config.Headers, projectHeader, c.project)
	}
	sender, err := otlp.New(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return export.New(ctx, sender, options)
}

// withHeader sets a header, in whatever case it was set before.
func withHeader(headers map[string]string, name, value string) map[string]string {
	set := make(map[string]string, len(headers)+1)
	for n, v := range headers {
		if !strings.EqualFold(n, name) {
			set[n] = v
		}
	}
	set[name] = value
	return set
}

// resource describes the program: by the SDK, by the environment, by options; the
// later ones win.
func (c *setupChoice) resource(ctx context.Context) (*resource.Resource, error) {
	described, err := resource.New(context.WithoutCancel(ctx),
		resource.WithTelemetrySDK(),
		resource.WithService(),
		resource.WithAttributes(c.env.Resource...),
	)
	if err != nil {
		return nil, fmt.Errorf("describing the program: %w", err)
	}
	if c.service == "" {
		return described, nil
	}
	return resource.Merge(described, resource.NewSchemaless(attribute.String("service.name", c.service)))
}
