package tracing

import (
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// SpanOption says more of a span as it starts.
type SpanOption func(*spanOption)

type spanOption struct {
	id, description    string
	session, user, run string
	tags               []string
	metadata           map[string]any
	input              any
	attributes         []attribute.KeyValue
	start              time.Time
}

func spanOptions(options []SpanOption) (o spanOption) {
	for _, set := range options {
		set(&o)
	}
	return o
}

// ID is the id of the agent, team, workflow or step; of a tool, the id of the
// model's call that it answers.
func ID(id string) SpanOption { return func(o *spanOption) { o.id = id } }

// Description says what a tool or an agent is for.
func Description(text string) SpanOption { return func(o *spanOption) { o.description = text } }

// Input is what goes in; see [Span.SetInput].
func Input(input any) SpanOption { return func(o *spanOption) { o.input = input } }

// Session is the session of this span and all below it; see [WithSession].
func Session(id string) SpanOption { return func(o *spanOption) { o.session = id } }

// User is the user of this span and all below it; see [WithUser].
func User(id string) SpanOption { return func(o *spanOption) { o.user = id } }

// RunID is the id of this run, instead of one that is made up. Of what is no run,
// it is the id of the run that it is a part of.
func RunID(id string) SpanOption { return func(o *spanOption) { o.run = id } }

// Tags are tags of this span and all below it; see [WithTags].
func Tags(tags ...string) SpanOption {
	return func(o *spanOption) { o.tags = append(o.tags, tags...) }
}

// Metadata is metadata of this span and all below it; see [WithMetadata].
func Metadata(metadata map[string]any) SpanOption {
	return func(o *spanOption) { o.metadata = metadata }
}

// Attributes are attributes of this span alone; see [Span.SetAttributes].
func Attributes(set ...attribute.KeyValue) SpanOption {
	return func(o *spanOption) { o.attributes = append(o.attributes, set...) }
}

// StartTime is when it started, for what is told of afterwards.
func StartTime(t time.Time) SpanOption { return func(o *spanOption) { o.start = t } }

// scope returns what above becomes for the span and all below it.
func (o *spanOption) scope(above scope, isRun bool) scope {
	s := above
	if o.session != "" {
		s.session = o.session
	}
	if o.user != "" {
		s.user = o.user
	}
	if o.run != "" {
		s.runID, s.ownRun = o.run, isRun
	}
	for _, tag := range o.tags {
		if !slices.Contains(s.tags, tag) {
			s.tags = append(slices.Clip(s.tags), tag)
		}
	}
	if len(o.metadata) > 0 {
		merged := make(map[string]any, len(s.metadata)+len(o.metadata))
		maps.Copy(merged, s.metadata)
		maps.Copy(merged, o.metadata)
		s.metadata = merged
	}
	return s
}
