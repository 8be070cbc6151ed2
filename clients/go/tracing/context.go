package tracing

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"go.opentelemetry.io/otel/attribute"
)

// scope is what a context carries to every span that is started below it. It is
// never changed after it was made: each With copies it.
type scope struct {
	tracer   *Tracer // whose methods began the span above; nil for the default
	session  string
	user     string
	runID    string
	ownRun   bool // runID is of a run that has not begun yet
	tags     []string
	metadata map[string]any
	prompt   promptTemplate
	extra    []attribute.KeyValue
}

type promptTemplate struct {
	template, version string
	variables         map[string]any
}

type scopeKey struct{}

func scopeOf(ctx context.Context) scope {
	if s, ok := ctx.Value(scopeKey{}).(*scope); ok {
		return *s
	}
	return scope{}
}

func (s scope) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, scopeKey{}, &s)
}

// WithSession returns a context whose spans, and all below them, belong to the
// session: a conversation, which may be many runs.
func WithSession(ctx context.Context, id string) context.Context {
	s := scopeOf(ctx)
	s.session = id
	return s.in(ctx)
}

// WithUser returns a context whose spans, and all below them, are done for the
// user.
func WithUser(ctx context.Context, id string) context.Context {
	s := scopeOf(ctx)
	s.user = id
	return s.in(ctx)
}

// WithRunID gives the next run of an agent, team or workflow its id. Runs below
// that one get ids of their own. Without it, an id is made up, which
// [Span.RunID] tells.
func WithRunID(ctx context.Context, id string) context.Context {
	s := scopeOf(ctx)
	s.runID, s.ownRun = id, id != ""
	return s.in(ctx)
}

// WithTags returns a context whose spans have the tags, beside those that ctx
// has already.
func WithTags(ctx context.Context, tags ...string) context.Context {
	s := scopeOf(ctx)
	s.tags = slices.Clone(s.tags)
	for _, tag := range tags {
		if !slices.Contains(s.tags, tag) {
			s.tags = append(s.tags, tag)
		}
	}
	return s.in(ctx)
}

// WithMetadata returns a context whose spans have the metadata, beside that which
// ctx has already; of equal keys the new one counts. Values are written as JSON.
// No switch hides metadata.
func WithMetadata(ctx context.Context, metadata map[string]any) context.Context {
	s := scopeOf(ctx)
	merged := maps.Clone(s.metadata)
	if merged == nil {
		merged = make(map[string]any, len(metadata))
	}
	maps.Copy(merged, metadata)
	s.metadata = merged
	return s.in(ctx)
}

// WithPromptTemplate returns a context whose spans tell which template their
// prompts were made from, in which version and with which variables. Any may be
// empty. [HidePrompts] and [HideInputs] hide the template and its variables.
func WithPromptTemplate(ctx context.Context, template, version string, variables map[string]any) context.Context {
	s := scopeOf(ctx)
	s.prompt = promptTemplate{template, version, maps.Clone(variables)}
	return s.in(ctx)
}

// WithAttributes returns a context whose spans have the attributes, beside those
// that ctx has already. The switches that hide content hold for them by their
// names, as they do in [Span.SetAttributes].
func WithAttributes(ctx context.Context, attributes ...attribute.KeyValue) context.Context {
	s := scopeOf(ctx)
	s.extra = append(slices.Clip(s.extra), attributes...)
	return s.in(ctx)
}

// attributes appends what the scope says of a span.
func (s *scope) attributes(t *Tracer, to attributes) attributes {
	to = to.text(keySession, s.session).text(keyUser, s.user).text(keyRunID, s.runID)
	if t.genAI {
		to = to.text(genaiConversation, s.session)
	}
	to = to.texts(keyTags, s.tags)
	if len(s.metadata) > 0 {
		to = to.text(keyMetadata, jsonObject(s.metadata))
	}
	if p := &s.prompt; p.template != "" || p.version != "" || len(p.variables) > 0 {
		to = to.text(keyPromptTemplate, t.hiding.prompt(p.template)).text(keyPromptVersion, p.version)
		if len(p.variables) > 0 {
			to = to.text(keyPromptVariables, t.hiding.prompt(jsonObject(p.variables)))
		}
	}
	if len(s.extra) == 0 {
		return to
	}
	return append(to, t.hiding.attributes(s.extra)...)
}

// jsonObject writes values as JSON; one that cannot be written is told of in its
// place, and the others are written.
func jsonObject(values map[string]any) string {
	whole, err := marshal(values)
	if err == nil {
		return string(whole)
	}
	each := make(map[string]json.RawMessage, len(values))
	for key, value := range values {
		written, err := marshal(value)
		if err != nil {
			written, _ = json.Marshal(unwritable(value, err))
		}
		each[key] = written
	}
	whole, _ = json.Marshal(each)
	return string(whole)
}
