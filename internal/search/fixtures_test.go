package search

import (
	"encoding/binary"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
)

// began is when the first trace of the tests starts; the others follow, a second
// after each other.
var began = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC).UnixNano()

const second = int64(time.Second)

func traceID(n int) (id model.TraceID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n+1))
	return id
}

func spanID(n int) (id model.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n+1))
	return id
}

// run returns the nth trace: an agent that asks a model and calls a tool, which
// fails in every third trace. Every tenth one is about a parcel. The agent's
// spans lie a second apart, its children's right behind them.
func run(n int) []*model.Span {
	start := began + int64(n)*second
	make := func(place int, kind model.SpanType, name string) *model.Span {
		s := &model.Span{
			TraceID: traceID(n), SpanID: spanID(place), Name: name, Type: kind, Service: "desk",
			StartNano: start + int64(place)*100, EndNano: start + int64(place)*100 + int64(n%7+1)*1e6,
			Body: &model.Body{Attributes: []model.KeyValue{{Key: "turn", Value: model.IntValue(int64(n))}}},
		}
		if place > 0 {
			s.ParentID = spanID(0)
		}
		return s
	}
	agent, ask, tool := make(0, model.TypeAgent, "run"), make(1, model.TypeLLM, "ask"), make(2, model.TypeTool, "track")
	agent.Identity.AgentID, agent.Identity.SessionID = "support", fmt.Sprintf("session-%d", n%4)
	agent.Body.Input.Value = "Where is my invoice?"
	if n%10 == 0 {
		agent.Body.Input.Value = "Where is my parcel?"
	}
	ask.Model, ask.Usage = fmt.Sprintf("gpt-%d", n%2), model.Usage{Input: int64(n + 1)}
	tool.ToolName = "track"
	if n%3 == 0 {
		tool.Status, tool.Failed = model.StatusError, true
	}
	for _, s := range []*model.Span{agent, ask, tool} {
		otlp.AddMissingAttributes(s)
	}
	return []*model.Span{agent, ask, tool}
}

// runs returns the first n traces.
func runs(n int) (spans []*model.Span) {
	for i := range n {
		spans = append(spans, run(i)...)
	}
	return spans
}

func parse(t testing.TB, text string) *query.Query {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// collect ranges over a search until it ends, and returns its results before
// the error.
func collect[T any](found iter.Seq2[T, error]) (all []T, err error) {
	for one, err := range found {
		if err != nil {
			return all, err
		}
		all = append(all, one)
	}
	return all, nil
}

func must[T any](t testing.TB, found iter.Seq2[T, error]) []T {
	t.Helper()
	all, err := collect(found)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
