package postgres

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWindowsGrow(t *testing.T) {
	newestFirst := []int64{80, 70, 60, 50, 40, 30, 20, 10}
	oldestFirst := slices.Clone(newestFirst)
	slices.Reverse(oldestFirst)
	for name, c := range map[string]struct {
		days []int64
		now  int64
		want [][]int64
	}{
		"newest first":             {newestFirst, 85, [][]int64{{80}, {70, 60}, {50, 40, 30, 20}, {10}}},
		"with days that are ahead": {newestFirst, 65, [][]int64{{80, 70, 60}, {50, 40}, {30, 20, 10}}},
		"all of them ahead":        {newestFirst[:2], 65, [][]int64{{80, 70}}},
		"oldest first":             {oldestFirst, 65, [][]int64{{10}, {20, 30}, {40, 50, 60, 70}, {80}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got [][]int64
			windows(c.days, c.now, func(days []int64) bool {
				got = append(got, days)
				return true
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("other windows (-want +got):\n%s", diff)
			}
		})
	}
}
