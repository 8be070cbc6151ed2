package price

import "strings"

// Prices are kept in whole attodollars (10^-18 dollars) for a token or a call.
// Files have dollars for a million tokens, with up to twelve decimal places,
// which is a whole number of these.
const (
	attoPerNano = 1_000_000_000

	// maxPlaces is how many decimal places a price has at most.
	maxPlaces = 12

	// maxRate is a dollar for a token or a call, more than anybody takes; it keeps
	// bills below 2^128.
	maxRate = 1_000_000_000_000_000_000
)

// rate is the price of one bucket. The zero value is not known, which is not the
// same as free.
type rate struct {
	known bool
	base  uint64 // attodollars
	steps []step // in ascending order
}

// step is the price of the whole bucket when the prompt is longer than this: not
// only of the tokens beyond.
type step struct {
	above int64
	price uint64
}

func (r *rate) at(prompt int64) uint64 {
	price := r.base
	for _, s := range r.steps {
		if prompt <= s.above {
			break
		}
		price = s.price
	}
	return price
}

// parsePrice reads a decimal text as attodollars; per says how many of them its
// twelfth place stands for. It takes digits and one point, no sign and no
// exponent.
func parsePrice(text string, per uint64) (atto uint64, ok bool) {
	whole, places, point := strings.Cut(text, ".")
	if whole == "" || point && places == "" || len(places) > maxPlaces {
		return 0, false
	}
	for _, digit := range []byte(whole + places + strings.Repeat("0", maxPlaces-len(places))) {
		if digit < '0' || digit > '9' || atto > maxRate {
			return 0, false
		}
		atto = atto*10 + uint64(digit-'0')
	}
	return atto * per, atto <= maxRate/per
}
