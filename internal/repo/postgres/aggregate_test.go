package postgres_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// manyDays are more than one query sums up.
const manyDays = 40

// fields are intrinsics with what a span says of them; nil values are absent.
var fields = map[query.Intrinsic]func(s *model.Span) query.Value{
	query.Name:       func(s *model.Span) query.Value { return textOrNil(s.Name) },
	query.ModelName:  func(s *model.Span) query.Value { return textOrNil(s.Model) },
	query.SessionID:  func(s *model.Span) query.Value { return textOrNil(s.SessionID) },
	query.Project:    func(s *model.Span) query.Value { return textOrNil(s.Project) },
	query.TraceID:    func(s *model.Span) query.Value { return textOrNil(s.TraceID.String()) },
	query.SpanID:     func(s *model.Span) query.Value { return textOrNil(s.SpanID.String()) },
	query.Status:     func(s *model.Span) query.Value { return query.Value{Kind: query.KindStatus, Int: int64(s.Status)} },
	query.SpanKind:   func(s *model.Span) query.Value { return query.Value{Kind: query.KindSpanKind, Int: int64(s.Kind)} },
	query.Type:       func(s *model.Span) query.Value { return query.Value{Kind: query.KindType, Int: int64(s.Type)} },
	query.Failed:     func(s *model.Span) query.Value { return query.Boolean(s.Failed) },
	query.UsageInput: func(s *model.Span) query.Value { return usageOrNil(s, s.Usage.Input) },
	query.UsageTotal: func(s *model.Span) query.Value { return usageOrNil(s, s.Usage.Sum()) },
	query.SpanDuration: func(s *model.Span) query.Value {
		return query.Duration(s.EndNano - s.StartNano)
	},
	query.ParentID: func(s *model.Span) query.Value {
		if s.IsRoot() {
			return query.Value{}
		}
		return query.Text(s.ParentID.String())
	},
	query.RootMark: func(s *model.Span) query.Value {
		if s.IsRoot() {
			return query.Integer(-1)
		}
		return query.Integer(1)
	},
}

func textOrNil(s string) query.Value {
	if s == "" {
		return query.Value{}
	}
	return query.Text(s)
}

func usageOrNil(s *model.Span, n int64) query.Value {
	if !s.Type.CallsModel() || s.Usage == (model.Usage{}) {
		return query.Value{}
	}
	return query.Integer(n)
}

// counted draws a span that is somewhere on many days.
func counted(t *rapid.T, project string) *model.Span {
	name := rapid.SampledFrom([]string{"", "a", "b", "ä ☃", `{"}`})
	s := span(byte(rapid.IntRange(0, 3).Draw(t, "trace")), byte(rapid.IntRange(1, 9).Draw(t, "id")), 0)
	s.Project, s.Name, s.Model, s.SessionID = project, name.Draw(t, "name"), name.Draw(t, "model"), name.Draw(t, "session")
	s.StartNano = noon(rapid.IntRange(0, manyDays-1).Draw(t, "day")) + rapid.Int64Range(0, int64(11*time.Hour)).Draw(t, "time")
	s.EndNano = s.StartNano + rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, 1<<50)).Draw(t, "duration")
	s.ParentID = model.SpanIDFromInt64(rapid.SampledFrom([]int64{0, 1, -1}).Draw(t, "parent"))
	s.Status, s.Kind = model.StatusCode(rapid.IntRange(0, 2).Draw(t, "status")), model.SpanKind(rapid.IntRange(0, 5).Draw(t, "kind"))
	s.Type, s.Failed = rapid.SampledFrom([]model.SpanType{0, model.TypeLLM, model.TypeEmbedding, model.TypeTool}).Draw(t, "type"), rapid.Bool().Draw(t, "failed")
	tokens := rapid.SampledFrom([]int64{0, 0, 1, 7, 1 << 40})
	s.Usage = model.Usage{Input: tokens.Draw(t, "input"), CacheRead: tokens.Draw(t, "cached"), AudioOutput: tokens.Draw(t, "audio"), Total: tokens.Draw(t, "total")}
	return s
}

