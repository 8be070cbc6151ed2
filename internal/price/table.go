package price

import "strings"

// router is what the LiteLLM library calls itself where a provider is asked for.
const router = "litellm"

// table is the built-in prices, by provider.
type table struct {
	source    string
	providers []*provider
}

// provider is who bills for calls.
type provider struct {
	id       string
	named    match // whether a sender's name for a provider means this one; may be nil
	offers   match // whether a model is one of this provider's, if no provider was named; may be nil
	fallback []string
	models   []pricedModel
}

type pricedModel struct {
	id     string
	called match
	prices timeline
}

// find returns the provider that a call is billed by and the model that it is
// billed as, by the rules of the package. Either may be nil.
func (t *table) find(from, called string) (*provider, *pricedModel) {
	if upstream, rest, ok := t.routed(from, called); ok {
		from, called = upstream, rest
	}
	p := t.provider(from, called)
	if p == nil {
		return nil, nil
	}
	m := t.model(p, called)
	if m == nil {
		m = t.model(p, dashed(called))
	}
	return p, m
}

// routed takes the name of a model apart that the LiteLLM library wrote, which
// has the provider before a slash.
func (t *table) routed(from, called string) (upstream, rest string, ok bool) {
	if from != router {
		return "", "", false
	}
	upstream, rest, ok = strings.Cut(called, "/")
	return upstream, rest, ok && t.named(upstream) != nil
}

// provider returns who is meant by a sender's name, or who offers the model if the
// sender named nobody. A name that is not known is not passed over: another
// provider of the same model has other prices.
func (t *table) provider(from, called string) *provider {
	if from != "" {
		if p := t.named(from); p != nil || from != router {
			return p
		}
	}
	for _, p := range t.providers {
		if p.offers != nil && p.offers(called) {
			return p
		}
	}
	return nil
}

// named returns the provider with an id, else the first whose rule takes the name,
// else the one that the name is an alias of.
func (t *table) named(from string) *provider {
	if p := t.byID(from); p != nil {
		return p
	}
	for _, p := range t.providers {
		if p.named != nil && p.named(from) {
			return p
		}
	}
	return t.byID(alias(from))
}

func (t *table) byID(id string) *provider {
	for _, p := range t.providers {
		if p.id == id {
			return p
		}
	}
	return nil
}

// model returns the first model of a provider, else of those it falls back to,
// whose rule takes the name.
func (t *table) model(p *provider, called string) *pricedModel {
	if m := p.model(called); m != nil {
		return m
	}
	for _, id := range p.fallback {
		if next := t.byID(id); next != nil {
			if m := next.model(called); m != nil {
				return m
			}
		}
	}
	return nil
}

func (p *provider) model(called string) *pricedModel {
	for i := range p.models {
		if p.models[i].called(called) {
			return &p.models[i]
		}
	}
	return nil
}
