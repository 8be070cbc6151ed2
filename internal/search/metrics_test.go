package search

import (
	"errors"
	"fmt"
	"testing"

	"github.com/agenttrace/agenttrace/internal/query/series"
)

// grid of four steps over the first 100 traces.
var grid = series.Grid{Start: began, End: began + 100*second, Step: 25 * second}

func TestMetricsThatColumnsAnswerReadNoSpans(t *testing.T) {
	m := newMemory(t, 2, runs(100)...)
	for _, text := range []string{
		`{ type = llm } | rate() by (model:name)`,
		`{ type = llm } | quantile_over_time(duration, .5, .99) by (model:name)`,
		`{ resource.service.name = "desk" } | sum_over_time(usage:input)`,
	} {
		got, err := (&Engine{Store: m}).Metrics(t.Context(), project, parse(t, text), grid, 0)
		if err != nil || len(got) == 0 {
			t.Errorf("%s: got %d series, %v", text, len(got), err)
		}
	}
	if m.reads() != 0 || m.count("Spans") != 0 {
		t.Errorf("%d traces and %d pages of spans were read", m.reads(), m.count("Spans"))
	}
}

func TestMetricsReadATraceOnce(t *testing.T) {
	m := newMemory(t, 2, interleaved(400)...)
	g := series.Grid{Start: began, End: began + 4000*second, Step: 100 * second}
	got, err := (&Engine{Store: m}).Metrics(t.Context(), project, parse(t, `{ .turn >= 0 } | count_over_time()`), g, 0)
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, p := range got[0].Points {
		total += p.Value
	}
	if total != 1200 || m.reads() != 400 {
		t.Errorf("counted %v spans, read 400 traces %d times", total, m.reads())
	}
}

func TestSpansInTimeCountAlsoWhenTheirTraceBeganBefore(t *testing.T) {
	m := newMemory(t, 2, interleaved(100)...)
	g := series.Grid{Start: began + 900*second, End: began + 1900*second, Step: 1000 * second}
	for _, text := range []string{`{ name = "run" } > {} | count_over_time()`, `{ name = "ask" } | count_over_time()`} {
		got, err := (&Engine{Store: m}).Metrics(t.Context(), project, parse(t, text), g, 0)
		if err != nil || len(got) != 1 || got[0].Points[0].Value != 100 {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
}

func TestExemplarsAreSpansOfTheirSeries(t *testing.T) {
	m := newMemory(t, 2, runs(100)...)
	for _, text := range []string{
		`{ type = llm } | count_over_time() by (model:name)`,
		`{ type = llm } | max_over_time(duration) by (model:name)`,
		`{ type = llm } | max_over_time(usage:input) by (model:name, tool:name)`,
		`{ type = llm } | quantile_over_time(duration, .9) by (model:name)`,
	} {
		for _, streamed := range []bool{false, true} {
			got, err := (&Engine{Store: m}).metrics(t.Context(), project, parse(t, text), grid, 2, streamed)
			if err != nil || len(got) != 2 {
				t.Fatalf("%s: got %d series, %v", text, len(got), err)
			}
			for i, s := range got {
				if len(s.Exemplars) != 2 {
					t.Errorf("%s, streamed %v: got %d exemplars", text, streamed, len(s.Exemplars))
				}
				for _, e := range s.Exemplars {
					checkExemplar(t, m, text, fmt.Sprintf("gpt-%d", i), e)
				}
			}
		}
	}
}

func checkExemplar(t *testing.T, m *memory, text, model string, e series.Exemplar) {
	t.Helper()
	for _, span := range m.whole[e.TraceID] {
		if span.SpanID != e.SpanID {
			continue
		}
		values := map[float64]bool{1: true, float64(span.Usage.Input): true, float64(span.EndNano-span.StartNano) / 1e9: true}
		if span.StartNano != e.Time || span.Model != model || !values[e.Value] {
			t.Errorf("%s: exemplar %+v is of %s at %d", text, e, span.Model, span.StartNano)
		}
		return
	}
	t.Errorf("%s: exemplar %+v is no span", text, e)
}

func TestLookingUpExemplarsIsBounded(t *testing.T) {
	m := newMemory(t, 2, runs(300)...)
	g := series.Grid{Start: began, End: began + 300*second, Step: second}
	got, err := (&Engine{Store: m}).Metrics(t.Context(), project, parse(t, `{ type = llm } | rate() by (usage:input)`), g, 2)
	if err != nil || len(got) != 300 {
		t.Fatalf("got %d series, %v", len(got), err)
	}
	if n := m.count("Spans"); n != mostLookups {
		t.Errorf("%d exemplars were looked up", n)
	}
	for _, s := range got {
		for _, e := range s.Exemplars {
			if e.TraceID.IsZero() {
				t.Fatalf("exemplar %+v has no ids", e)
			}
		}
	}
}

func TestAnswersOfMetricsAreBounded(t *testing.T) {
	m := newMemory(t, 2, runs(100)...)
	for _, test := range []struct {
		query  string
		limits Limits
		flag   string
	}{
		{`{ type = llm } | rate() by (usage:input)`, Limits{MaxSeries: 99}, FlagMaxSeries},
		{`{ type = llm } | rate() by (usage:input)`, Limits{MaxPoints: 99}, FlagMaxPoints},
		{`{ type = llm } | quantile_over_time(usage:input, 0.5)`, Limits{MaxPoints: 5}, FlagMaxPoints},
		{`{} | rate()`, Limits{MaxPoints: 3}, FlagMaxPoints},
	} {
		for _, streamed := range []bool{false, true} {
			e := &Engine{Store: m, Limits: test.limits}
			_, err := e.metrics(t.Context(), project, parse(t, test.query), grid, 0, streamed)
			if broad, ok := errors.AsType[*TooBroad](err); !ok || broad.Limit != test.flag {
				t.Errorf("%s, streamed %v: got %v, want %s", test.query, streamed, err, test.flag)
			}
		}
	}
}

func TestMetricsAreOfMetricsQueriesOnly(t *testing.T) {
	if _, err := (&Engine{Store: newMemory(t, 1, runs(1)...)}).Metrics(t.Context(), project, parse(t, `{}`), grid, 0); err == nil {
		t.Error("a search has series")
	}
	got, err := (&Engine{Store: newMemory(t, 1, runs(1)...)}).Metrics(t.Context(), project, parse(t, `{} | rate()`), series.Grid{}, 0)
	if err != nil || len(got) != 0 {
		t.Errorf("on a grid without steps: %v, %v", got, err)
	}
}

func TestErrorsOfTheStoreComeThroughMetrics(t *testing.T) {
	for method, text := range map[string]string{
		"Aggregate":  `{ type = llm } | rate()`,
		"Spans":      `{ .turn > 0 } | rate()`,
		"TraceSpans": `{ name = "run" } > {} | rate()`,
		"Segments":   `{ .turn > 0 } | rate()`,
	} {
		m := newMemory(t, 2, runs(100)...)
		m.before = func(called string) error {
			if called == method {
				return errBroken
			}
			return nil
		}
		if _, err := (&Engine{Store: m}).Metrics(t.Context(), project, parse(t, text), grid, 0); !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v", method, err)
		}
	}
}
