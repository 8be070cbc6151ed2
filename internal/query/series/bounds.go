package series

import (
	"math"
	"slices"
	"sort"

	"github.com/agenttrace/agenttrace/internal/query"
)

const (
	// precision is the greatest relative error of a quantile.
	precision = 0.01
	// growth is from one bound to the next: the harmonic mean of two bounds
	// with this ratio is within precision of all that is between them.
	growth = (1 + precision) / (1 - precision)

	leastSize, mostSize = 1e-9, 1e18 // of values whose quantiles are precise
)

// quantileBounds returns the bounds of the buckets that quantiles come from, for
// values that are integers always or may be any number. Integers have about
// 1,900 of them, since small ones need a bucket each and no more; those below
// zero, which neither durations nor usage know, share one bucket.
func quantileBounds(integers bool) (bounds []float64) {
	if integers {
		bounds = append(bounds, 0)
		for b := 1.0; b <= mostSize*growth; b = max(b+1, math.Floor(b*growth)) {
			bounds = append(bounds, b)
		}
		return bounds
	}
	for b := leastSize / growth; b <= mostSize*growth; b *= growth {
		bounds = append(bounds, -b)
	}
	slices.Reverse(bounds)
	for i := len(bounds) - 1; i >= 0; i-- {
		bounds = append(bounds, -bounds[i])
	}
	return bounds
}

// histogramBounds returns powers of two: from 1 for integers, from about a
// billionth for other numbers.
func histogramBounds(integers bool) (bounds []float64) {
	first := -30
	if integers {
		first = 0
	}
	for power := first; power <= 62; power++ {
		bounds = append(bounds, math.Ldexp(1, power))
	}
	return bounds
}

// bucketOf returns the bucket that a number lies in: how many bounds are not
// above it. Integers are compared as such, which a float could not hold.
func bucketOf(bounds []float64, v query.Value) int {
	if v.Kind == query.KindFloat {
		return sort.Search(len(bounds), func(i int) bool { return bounds[i] > v.Float })
	}
	return sort.Search(len(bounds), func(i int) bool { return isAbove(bounds[i], v.Int) })
}

// isAbove compares a bound, which is less than 2^63 in size, with an integer.
func isAbove(bound float64, n int64) bool {
	whole := math.Floor(bound)
	if whole != bound && int64(whole) == n {
		return true
	}
	return int64(whole) > n
}

// middle returns the number that stands for those in a bucket, with the least
// relative error there can be.
func middle(bounds []float64, bucket int, least, most float64) float64 {
	mean := least/2 + most/2
	if bucket > 0 && bucket < len(bounds) {
		if low, high := bounds[bucket-1], bounds[bucket]; low*high > 0 {
			mean = 2 * low * high / (low + high)
		}
	}
	return min(max(mean, least), most)
}
