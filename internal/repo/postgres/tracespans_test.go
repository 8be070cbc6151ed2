package postgres

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
)

// TestSpansOfTracesAreAskedForDayByDay holds that a few traces of a long time
// are not planned over all of its days, that each is read as far as it is
// wanted, and that their order is kept.
func TestSpansOfTracesAreAskedForDayByDay(t *testing.T) {
	id := func(n byte) model.TraceID { return model.TraceID{15: n} }
	first, second := daysOf{planDay(0), planDay(0)}, daysOf{planDay(40), planDay(41)}
	var got []any
	for _, q := range traceSpansQueries("default", nil, []placeOf{
		{id(1), second, 7}, {id(2), second, 7}, {id(3), first, 7}, {id(4), second, 7}, {id(5), second, 8},
	}, 0, false) {
		got = append(got, q.args...)
	}
	want := []any{
		0, uuids([]model.TraceID{id(1), id(2)}), "default", planDay(40), lastOf(planDay(41)), int64(7),
		2, uuids([]model.TraceID{id(3)}), "default", planDay(0), lastOf(planDay(0)), int64(7),
		3, uuids([]model.TraceID{id(4)}), "default", planDay(40), lastOf(planDay(41)), int64(7),
		4, uuids([]model.TraceID{id(5)}), "default", planDay(40), lastOf(planDay(41)), int64(8),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("other queries (-want +got):\n%s", diff)
	}
}
