package repotest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func aggregateLaws() []law {
	return []law{
		{name: "AggregationsAreWhatTheirDefinitionSays", test: aggregationsAreAsDefined},
		{name: "SumsAreExactAndRoundedOnce", test: sumsAreExact},
		{name: "AggregationWithTooManyCellsFails", test: aggregationWithTooManyCells},
		{name: "AggregationWithTooMuchTextFails", test: aggregationWithTooMuchText},
		{name: "AggregationOfNothingIsEmpty", test: aggregationOfNothing},
	}
}

// columnOf returns a column of a span, as docs of query's intrinsics say.
func columnOf(i query.Intrinsic, s *model.Span) query.Value {
	text := func(t string) query.Value {
		if t == "" {
			return query.Value{}
		}
		return query.Text(t)
	}
	usage := func(n int64) query.Value {
		if !s.Type.CallsModel() || s.Usage == (model.Usage{}) {
			return query.Value{}
		}
		return query.Integer(n)
	}
	switch i {
	case query.Name:
		return text(s.Name)
	case query.Type:
		return query.Value{Kind: query.KindType, Int: int64(s.Type)}
	case query.Status:
		return query.Value{Kind: query.KindStatus, Int: int64(s.Status)}
	case query.SpanKind:
		return query.Value{Kind: query.KindSpanKind, Int: int64(s.Kind)}
	case query.Failed:
		return query.Boolean(s.Failed)
	case query.Service:
		return text(s.Service)
	case query.Environment:
		return text(s.Environment)
	case query.AgentID:
		return text(s.AgentID)
	case query.SessionID:
		return text(s.SessionID)
	case query.ModelName:
		return text(s.Model)
	case query.ToolName:
		return text(s.ToolName)
	case query.TraceID:
		return text(s.TraceID.String())
	case query.ParentID:
		if s.IsRoot() {
			return query.Value{}
		}
		return text(s.ParentID.String())
	case query.RootMark:
		if s.IsRoot() {
			return query.Integer(-1)
		}
		return query.Integer(1)
	case query.SpanDuration:
		return query.Duration(s.EndNano - s.StartNano)
	case query.UsageInput:
		return usage(s.Usage.Input)
	case query.UsageTotal:
		return usage(s.Usage.Sum())
	}
	panic(fmt.Sprintf("columnOf does not know intrinsic %d", i))
}

var (
	labelColumns = []query.Intrinsic{query.Name, query.Type, query.Status, query.SpanKind, query.Failed, query.Service, query.Environment,
		query.AgentID, query.SessionID, query.ModelName, query.ToolName, query.TraceID, query.ParentID, query.RootMark, query.UsageInput}
	valueColumns = []query.Intrinsic{0, query.SpanDuration, query.UsageInput, query.UsageTotal, query.RootMark}
)

// cellsOf computes the cells of an aggregation in the most obvious way.
func (r *reference) cellsOf(project string, a repo.Aggregation) []repo.Cell {
	cells := map[string]*repo.Cell{}
	sums := map[string]int64{}
	for _, s := range r.spansOf(project, a.Spans) {
		value := query.Integer(0)
		if a.Value != 0 {
			if value = columnOf(a.Value, s); value.Kind == query.KindNil {
				continue
			}
		}
		cell := repo.Cell{Step: (s.StartNano - a.Spans.Start.Start) / a.Step, Min: math.MaxInt64, Max: math.MinInt64, First: math.MaxInt64}
		for _, by := range a.By {
			cell.Labels = append(cell.Labels, columnOf(by, s))
		}
		for _, bound := range a.Bounds {
			if float64(value.Int) >= bound {
				cell.Bucket++
			}
		}
		key := keyOfCell(cell)
		if cells[key] == nil {
			cells[key] = &cell
		}
		c := cells[key]
		c.Count++
		sums[key] += value.Int
		c.Min, c.Max, c.First = min(c.Min, value.Int), max(c.Max, value.Int), min(c.First, s.StartNano)
	}
	var out []repo.Cell
	for key, c := range cells {
		c.Sum = float64(sums[key])
		out = append(out, *c)
	}
	return out
}

func keyOfCell(c repo.Cell) string { return fmt.Sprint(c.Step, c.Bucket, c.Labels) }

func sameCells(t tb, a repo.Aggregation, want, got []repo.Cell) {
	t.Helper()
	byKey := func(x, y repo.Cell) int { return strings.Compare(keyOfCell(x), keyOfCell(y)) }
	for _, cells := range [][]repo.Cell{want, got} {
		slices.SortFunc(cells, byKey)
		for i := range cells {
			if a.Value == 0 { // nothing is said about sums of nothing
				cells[i].Sum, cells[i].Min, cells[i].Max = 0, 0, 0
			}
		}
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%+v: cells differ (-want +got):\n%s", a, diff)
	}
}

func (s *subject) aggregate(t tb, a repo.Aggregation) []repo.Cell {
	t.Helper()
	got, err := s.Aggregate(t.Context(), s.project, a)
	if err != nil {
		t.Fatalf("Aggregate %+v: %v", a, err)
	}
	return got
}

