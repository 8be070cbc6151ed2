package price

// share says how much of the price of each bucket is due. The zero value: all of
// it.
type share struct {
	halved [buckets]bool
}

// halves returns how many halves of the price of b are due.
func (s *share) halves(b bucket) uint64 {
	if s.halved[b] {
		return 1
	}
	return 2
}

// half is half the price of all tokens, but for those in some buckets.
func half(but ...bucket) share {
	var s share
	for b := range request {
		s.halved[b] = true
	}
	for _, b := range but {
		s.halved[b] = false
	}
	return s
}

// tierOf returns a service tier in lower case, "" for all names of the usual one.
// "auto" is among them: it asks for capacity that was paid in advance, which few
// have, and for the usual way without.
func tierOf(name string) string {
	switch name = lower(name); name {
	case "default", "standard", "standard_only", "auto", "on_demand":
		return ""
	}
	return name
}

// shareOf returns what a provider takes for a model by the service tier; known is
// false where that is not known here. The table has the usual prices only. Tiers
// that cost more ("priority", "fast") do so by another factor for each model, and
// capacity that was paid in advance costs nothing for a call: they need a file
// that says it.
func shareOf(provider, called, tier string) (due share, known bool) {
	if tier == "" {
		return share{}, true
	}
	switch provider {
	case "openai":
		// Pricing page and flex processing guide of OpenAI: batch is half price, flex
		// is "priced at Batch API rates"; cached input is halved, too.
		return half(), tier == "batch" || tier == "flex"
	case "anthropic":
		// Batch processing guide of Anthropic: all usage at 50%; the prices of the
		// cache stack with that.
		return half(), tier == "batch"
	case "google":
		// Batch inference guide of Google Cloud: half price, but "the discounts for
		// cache and batch don't stack", that of the cache takes precedence. It is said
		// of Gemini, not of the other models there.
		return half(cacheRead), tier == "batch" && isGemini(called)
	}
	return share{}, false
}
