package model_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// nanoseconds draws lengths of time of every magnitude, among them those at the
// ends of octaves.
func nanoseconds() *rapid.Generator[int64] {
	return rapid.Custom(func(t *rapid.T) int64 {
		top := int64(1) << rapid.IntRange(0, 62).Draw(t, "octave")
		return rapid.OneOf(
			rapid.Int64Range(top, top+(top-1)),
			rapid.SampledFrom([]int64{math.MinInt64, -1, 0, top - 1, top, top + 1, math.MaxInt64}),
		).Draw(t, "nanos")
	})
}

func TestLongerTimesHaveGreaterBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := nanoseconds().Draw(t, "a"), nanoseconds().Draw(t, "b")
		a, b = min(a, b), max(a, b)
		if model.LatencyBucket(a) > model.LatencyBucket(b) {
			t.Errorf("%d ns is in bucket %d, %d ns in bucket %d", a, model.LatencyBucket(a), b, model.LatencyBucket(b))
		}
	})
}

func TestBucketsStandForTimesCloseToTheirOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := max(1, nanoseconds().Draw(t, "nanos"))
		got := model.LatencyOf(model.LatencyBucket(n))
		if off := math.Abs(float64(got) - float64(n)); off > 1+0.006*float64(n) {
			t.Errorf("%d ns becomes %d ns", n, got)
		}
	})
}

func TestTimesThatDifferByMoreThanABucketAreToldApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1000, 1<<60).Draw(t, "nanos")
		if longer := n + n/80; model.LatencyBucket(n) == model.LatencyBucket(longer) { // 1.25 percent
			t.Errorf("%d ns and %d ns are in bucket %d", n, longer, model.LatencyBucket(n))
		}
	})
}

func TestEveryTimeHasABucket(t *testing.T) {
	for _, tt := range []struct {
		nanos int64
		want  int
	}{
		{math.MinInt64, 0}, {-1, 0}, {0, 0}, {1, 0},
		{2, model.LatencyBuckets / 63}, {4, 2 * model.LatencyBuckets / 63},
		{1 << 62, model.LatencyBuckets - 64}, {math.MaxInt64, model.LatencyBuckets - 1},
	} {
		if got := model.LatencyBucket(tt.nanos); got != tt.want {
			t.Errorf("bucket of %d is %d, want %d", tt.nanos, got, tt.want)
		}
	}
}

func TestLatenciesAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.IntRange(0, model.LatencyBuckets-1)).Draw(t, "buckets")
		var text []byte
		for _, bucket := range want {
			text = model.AppendLatency(text, bucket)
		}
		var got []int
		model.EachLatency(string(text), func(bucket int) bool { got = append(got, bucket); return true })
		if !slices.Equal(want, got) {
			t.Errorf("%v was written, %v was read", want, got)
		}
	})
}

func TestLatencyTextsCompareAsTheirBuckets(t *testing.T) {
	var last string
	for bucket := range model.LatencyBuckets {
		text := string(model.AppendLatency(nil, bucket))
		if text <= last {
			t.Fatalf("bucket %d is written %q, the one before %q", bucket, text, last)
		}
		last = text
	}
}

// TestForeignLatenciesAreLeftOut reads what nobody wrote: among bytes of any
// kind, only what is a bucket counts.
func TestForeignLatenciesAreLeftOut(t *testing.T) {
	read := func(text string) (buckets []int) {
		model.EachLatency(text, func(bucket int) bool { buckets = append(buckets, bucket); return true })
		return buckets
	}
	good := string(model.AppendLatency(nil, 77))
	for text, want := range map[string][]int{
		"": nil, "0": nil, " 0": nil, "0 ": nil, "\xff0": nil, "o0": nil, "n0": {62 * 64}, "0o": {63}, "0p": nil,
		good + "\x00\x00" + good: {77, 77}, good + "0": {77},
	} {
		if got := read(text); !slices.Equal(want, got) {
			t.Errorf("%q is read as %v, want %v", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for _, bucket := range read(string(rapid.SliceOf(rapid.Byte()).Draw(t, "text"))) {
			if bucket < 0 || bucket >= model.LatencyBuckets {
				t.Errorf("bucket %d was read", bucket)
			}
		}
	})
}

func TestReadingLatenciesStopsWhenToldTo(t *testing.T) {
	seen := 0
	model.EachLatency("000102", func(int) bool { seen++; return seen < 2 })
	if seen != 2 {
		t.Errorf("%d were read, want 2", seen)
	}
}
