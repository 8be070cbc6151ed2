package price

import (
	"cmp"
	"errors"
	"os"
	"slices"
)

// override is prices that an operator set for some models.
type override struct {
	provider match // nil for any
	called   match
	tier     string   // the service tier that they are for; "" for the usual one and what is derived from it
	prices   timeline // in ascending order of from
}

// fits reports whether the prices are for a model: the provider may be meant by
// the sender's name for it, or by its id in the built-in table.
func (o *override) fits(from, id, called string) bool {
	return o.called(called) && (o.provider == nil || o.provider(from) || id != "" && o.provider(id))
}

// readOverrides reads a file of prices.
func readOverrides(path string) ([]override, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all, err := decodeOverrides(data)
	if wrong, ok := errors.AsType[*FileError](err); ok {
		wrong.Path = path
	}
	return all, err
}

func decodeOverrides(data []byte) ([]override, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	members, err := root.object("models")
	if err != nil {
		return nil, err
	}
	if len(members) == 0 {
		return nil, root.wrong("must have the key models")
	}
	return decodeAll(members[0], decodeOverride)
}

func decodeOverride(n node) (override, error) {
	members, err := n.object("comment", "provider", "model", "service_tier", "prices")
	if err != nil {
		return override{}, err
	}
	var o override
	for _, m := range members {
		switch m.key {
		case "comment":
			_, err = m.text()
		case "provider":
			o.provider, err = decodeMatch(m)
		case "model":
			o.called, err = decodeMatch(m)
		case "service_tier":
			o.tier, err = m.text()
			o.tier = tierOf(o.tier)
		case "prices":
			o.prices, err = decodeAll(m, decodeOwnPrices)
		}
		if err != nil {
			return override{}, err
		}
	}
	if o.called == nil || o.prices == nil {
		return override{}, n.wrong("must have the keys model and prices")
	}
	slices.SortStableFunc(o.prices, func(a, b timed) int { return cmp.Compare(a.from, b.from) })
	for i := range o.prices[1:] {
		if o.prices[i].from == o.prices[i+1].from {
			return override{}, n.wrong("has two prices from the same day on")
		}
	}
	return o, nil
}

func decodeOwnPrices(n node) (timed, error) {
	t, err := decodeTimed(n, "from")
	if err == nil && !slices.ContainsFunc(t.rates[:], func(r rate) bool { return r.known }) {
		err = n.wrong("says no price")
	}
	return t, err
}
