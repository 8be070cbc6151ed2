package otelenv

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Settings is what the variables say. What no variable sets is nil or zero.
type Settings struct {
	// Disabled: nothing is to be traced.
	Disabled bool
	// OTLP: spans are to be sent; false when OTEL_TRACES_EXPORTER is none.
	OTLP bool
	// Sampler is nil where none is chosen.
	Sampler sdktrace.Sampler
	// Limits of a span, Defaults where no variable sets them.
	Limits sdktrace.SpanLimits
	// Resource describes the program.
	Resource []attribute.KeyValue

	// Of the batch span processor.
	MaxQueueSize       int
	MaxExportBatchSize int
	ScheduleDelay      time.Duration
	ExportTimeout      time.Duration
}

// Read reads the variables. Its error names every one that is wrong, with what
// would be right. limits are those that hold where no variable sets them.
func Read(getenv func(string) string, limits sdktrace.SpanLimits) (Settings, error) {
	r := &reader{getenv: getenv}
	s := Settings{
		Disabled:           r.yes("OTEL_SDK_DISABLED"),
		OTLP:               r.exporter(),
		Sampler:            r.sampler(),
		Limits:             r.limits(limits),
		Resource:           r.resource(),
		MaxQueueSize:       r.positive("OTEL_BSP_MAX_QUEUE_SIZE", "spans"),
		MaxExportBatchSize: r.positive("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "spans"),
		ScheduleDelay:      time.Duration(r.positive("OTEL_BSP_SCHEDULE_DELAY", "milliseconds")) * time.Millisecond,
		ExportTimeout:      time.Duration(r.positive("OTEL_BSP_EXPORT_TIMEOUT", "milliseconds")) * time.Millisecond,
	}
	return s, errors.Join(r.wrong...)
}

// reader reads variables and keeps what is wrong with them.
type reader struct {
	getenv func(string) string
	wrong  []error
}

func (r *reader) get(name string) string { return strings.TrimSpace(r.getenv(name)) }

func (r *reader) refuse(name, value, want string) {
	r.wrong = append(r.wrong, fmt.Errorf("%s is %q; it must be %s", name, value, want))
}

func (r *reader) yes(name string) bool {
	text := r.get(name)
	switch strings.ToLower(text) {
	case "true":
		return true
	case "", "false":
		return false
	}
	r.refuse(name, text, "true or false")
	return false
}

// exporter reads which exporter is wanted.
func (r *reader) exporter() bool {
	const name = "OTEL_TRACES_EXPORTER"
	text := r.get(name)
	switch strings.ToLower(text) {
	case "", "otlp":
		return true
	case "none":
		return false
	}
	r.refuse(name, text, "otlp or none; other exporters are given to Setup by the option Exporter")
	return true
}

// resource reads what describes the program. OTEL_SERVICE_NAME wins over the
// name among the attributes.
func (r *reader) resource() []attribute.KeyValue {
	const name = "OTEL_RESOURCE_ATTRIBUTES"
	var found []attribute.KeyValue
	for pair := range strings.SplitSeq(r.get(name), ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		key = strings.TrimSpace(key)
		unescaped, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || key == "" || err != nil {
			r.refuse(name, pair, "a list such as team=search,deployment.environment.name=prod, with % before codes only, as in %2C")
			continue
		}
		found = append(found, attribute.String(key, unescaped))
	}
	if service := r.get("OTEL_SERVICE_NAME"); service != "" {
		found = append(found, attribute.String("service.name", service))
	}
	return found
}
