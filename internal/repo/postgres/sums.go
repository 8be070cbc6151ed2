package postgres

import (
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// usageColumns and costColumnNames are the columns of usage and of cost, in the
// order in which the structures have them.
func usageColumns() []string {
	return []string{
		`input_tokens`, `cache_read_tokens`, `cache_write_tokens`, `output_tokens`, `reasoning_tokens`,
		`audio_input_tokens`, `audio_output_tokens`, `reported_total_tokens`,
	}
}

func costColumnNames() []string {
	return []string{`cost_nano`, `reported_cost_nano`, `computed_cost_nano`, `reported_calls`, `computed_calls`, `unpriced_calls`}
}

// tallyColumns are those of a model.Tally.
func tallyColumns() []string {
	return slices.Concat(
		[]string{`spans`, `model_calls`, `model_failures`, `tool_calls`, `tool_failures`, `retries`},
		usageColumns(), costColumnNames(),
	)
}

// sumSQL sums a column up. What no bigint can hold is the greatest one: a number
// that somebody made up must not fail all that are summed up with it.
func sumSQL(column string) string {
	return `greatest(least(coalesce(sum(` + column + `), 0), 9223372036854775807), -9223372036854775807)::bigint`
}

// tallySums returns where the values of tallyColumns go.
func tallySums(t *model.Tally) []*int64 {
	return slices.Concat(
		[]*int64{&t.Spans, &t.ModelCalls, &t.ModelFailures, &t.ToolCalls, &t.ToolFailures, &t.Retries},
		usageSums(&t.Usage), costSums(&t.Cost),
	)
}

func usageSums(u *model.Usage) []*int64 {
	return []*int64{&u.Input, &u.CacheRead, &u.CacheWrite, &u.Output, &u.Reasoning, &u.AudioInput, &u.AudioOutput, &u.Total}
}

func costSums(c *model.Cost) []*int64 {
	return []*int64{&c.Nano, &c.Reported, &c.Computed, &c.ReportedCalls, &c.ComputedCalls, &c.UnpricedCalls}
}
