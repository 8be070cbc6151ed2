package stats

import "github.com/agenttrace/agenttrace/internal/model"

// histogram counts how long calls took. It is large, and meant to be used again
// and again.
type histogram struct {
	counts [model.LatencyBuckets]int64
	total  int64
	least  int // bucket in which there is any, and the greatest
	most   int
}

// reset empties it.
func (h *histogram) reset() {
	if h.total > 0 {
		clear(h.counts[h.least : h.most+1])
	}
	h.total = 0
}

// add counts the lengths of time in a text, as bills have it.
func (h *histogram) add(latencies string) {
	for bucket := range func(yield func(int) bool) { model.EachLatency(latencies, yield) } {
		if h.total == 0 {
			h.least, h.most = bucket, bucket
		}
		h.least, h.most = min(h.least, bucket), max(h.most, bucket)
		h.counts[bucket]++
		h.total++
	}
}

// quantile returns the length of time, in nanoseconds, that so many of a hundred
// did not exceed, by the nearest rank and within 0.6 percent; 0 without any.
func (h *histogram) quantile(percent int64) int64 {
	if h.total == 0 {
		return 0
	}
	bucket := h.least
	for rank := nearestRank(h.total, percent) - h.counts[bucket]; rank > 0; rank -= h.counts[bucket] {
		bucket++
	}
	return model.LatencyOf(bucket)
}

// nearestRank returns the place, from 1 on, of the least of n that so many of a
// hundred do not exceed.
func nearestRank(n, percent int64) int64 {
	return max(1, (n*percent+99)/100)
}
