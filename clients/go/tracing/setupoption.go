package tracing

import (
	"log/slog"
	"maps"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing/internal/otelenv"
)

// Option is an option of [Setup]. Options win over variables of the environment.
type Option interface {
	applySetup(s *setupChoice)
}

type setupOption func(*setupChoice)

func (o setupOption) applySetup(s *setupChoice) { o(s) }

// setupChoice is everything that options decide. What is nil or zero is left to
// the environment.
type setupChoice struct {
	choice
	env    otelenv.Settings
	getenv func(string) string

	service, project string
	endpoint         string
	headers          map[string]string

	batch          *bool
	maxQueue       *int
	maxBatch       *int
	delay          *time.Duration
	spillDirectory string

	provider   *sdktrace.TracerProvider
	sampler    sdktrace.Sampler
	exporters  []sdktrace.SpanExporter
	processors []sdktrace.SpanProcessor
	log        *slog.Logger
}

// ServiceName names the program that the spans come from. By default,
// OTEL_SERVICE_NAME does, or service.name in OTEL_RESOURCE_ATTRIBUTES.
func ServiceName(name string) Option {
	return setupOption(func(s *setupChoice) { s.service = name })
}

// Project sends the spans to a project of an agenttrace server, by the header
// agenttrace-project.
func Project(name string) Option {
	return setupOption(func(s *setupChoice) { s.project = name })
}

// Endpoint is where spans are sent to, such as http://127.0.0.1:4318. By default,
// OTEL_EXPORTER_OTLP_ENDPOINT and its relatives say.
func Endpoint(address string) Option {
	return setupOption(func(s *setupChoice) { s.endpoint = address })
}

// Headers are sent with every request, beside those of OTEL_EXPORTER_OTLP_HEADERS.
func Headers(headers map[string]string) Option {
	return setupOption(func(s *setupChoice) {
		if s.headers == nil {
			s.headers = make(map[string]string, len(headers))
		}
		maps.Copy(s.headers, headers)
	})
}

// Token is sent as "Authorization: Bearer …" with every request.
func Token(token string) Option {
	return Headers(map[string]string{"authorization": "Bearer " + token})
}

// BatchProcessing says whether spans wait for others to share a request; true by
// default. With false each is sent as soon as the receiver is free. Neither ever
// blocks the agent.
func BatchProcessing(on bool) Option {
	return setupOption(func(s *setupChoice) { s.batch = &on })
}

// MaxQueueSize is how many spans are held in memory at most. By default,
// OTEL_BSP_MAX_QUEUE_SIZE says.
func MaxQueueSize(spans int) Option {
	return setupOption(func(s *setupChoice) { s.maxQueue = &spans })
}

// MaxExportBatchSize is how many spans go into one request at most. By default,
// OTEL_BSP_MAX_EXPORT_BATCH_SIZE says.
func MaxExportBatchSize(spans int) Option {
	return setupOption(func(s *setupChoice) { s.maxBatch = &spans })
}

// ScheduleDelay is how long a span waits at most for others to share its request.
// By default, OTEL_BSP_SCHEDULE_DELAY says, in milliseconds.
func ScheduleDelay(d time.Duration) Option {
	return setupOption(func(s *setupChoice) { s.delay = &d })
}

// SpillDirectory is a folder where spans wait while the receiver is away, and
// from which a later process delivers them. By default they wait in memory only.
func SpillDirectory(path string) Option {
	return setupOption(func(s *setupChoice) { s.spillDirectory = path })
}

// Exporter sends the spans to one more receiver, with the same ids. It is behind a
// queue of its own, which is bounded and never blocks. Setup's shutdown shuts it
// down too.
func Exporter(e sdktrace.SpanExporter) Option {
	return setupOption(func(s *setupChoice) { s.exporters = append(s.exporters, e) })
}

// Processor hands the spans to one more processor, with the same ids. Setup's
// shutdown shuts it down too.
func Processor(p sdktrace.SpanProcessor) Option {
	return setupOption(func(s *setupChoice) { s.processors = append(s.processors, p) })
}

// Provider attaches to this provider, instead of OpenTelemetry's global one, which
// is left as it is.
func Provider(p *sdktrace.TracerProvider) Option {
	return setupOption(func(s *setupChoice) { s.provider = p })
}

// Sampler decides which traces are recorded. By default, OTEL_TRACES_SAMPLER
// says, or else all are.
func Sampler(sampler sdktrace.Sampler) Option {
	return setupOption(func(s *setupChoice) { s.sampler = sampler })
}

// Logger gets what a person should know: what could not be set up as asked, and
// troubles of sending. By default it is [slog.Default].
func Logger(log *slog.Logger) Option {
	return setupOption(func(s *setupChoice) { s.log = log })
}
