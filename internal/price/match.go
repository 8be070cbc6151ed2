package price

import (
	"regexp"
	"strings"
)

// match decides whether a name, in lower case, is one that is meant.
type match func(name string) bool

// maxNested bounds how deep a match may nest.
const maxNested = 8

// decodeMatch reads a match: a text, which the name must equal, or an object with
// one of the keys below.
func decodeMatch(n node) (match, error) { return decodeMatchAt(n, 0) }

func decodeMatchAt(n node, depth int) (match, error) {
	if depth > maxNested {
		return nil, n.wrong("is nested deeper than %d levels", maxNested)
	}
	if n.raw[0] == '"' {
		return decodeComparison(n, func(name, text string) bool { return name == text })
	}
	members, err := n.object("equals", "starts_with", "ends_with", "contains", "regex", "and", "or", "not")
	if err != nil {
		return nil, err
	}
	if len(members) != 1 {
		return nil, n.wrong(`must have one key, as in {"starts_with": "gpt-"}`)
	}
	only := members[0]
	switch only.key {
	case "equals":
		return decodeComparison(only, func(name, text string) bool { return name == text })
	case "starts_with":
		return decodeComparison(only, strings.HasPrefix)
	case "ends_with":
		return decodeComparison(only, strings.HasSuffix)
	case "contains":
		return decodeComparison(only, strings.Contains)
	case "regex":
		return decodeRegex(only)
	case "not":
		inner, err := decodeMatchAt(only, depth+1)
		return func(name string) bool { return !inner(name) }, err
	default:
		return decodeJunction(only, depth)
	}
}

func decodeComparison(n node, holds func(name, text string) bool) (match, error) {
	text, err := n.text()
	if err != nil {
		return nil, err
	}
	text = strings.ToLower(text)
	return func(name string) bool { return holds(name, text) }, nil
}

func decodeRegex(n node) (match, error) {
	text, err := n.text()
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, n.wrong("is no regular expression of Go: %v", err)
	}
	return re.MatchString, nil
}

// decodeJunction reads the list of "and" or "or".
func decodeJunction(n node, depth int) (match, error) {
	items, err := n.list()
	if err != nil {
		return nil, err
	}
	all := make([]match, len(items))
	for i, item := range items {
		if all[i], err = decodeMatchAt(item, depth+1); err != nil {
			return nil, err
		}
	}
	either := n.key == "or"
	return func(name string) bool {
		for _, m := range all {
			if m(name) == either {
				return either
			}
		}
		return !either
	}, nil
}
