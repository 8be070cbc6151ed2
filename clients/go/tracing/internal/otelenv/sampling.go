package otelenv

import (
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	samplerName = "OTEL_TRACES_SAMPLER"
	ratioName   = "OTEL_TRACES_SAMPLER_ARG"
)

// sampler reads which traces are recorded.
func (r *reader) sampler() sdktrace.Sampler {
	text := r.get(samplerName)
	switch strings.ToLower(text) {
	case "":
		return nil
	case "always_on":
		return sdktrace.AlwaysSample()
	case "always_off":
		return sdktrace.NeverSample()
	case "traceidratio":
		return sdktrace.TraceIDRatioBased(r.ratio())
	case "parentbased_always_on":
		return sdktrace.ParentBased(sdktrace.AlwaysSample())
	case "parentbased_always_off":
		return sdktrace.ParentBased(sdktrace.NeverSample())
	case "parentbased_traceidratio":
		return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(r.ratio()))
	}
	r.refuse(samplerName, text, "always_on, always_off, traceidratio, or one of these after parentbased_; other samplers are given to Setup by the option Sampler")
	return nil
}

// ratio reads the share of traces; all where none is given.
func (r *reader) ratio() float64 {
	text := r.get(ratioName)
	if text == "" {
		return 1
	}
	ratio, err := strconv.ParseFloat(text, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) {
		r.refuse(ratioName, text, "a number from 0 to 1, the share of traces that are recorded")
		return 1
	}
	return ratio
}

// limits reads how much a span may hold. A negative number is no limit.
func (r *reader) limits(l sdktrace.SpanLimits) sdktrace.SpanLimits {
	for _, v := range [...]struct {
		to    *int
		names []string
	}{
		{&l.AttributeValueLengthLimit, []string{"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"}},
		{&l.AttributeCountLimit, []string{"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"}},
		{&l.EventCountLimit, []string{"OTEL_SPAN_EVENT_COUNT_LIMIT"}},
		{&l.LinkCountLimit, []string{"OTEL_SPAN_LINK_COUNT_LIMIT"}},
		{&l.AttributePerEventCountLimit, []string{"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"}},
		{&l.AttributePerLinkCountLimit, []string{"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"}},
	} {
		for _, name := range v.names {
			text := r.get(name)
			if text == "" {
				continue
			}
			n, err := strconv.Atoi(text)
			if err != nil {
				r.refuse(name, text, "a number, negative for no limit")
			} else {
				*v.to = n
			}
			break
		}
	}
	return l
}

// positive reads a number above 0; 0 where there is none.
func (r *reader) positive(name, unit string) int {
	text := r.get(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		r.refuse(name, text, "a number of "+unit+" above 0")
		return 0
	}
	return n
}