func aggregation(t *rapid.T) repo.Aggregation {
	labels := []query.Intrinsic{
		query.Name, query.ModelName, query.SessionID, query.Project, query.TraceID, query.SpanID, query.ParentID,
		query.Status, query.SpanKind, query.Type, query.Failed, query.UsageInput, query.RootMark,
	}
	a := repo.Aggregation{
		Step:     rapid.SampledFrom([]int64{int64(time.Hour), int64(35 * time.Hour), int64(40 * 24 * time.Hour), 1 << 62}).Draw(t, "step"),
		By:       rapid.SliceOfNDistinct(rapid.SampledFrom(labels), 0, 2, rapid.ID).Draw(t, "by"),
		Value:    rapid.SampledFrom([]query.Intrinsic{0, query.SpanDuration, query.UsageInput, query.UsageTotal, query.RootMark}).Draw(t, "value"),
		MaxCells: 1000,
	}
	a.Spans.Start.Start = noon(rapid.IntRange(-1, manyDays).Draw(t, "from")) - 7
	a.Spans.Start.End = noon(rapid.IntRange(0, manyDays+1).Draw(t, "to")) + 7
	if rapid.Bool().Draw(t, "of a name") {
		a.Spans.Name = "a"
	}
	if a.Value != 0 {
		a.Bounds = rapid.SampledFrom([][]float64{nil, {7}, {-1, 0, 1, 1}, {0.5, 7, 1e3, 1e9, 1e15}}).Draw(t, "bounds")
	}
	return a
}

// cellsOf does what an aggregation says, span by span.
func cellsOf(spans []*model.Span, a repo.Aggregation) []repo.Cell {
	cells, sums := map[string]*repo.Cell{}, map[string]*big.Int{}
	for _, s := range spans {
		value := query.Integer(0)
		if a.Value != 0 {
			value = fields[a.Value](s)
		}
		if !a.Spans.Start.Contains(s.StartNano) || a.Spans.Name != "" && s.Name != a.Spans.Name || value.Kind == query.KindNil {
			continue
		}
		cell := repo.Cell{Step: (s.StartNano - a.Spans.Start.Start) / a.Step, Labels: []query.Value{}, Min: value.Int, Max: value.Int, First: s.StartNano}
		for _, by := range a.By {
			cell.Labels = append(cell.Labels, fields[by](s))
		}
		for _, bound := range a.Bounds {
			if float64(value.Int) >= bound {
				cell.Bucket++
			}
		}
		key := placeOf(cell)
		if cells[key] == nil {
			cells[key], sums[key] = &cell, new(big.Int)
		}
		c := cells[key]
		c.Count++
		c.Min, c.Max, c.First = min(c.Min, value.Int), max(c.Max, value.Int), min(c.First, s.StartNano)
		sums[key].Add(sums[key], big.NewInt(value.Int))
	}
	all := []repo.Cell{}
	for key, c := range cells {
		c.Sum, _ = sums[key].Float64()
		all = append(all, *c)
	}
	return ordered(all)
}

func placeOf(c repo.Cell) string { return fmt.Sprint(c.Step, c.Bucket, c.Labels) }

func ordered(cells []repo.Cell) []repo.Cell {
	slices.SortFunc(cells, func(a, b repo.Cell) int { return cmp.Compare(placeOf(a), placeOf(b)) })
	return cells
}

