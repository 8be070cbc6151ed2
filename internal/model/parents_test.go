package model_test

import (
	"slices"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestParentsAreTheEarliestSpansWithTheirID(t *testing.T) {
	type span struct {
		id, parent int64
		start      int64
	}
	for _, row := range []struct {
		says  string
		spans []span
		want  []int32
	}{
		{"of no spans", nil, []int32{}},
		{"whichever comes first", []span{{2, 1, 20}, {1, 0, 10}, {3, 2, 30}}, []int32{1, model.NoParent, 0}},
		{"not there", []span{{1, 9, 10}}, []int32{model.NoParent}},
		{"the earlier of two", []span{{1, 0, 20}, {1, 0, 10}, {2, 1, 30}}, []int32{model.NoParent, model.NoParent, 1}},
		{"and if it comes first, too", []span{{1, 0, 10}, {1, 0, 20}, {2, 1, 30}}, []int32{model.NoParent, model.NoParent, 0}},
		{"itself", []span{{1, 1, 10}}, []int32{model.NoParent}},
		{"another one with its id", []span{{1, 1, 10}, {1, 1, 20}}, []int32{model.NoParent, 0}},
		{"each other", []span{{1, 2, 10}, {2, 1, 20}}, []int32{1, 0}},
	} {
		var spans []*model.Span
		for _, s := range row.spans {
			spans = append(spans, &model.Span{SpanID: model.SpanIDFromInt64(s.id), ParentID: model.SpanIDFromInt64(s.parent), StartNano: s.start})
		}
		if got := model.Parents(spans); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.says, got, row.want)
		}
	}
}