func aggregationsAreAsDefined(t *testing.T, s *subject) {
	corpus := conditionCorpus(t, s, 60)
	conditions := condition(everyTerm())
	rapid.Check(t, func(t *rapid.T) {
		a := repo.Aggregation{Spans: spanQuery(t), MaxCells: 10_000}
		a.Spans.Start = model.TimeRange{Start: at(-1, time.Duration(rapid.IntRange(0, 30).Draw(t, "start"))*time.Hour)}
		a.Spans.Start.End = a.Spans.Start.Start + int64(rapid.IntRange(1, 80).Draw(t, "hours"))*int64(time.Hour)
		a.Step = rapid.SampledFrom([]int64{int64(10 * time.Minute), int64(7 * time.Hour), int64(1000 * time.Hour), math.MaxInt64}).Draw(t, "step")
		a.By = rapid.SliceOfNDistinct(rapid.SampledFrom(labelColumns), 0, 3, rapid.ID).Draw(t, "by")
		a.Value = rapid.SampledFrom(valueColumns).Draw(t, "value")
		if a.Value != 0 && rapid.Bool().Draw(t, "buckets") {
			a.Bounds = []float64{-1, 0, 1, 1.5, 1e9, 2e9, 4e18}
		}
		if rapid.Bool().Draw(t, "where") {
			a.Spans.Where = conditions.Draw(t, "condition")
		}
		sameCells(t, a, corpus.cellsOf(s.project, a), s.aggregate(t, a))
	})
}

// sumsAreExact adds up numbers whose sum int64 cannot hold, and such as would
// be lost if they were added as floating point.
func sumsAreExact(t *testing.T, s *subject) {
	var spans []*model.Span
	for n, tokens := range []int64{1 << 62, 1<<53 + 1, 1, 1, 1 << 62, 1 << 62} {
		span := plain(s.project, 1, n, at(0, noon)+int64(n))
		span.Type, span.Usage.Input = model.TypeLLM, tokens
		spans = append(spans, span)
	}
	s.write(t, spans...)
	a := repo.Aggregation{Step: int64(time.Hour), Value: query.UsageInput, MaxCells: 10,
		Spans: repo.SpanQuery{Start: model.TimeRange{Start: at(0, noon), End: at(0, noon) + 4}}}
	got := s.aggregate(t, a)
	if want := float64(1<<62 + 1<<53 + 3); len(got) != 1 || got[0].Sum != want {
		t.Errorf("got %+v, want the sum %f", got, want)
	}
	a.Spans.Start.End += 4
	got = s.aggregate(t, a)
	if want := float64(3*(1<<62) + 1<<53 + 3); len(got) != 1 || got[0].Sum != want {
		t.Errorf("got %+v, want the sum %f", got, want)
	}
}

func aggregationWithTooManyCells(t *testing.T, s *subject) {
	var spans []*model.Span
	for n := range 40 {
		spans = append(spans, plain(s.project, n, n, at(n%3, noon)))
	}
	s.write(t, spans...)
	a := repo.Aggregation{Step: model.NanosPerDay, By: []query.Intrinsic{query.Name}, MaxCells: 39,
		Spans: repo.SpanQuery{Start: model.TimeRange{Start: at(0, 0), End: at(3, 0)}}}
	if got, err := s.Aggregate(t.Context(), s.project, a); !errors.Is(err, repo.ErrTooMany) {
		t.Errorf("%d cells, %v; want ErrTooMany", len(got), err)
	}
	a.MaxCells = 40
	if got := s.aggregate(t, a); len(got) != 40 {
		t.Errorf("%d cells, want 40", len(got))
	}
}

// aggregationWithTooMuchText has two labels of ten bytes in each of three steps.
func aggregationWithTooMuchText(t *testing.T, s *subject) {
	var spans []*model.Span
	for n := range 12 {
		span := plain(s.project, n, n, at(n%3, noon)+int64(n))
		span.Name = []string{"first name", "other name"}[n/6]
		spans = append(spans, span)
	}
	s.write(t, spans...)
	a := repo.Aggregation{Step: model.NanosPerDay, By: []query.Intrinsic{query.Name}, MaxCells: 100, MaxText: 59,
		Spans: repo.SpanQuery{Start: model.TimeRange{Start: at(0, 0), End: at(3, 0)}}}
	if got, err := s.Aggregate(t.Context(), s.project, a); !errors.Is(err, repo.ErrTooMany) {
		t.Errorf("%d cells, %v; want ErrTooMany", len(got), err)
	}
	a.MaxText = 60
	if got := s.aggregate(t, a); len(got) != 6 {
		t.Errorf("%d cells, want 6", len(got))
	}
}

func aggregationOfNothing(t *testing.T, s *subject) {
	s.write(t, plain(s.project, 1, 1, at(0, noon)))
	a := repo.Aggregation{Step: 1, MaxCells: 1, Spans: repo.SpanQuery{Start: model.TimeRange{Start: at(0, 0), End: at(1, 0)}}}
	a.Spans.Where = plan.Any{}
	if got := s.aggregate(t, a); len(got) != 0 {
		t.Errorf("%d cells of no spans", len(got))
	}
	a.Spans.Where = nil
	a.Spans.Start = model.TimeRange{Start: at(50, 0), End: at(60, 0)}
	if got := s.aggregate(t, a); len(got) != 0 {
		t.Errorf("%d cells of a time without spans", len(got))
	}
}