// TestAggregateSumsUpSpanBySpan has steps of time that lie on the days of one
// query, and such that reach into the next.
func TestAggregateSumsUpSpanBySpan(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{})
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		project := fmt.Sprintf("p%d", n)
		spans := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) *model.Span { return counted(t, project) }), 0, 30,
			func(s *model.Span) string { return fmt.Sprint(s.TraceID, s.SpanID, s.StartNano) }).Draw(t, "spans")
		batch := records(spans...)
		for _, s := range spans {
			other := *s
			other.Project += "'" // whose spans must not count
			batch = append(batch, records(&other)...)
		}
		if _, err := store.Write(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			a := aggregation(t)
			got, err := store.Aggregate(t.Context(), project, a)
			if err != nil {
				t.Fatalf("%+v: %v", a, err)
			}
			if diff := gocmp.Diff(cellsOf(spans, a), ordered(got)); diff != "" {
				t.Fatalf("%+v: cells differ (-want +got):\n%s", a, diff)
			}
		}
	})
}

// daily returns a span on each of many days, of seven names.
func daily() []*model.Span {
	var spans []*model.Span
	for day := range manyDays {
		s := span(1, byte(day+1), noon(day))
		s.Name = fmt.Sprint(day % 7)
		spans = append(spans, s)
	}
	return spans
}

// TestCellsOfStepsThatTwoQueriesShareAreOne has steps of all lengths, of which
// one reaches over the end of the days that one query sums up.
func TestCellsOfStepsThatTwoQueriesShareAreOne(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{})
	spans := daily()
	write(t, store, records(spans...))
	for days := range manyDays {
		for _, by := range [][]query.Intrinsic{nil, {query.Name}} {
			a := repo.Aggregation{Step: int64(days+1) * model.NanosPerDay, By: by, Value: query.SpanDuration, MaxCells: manyDays}
			a.Spans.Start = model.TimeRange{Start: noon(0) - 1, End: noon(manyDays)}
			got, err := store.Aggregate(t.Context(), "default", a)
			if diff := gocmp.Diff(cellsOf(spans, a), ordered(got)); err != nil || diff != "" {
				t.Errorf("steps of %d days: %v (-want +got):\n%s", days+1, err, diff)
			}
		}
	}
}

// TestAggregateCountsCellsOfAllQueries has as many cells as are allowed, or one
// more, on days that one query sums up or several do, in steps that both share.
func TestAggregateCountsCellsOfAllQueries(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{})
	write(t, store, records(daily()...))
	for step, cells := range map[int64]int{model.NanosPerDay: manyDays, manyDays * model.NanosPerDay: 7} {
		a := repo.Aggregation{Step: step, By: []query.Intrinsic{query.Name}, MaxCells: cells}
		a.Spans.Start = model.TimeRange{Start: noon(0), End: noon(manyDays)}
		if got, err := store.Aggregate(t.Context(), "default", a); err != nil || len(got) != cells {
			t.Errorf("step %d: %d cells, %v; want %d", step, len(got), err, cells)
		}
		a.MaxCells--
		if got, err := store.Aggregate(t.Context(), "default", a); !errors.Is(err, repo.ErrTooMany) {
			t.Errorf("step %d: %d cells, %v; want ErrTooMany", step, len(got), err)
		}
	}
}

// TestSumsOverManyDaysAreRoundedOnce adds numbers that are lost when they are
// added one by one to what is rounded.
func TestSumsOverManyDaysAreRoundedOnce(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{})
	var batch []model.Record
	for day := range manyDays {
		s := span(byte(day+1), 1, noon(day))
		s.Type, s.Usage.Input = model.TypeLLM, 1
		if day == 0 {
			s.Usage.Input = 1 << 62
		}
		batch = append(batch, records(s)...)
	}
	write(t, store, batch)
	a := repo.Aggregation{Step: 1 << 62, Value: query.UsageInput, MaxCells: 1}
	a.Spans.Start = model.TimeRange{Start: noon(0), End: noon(manyDays)}
	want := []repo.Cell{{Labels: []query.Value{}, Count: manyDays, Sum: float64(1<<62 + manyDays - 1), Min: 1, Max: 1 << 62, First: noon(0)}}
	got, err := store.Aggregate(t.Context(), "default", a)
	if diff := gocmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
