// Package price says what a model call costs, from its usage.
//
// # Usage
//
// A [Book] holds a table of prices, generated from the npm package
// @pydantic/genai-prices, and before it the prices that an operator set by file:
//
//	book, err := price.Load(path) // or price.Default()
//	nano, ok := book.Price(span)  // billionths of a US dollar
//
// A call is priced or it is not: where the model is not known, or where the
// prices say nothing of a kind of token that was used, or of how the provider was
// asked to serve the call, there is no price, rather than one that is too low. A
// model that is free costs 0, and that is a price.
//
// # Arithmetic
//
// Prices are read from their decimal text into whole attodollars (10^-18) for a
// token, a bill is summed up in 128 bits, and the sum is rounded once, to whole
// nanodollars, halves away from zero. No floating point is involved, and no
// usage that spans can hold overflows.
//
// # Concurrency
//
// A Book may be used from any number of goroutines. It remembers which prices
// belong to a model, for a bounded number of models, so that pricing takes some
// hundred nanoseconds.
package price
