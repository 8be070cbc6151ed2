package price

import (
	"github.com/agenttrace/agenttrace/internal/model"
)

// maxTokens is more than any model takes in; what claims more than this is not
// priced. Below it no sum overflows.
const maxTokens = 1 << 48

// Book is a price table with what an operator set before it. Make one with
// [Default] or [Load].
type Book struct {
	table *table
	own   []override
	memo  memo
}

// Default returns the built-in table.
func Default() (*Book, error) {
	t, err := builtin()
	if err != nil {
		return nil, err
	}
	return &Book{table: t}, nil
}

// Load returns the built-in table with the prices of a file before it, which
// docs/pricing.md describes. With an empty path it is Default.
//
// Errors: a [*FileError] where the file says something that cannot be meant.
func Load(path string) (*Book, error) {
	b, err := Default()
	if err != nil || path == "" {
		return b, err
	}
	b.own, err = readOverrides(path)
	return b, err
}

// Version names the package that the built-in table was generated from, and its
// version.
func (b *Book) Version() string { return b.table.source }

// Price returns what the usage of a span costs by the prices of the time at which
// it began, in billionths of a US dollar. It is the exact sum over all buckets,
// rounded once, halves away from zero.
//
// It reads Provider, Model, Type, StartNano, Usage and Billing, except what the
// sender reported as the cost. ok is false where there is no usage, or no price:
// the model is not known, nothing is said of the price of a bucket that was used,
// or of the service tier, or the span is not one call and what its calls cost
// depends on how large each of them was.
func (b *Book) Price(s *model.Span) (nano int64, ok bool) {
	used, ok := quantitiesOf(s)
	if !ok || s.Model == "" {
		return 0, false
	}
	t, share := b.offerFor(s.Provider, s.Model).tariff(s.StartNano, tierOf(s.Billing.ServiceTier))
	if t == nil {
		return 0, false
	}
	return t.bill(used, share, s.Type.CallsModel())
}

// offerFor returns the prices that may hold for a model, whatever the time and the
// service tier.
func (b *Book) offerFor(provider, name string) *offer {
	if o := b.memo.get(provider, name); o != nil {
		return o
	}
	o := b.find(provider, name)
	b.memo.put(provider, name, o)
	return o
}

func (b *Book) find(provider, name string) *offer {
	from, called := lower(provider), lower(name)
	o := &offer{model: called}
	if p, m := b.table.find(from, called); p != nil {
		o.provider = p.id
		if m != nil {
			o.listed, o.listedAs = m.prices, m.id
		}
	}
	for _, own := range b.own {
		if own.fits(from, o.provider, called) {
			o.own = append(o.own, own)
		}
	}
	return o
}

// offer is what a provider takes for a model.
type offer struct {
	provider string // who bills, by its id in the built-in table; "" where that does not know it
	model    string // in lower case
	own      []override
	listed   timeline // of the built-in table; empty where that does not know the model
	listedAs string   // the model's id in the table
}

// tariff returns the prices that hold for a call, and how much of them is due;
// nil for none.
func (o *offer) tariff(startNano int64, tier string) (*tariff, share) {
	due, known := shareOf(o.provider, o.model, tier)
	for i := range o.own {
		own := &o.own[i]
		if own.tier != tier && (own.tier != "" || !known) {
			continue
		}
		t := own.prices.after(startNano)
		switch {
		case t == nil:
		case own.tier == tier:
			return t, share{}
		default:
			return t, due
		}
	}
	if !known {
		return nil, due
	}
	return o.listed.at(startNano), due
}
