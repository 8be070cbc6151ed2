package repo_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// writes draws which write stored each span of a segment.
func writes() *rapid.Generator[[]repo.WriteID] {
	one := rapid.OneOf(
		rapid.SampledFrom([]repo.WriteID{math.MinInt64, -7, -1, 1, 7, math.MaxInt64}),
		rapid.Map(rapid.Int64(), func(n int64) repo.WriteID { return repo.WriteID(n) }),
	)
	return rapid.SliceOf(one)
}

func TestWritesOfASegmentAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := writes().Draw(t, "writes")
		encoded := repo.EncodeWrites(want)
		if distinct := slices.Compact(slices.Sorted(slices.Values(want))); len(distinct) < 2 {
			if encoded != nil {
				t.Errorf("%d spans of one write are written as %x", len(want), encoded)
			}
			return
		}
		got, err := repo.DecodeWrites(encoded, len(want))
		if err != nil || !slices.Equal(want, got) {
			t.Errorf("%v was written, %v was read, %v", want, got, err)
		}
	})
}

// TestDamagedWritesAreErrors cuts off and changes what was written, and asks for
// more spans than there are: what is read has all spans, or is an error.
func TestDamagedWritesAreErrors(t *testing.T) {
	good := repo.EncodeWrites([]repo.WriteID{5, 1 << 40, 5, 9})
	for n := range good {
		if got, err := repo.DecodeWrites(good[:n], 4); err == nil {
			t.Errorf("%d of %d bytes are read as %v", n, len(good), got)
		}
	}
	for _, spans := range []int{-1, 5, math.MaxInt} {
		if got, err := repo.DecodeWrites(good, spans); err == nil {
			t.Errorf("the writes of 4 spans are read as those of %d: %v", spans, got)
		}
	}
	for name, damaged := range map[string][]byte{
		"nothing":                      nil,
		"more writes than bytes":       {0xff, 0xff, 0xff, 0xff, 0x0f, 0},
		"a number without end":         {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"a write that is not there":    {2, 2, 4, 0, 2},
		"a write where there are none": {0, 0, 0},
	} {
		if got, err := repo.DecodeWrites(damaged, 2); err == nil {
			t.Errorf("%s is read as %v", name, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.IntRange(0, 20).Draw(t, "spans")
		got, err := repo.DecodeWrites(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), spans)
		if err == nil && len(got) != spans {
			t.Errorf("%d writes were read of %d spans", len(got), spans)
		}
	})
}

func TestASegmentKnowsItsWrites(t *testing.T) {
	one := repo.Segment{Spans: 2, Write: 7}
	several := repo.Segment{Spans: 3, Writes: []repo.WriteID{7, 9, 7}}
	for _, tt := range []struct {
		segment repo.Segment
		of      []repo.WriteID
		has     map[repo.WriteID]bool
	}{
		{one, []repo.WriteID{7, 7}, map[repo.WriteID]bool{7: true, 9: false}},
		{several, []repo.WriteID{7, 9, 7}, map[repo.WriteID]bool{7: true, 9: true, 8: false}},
	} {
		for i, want := range tt.of {
			if got := tt.segment.WriteOf(i); got != want {
				t.Errorf("span %d was stored by %d, want %d", i, got, want)
			}
		}
		for w, want := range tt.has {
			if got := tt.segment.HasWrite(w); got != want {
				t.Errorf("HasWrite(%d) = %t, want %t", w, got, want)
			}
		}
	}
}
