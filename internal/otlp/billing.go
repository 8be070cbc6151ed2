package otlp

import (
	"math"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// billing returns what bears on the price of the call beside its usage.
func (f *facts) billing(u *model.Usage, t *texts) model.Billing {
	return model.Billing{
		Reported:       f.cost(),
		LongCacheWrite: min(f.tokens(fieldLongCacheWriteTokens), u.CacheWrite),
		ServiceTier:    t.name(f.serviceTier()),
	}
}

// maxDollars bounds a believable cost of one call. The sum of many of them must
// not overflow in a database.
const maxDollars = 1e6

// cost returns the preferred cost in billionths of a dollar, rounded half away
// from zero; 0 for none. A number that cannot be one, or says nothing, counts like
// one that is not there.
func (f *facts) cost() int64 {
	for _, s := range known.sources[fieldCost] {
		if !f.has(s.key) {
			continue
		}
		dollars, ok := f.values[s.key].asNumber()
		if ok && dollars > 0 && dollars <= maxDollars {
			return int64(math.Round(dollars * model.NanosPerDollar))
		}
	}
	return 0
}

// maxTierBytes bounds the name of a service tier. A longer text is none.
const maxTierBytes = 32

// serviceTier returns how the call was served, in lower case; "" for the usual
// way, whatever it is called.
func (f *facts) serviceTier() string {
	tier := f.text(fieldServiceTier, model.TypeUnknown)
	if tier == "" || len(tier) > maxTierBytes {
		return ""
	}
	switch tier = strings.ToLower(tier); tier {
	case "auto", "default", "standard":
		return ""
	}
	return tier
}
