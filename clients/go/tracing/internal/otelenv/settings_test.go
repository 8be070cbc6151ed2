package otelenv_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing/internal/otelenv"
)

func read(variables map[string]string, limits sdktrace.SpanLimits) (otelenv.Settings, error) {
	return otelenv.Read(func(name string) string { return variables[name] }, limits)
}

func TestWithoutVariablesNothingIsSet(t *testing.T) {
	limits := sdktrace.SpanLimits{AttributeCountLimit: 7}
	s, err := read(nil, limits)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(otelenv.Settings{OTLP: true, Limits: limits}, s); diff != "" {
		t.Error(diff)
	}
}

func TestVariablesAreRead(t *testing.T) {
	s, err := read(map[string]string{
		"OTEL_SDK_DISABLED": "TRUE", "OTEL_TRACES_EXPORTER": " none ",
		"OTEL_RESOURCE_ATTRIBUTES": "service.name=a, team=a%2Cb,", "OTEL_SERVICE_NAME": "b",
		"OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5",
		"OTEL_BSP_SCHEDULE_DELAY": "250", "OTEL_BSP_EXPORT_TIMEOUT": "3000",
		"OTEL_ATTRIBUTE_COUNT_LIMIT": "1", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "2", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "-1",
		"OTEL_SPAN_EVENT_COUNT_LIMIT": "3", "OTEL_SPAN_LINK_COUNT_LIMIT": "4",
		"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "5", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "6",
	}, sdktrace.SpanLimits{AttributeValueLengthLimit: 9})
	if err != nil {
		t.Fatal(err)
	}
	var resource []string
	for _, a := range s.Resource {
		resource = append(resource, string(a.Key)+"="+a.Value.AsString())
	}
	if diff := cmp.Diff([]string{"service.name=a", "team=a,b", "service.name=b"}, resource); diff != "" {
		t.Error(diff)
	}
	s.Resource = nil
	want := otelenv.Settings{
		Disabled: true, MaxQueueSize: 10, MaxExportBatchSize: 5, ScheduleDelay: 250 * time.Millisecond, ExportTimeout: 3 * time.Second,
		Limits: sdktrace.SpanLimits{
			AttributeValueLengthLimit: -1, AttributeCountLimit: 2, EventCountLimit: 3, LinkCountLimit: 4,
			AttributePerEventCountLimit: 5, AttributePerLinkCountLimit: 6,
		},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestSamplersAreThoseOfTheSDK(t *testing.T) {
	for name, want := range map[string]sdktrace.Sampler{
		"always_on": sdktrace.AlwaysSample(), "always_off": sdktrace.NeverSample(),
		"traceidratio":             sdktrace.TraceIDRatioBased(0.25),
		"parentbased_always_on":    sdktrace.ParentBased(sdktrace.AlwaysSample()),
		"parentbased_always_off":   sdktrace.ParentBased(sdktrace.NeverSample()),
		"PARENTBASED_TRACEIDRATIO": sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.25)),
	} {
		s, err := read(map[string]string{"OTEL_TRACES_SAMPLER": name, "OTEL_TRACES_SAMPLER_ARG": "0.25"}, sdktrace.SpanLimits{})
		if err != nil || s.Sampler == nil || s.Sampler.Description() != want.Description() {
			t.Errorf("%s: %v, %v, want %s", name, s.Sampler, err, want.Description())
		}
	}
}

func TestEveryWrongVariableIsNamed(t *testing.T) {
	wrong := map[string]string{
		"OTEL_SDK_DISABLED": "yes", "OTEL_TRACES_EXPORTER": "zipkin", "OTEL_TRACES_SAMPLER": "sometimes",
		"OTEL_RESOURCE_ATTRIBUTES": "team", "OTEL_BSP_MAX_QUEUE_SIZE": "0", "OTEL_BSP_SCHEDULE_DELAY": "1s",
		"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many",
	}
	_, err := read(wrong, sdktrace.SpanLimits{})
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for name, value := range wrong {
		if !strings.Contains(err.Error(), name+` is "`+value+`"; it must be `) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
	for _, ratio := range []string{"2", "-0.1", "NaN", "half"} {
		variables := maps.Clone(map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": ratio})
		if _, err := read(variables, sdktrace.SpanLimits{}); err == nil || !strings.Contains(err.Error(), "OTEL_TRACES_SAMPLER_ARG") {
			t.Errorf("%s: %v", ratio, err)
		}
	}
}
