package model_test

import (
	"math"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// moment draws times that collide often, and the ends of what can be said.
func moment() *rapid.Generator[int64] {
	return rapid.OneOf(
		rapid.Int64Range(0, 5),
		rapid.SampledFrom([]int64{math.MinInt64, -1, 0, 1, math.MaxInt64}),
		rapid.Int64(),
	)
}

func spanID() *rapid.Generator[model.SpanID] {
	return rapid.Map(rapid.OneOf(rapid.Int64Range(-2, 2), rapid.Int64()), model.SpanIDFromInt64)
}

// span draws spans of one trace; fields that lists and sums look at come from
// small sets, so that spans agree in some of them and differ in others.
func span() *rapid.Generator[*model.Span] {
	return rapid.Custom(func(t *rapid.T) *model.Span {
		word := func(name string) string {
			return rapid.SampledFrom([]string{"", "a", "b", "B", "ä"}).Draw(t, name)
		}
		tokens := func() int64 { return rapid.Int64Range(0, 1<<40).Draw(t, "tokens") }
		s := &model.Span{
			Project: "p", TraceID: model.TraceID{1},
			SpanID:    spanID().Draw(t, "id"),
			StartNano: moment().Draw(t, "start"),
			EndNano:   moment().Draw(t, "end"),
			Name:      rapid.String().Draw(t, "name"),
			Status:    model.StatusCode(rapid.IntRange(0, 2).Draw(t, "status")),
			Type:      model.SpanType(rapid.IntRange(0, 13).Draw(t, "type")),
			Failed:    rapid.Bool().Draw(t, "failed"),
			ErrorType: word("error type"), ErrorMessage: word("error message"),
			Service: word("service"), Environment: word("environment"),
			Identity: model.Identity{AgentID: word("agent"), UserID: word("user")},
			Model:    word("model"), ToolName: word("tool"),
			Usage:        model.Usage{Input: tokens(), Output: tokens(), Reasoning: tokens(), CacheRead: tokens(), Total: tokens()},
			InputPreview: word("input"), OutputPreview: word("output"),
		}
		if rapid.Bool().Draw(t, "child") {
			s.ParentID = model.SpanID{9}
		}
		return s
	})
}

// identity is what makes a span of one trace that span and no other.
type identity struct {
	id    model.SpanID
	start int64
}

func identityOf(s *model.Span) identity { return identity{s.SpanID, s.StartNano} }

// spans draws one to eight spans of one trace, each once.
func spans() *rapid.Generator[[]*model.Span] {
	return rapid.SliceOfNDistinct(span(), 1, 8, identityOf)
}
