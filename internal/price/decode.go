package price

import (
	"math"
	"slices"
	"strings"
	"time"
)

// decodeTimed reads prices and, under the keys in when, the condition on which
// they hold.
func decodeTimed(n node, when ...string) (timed, error) {
	members, err := n.object(append(when, bucketNames()...)...)
	if err != nil {
		return timed{}, err
	}
	t := timed{from: math.MinInt64}
	var listed [buckets]rate
	for _, m := range members {
		switch m.key {
		case "from":
			t.from, err = decodeDay(m)
		case "daily":
			t.daily = true
			t.begin, t.end, err = decodeHours(m)
		default:
			b := bucket(slices.Index(bucketNames(), m.key))
			listed[b], err = decodeRate(m, b)
		}
		if err != nil {
			return timed{}, err
		}
	}
	t.tariff = newTariff(listed)
	return t, nil
}

func decodeDay(n node) (int64, error) {
	text, err := n.text()
	if err != nil {
		return 0, err
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Year() < 1970 || day.Year() > 2200 {
		return 0, n.wrong(`must be a day from 1970 to 2200, as in "2026-01-31"`)
	}
	return day.UnixNano(), nil
}

// decodeHours reads the seconds of the UTC day between which prices hold.
func decodeHours(n node) (begin, end int64, err error) {
	seconds, err := decodeAll(n, node.count)
	if err == nil && len(seconds) != 2 {
		err = n.wrong("must have two seconds of the day")
	}
	if err != nil {
		return 0, 0, err
	}
	return seconds[0], seconds[1], nil
}

// decodeRate reads a price: a number, or an object with the tiers of it.
func decodeRate(n node, b bucket) (rate, error) {
	if n.raw[0] != '{' {
		base, err := decodePrice(n, b)
		return rate{known: true, base: base}, err
	}
	members, err := n.object("base", "tiers")
	if err != nil {
		return rate{}, err
	}
	if len(members) != 2 {
		return rate{}, n.wrong(`must have the keys base and tiers`)
	}
	r := rate{known: true}
	for _, m := range members {
		switch m.key {
		case "base":
			r.base, err = decodePrice(m, b)
		case "tiers":
			r.steps, err = decodeAll(m, func(n node) (step, error) { return decodeStep(n, b) })
		}
		if err != nil {
			return rate{}, err
		}
	}
	for i := range r.steps[1:] {
		if r.steps[i+1].above <= r.steps[i].above {
			return rate{}, n.wrong("has tiers that are not in ascending order of above")
		}
	}
	return r, nil
}

func decodeStep(n node, b bucket) (step, error) {
	members, err := n.object("above", "price")
	if err != nil {
		return step{}, err
	}
	if len(members) != 2 {
		return step{}, n.wrong("must have the keys above and price")
	}
	var s step
	for _, m := range members {
		switch m.key {
		case "above":
			s.above, err = m.count()
		case "price":
			s.price, err = decodePrice(m, b)
		}
		if err != nil {
			return step{}, err
		}
	}
	return s, nil
}

func decodePrice(n node, b bucket) (uint64, error) {
	per, of, most := uint64(1), "a million tokens", "1000000"
	if b == request {
		per, of, most = 1000, "a thousand requests", "1000"
	}
	text := string(n.raw)
	if strings.HasPrefix(text, "-") {
		return 0, n.wrong("must not be negative")
	}
	atto, ok := parsePrice(text, per)
	if !ok {
		return 0, n.wrong("must be a number of dollars for %s, from 0 to %s, with at most %d decimal places and no exponent", of, most, maxPlaces)
	}
	return atto, nil
}
