package price

import (
	_ "embed"
	"errors"
	"fmt"
)

// prices is written by generate/generate.mjs: what of the package's data bears on
// the tokens that spans count, under our names. Numbers are dollars for a million
// tokens, and for a thousand requests.
//
//go:embed prices.json
var prices []byte

func builtin() (*table, error) {
	t, err := decodeTable()
	if wrong, ok := errors.AsType[*FileError](err); ok {
		wrong.Path = "built-in prices"
	}
	return t, err
}

func decodeTable() (*table, error) {
	root, err := parse(prices)
	if err != nil {
		return nil, err
	}
	members, err := root.object("package", "version", "providers")
	if err != nil {
		return nil, err
	}
	t := &table{}
	var of, version string
	for _, m := range members {
		switch m.key {
		case "package":
			of, err = m.text()
		case "version":
			version, err = m.text()
		case "providers":
			t.providers, err = decodeAll(m, decodeProvider)
		}
		if err != nil {
			return nil, err
		}
	}
	t.source = fmt.Sprintf("%s %s", of, version)
	return t, nil
}

// decodeAll reads the values of a list.
func decodeAll[T any](n node, decode func(node) (T, error)) ([]T, error) {
	items, err := n.list()
	if err != nil {
		return nil, err
	}
	all := make([]T, len(items))
	for i, item := range items {
		if all[i], err = decode(item); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func decodeProvider(n node) (*provider, error) {
	members, err := n.object("id", "provider_match", "model_match", "fallback", "models")
	if err != nil {
		return nil, err
	}
	p := &provider{}
	for _, m := range members {
		switch m.key {
		case "id":
			p.id, err = m.text()
		case "provider_match":
			p.named, err = decodeMatch(m)
		case "model_match":
			p.offers, err = decodeMatch(m)
		case "fallback":
			p.fallback, err = decodeAll(m, node.text)
		case "models":
			p.models, err = decodeAll(m, decodeModel)
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

func decodeModel(n node) (pricedModel, error) {
	members, err := n.object("id", "match", "prices")
	if err != nil {
		return pricedModel{}, err
	}
	var pm pricedModel
	for _, m := range members {
		switch m.key {
		case "id":
			pm.id, err = m.text()
		case "match":
			pm.called, err = decodeMatch(m)
		case "prices":
			pm.prices, err = decodeAll(m, func(n node) (timed, error) { return decodeTimed(n, "from", "daily") })
		}
		if err != nil {
			return pricedModel{}, err
		}
	}
	return pm, nil
}
