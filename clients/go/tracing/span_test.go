package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/internal/model"
)

func TestAFunctionIsWrapped(t *testing.T) {
	r := record(t)
	double := tracing.Wrap(r.Tool, "double", func(ctx context.Context, n int) (int, error) {
		_, inner := tracing.Chain(ctx, "inner")
		inner.End()
		if n < 0 {
			return 0, fmt.Errorf("doubling: %w", &typedError{})
		}
		return 2 * n, nil
	})
	if got, err := double(t.Context(), 21); got != 42 || err != nil {
		t.Error(got, err)
	}
	if _, err := double(t.Context(), -1); err == nil {
		t.Error("the error is gone")
	}
	spans := r.spans(t)
	inner, good, bad := spans[0], spans[1], spans[3]
	if inner.ParentID != good.SpanID {
		t.Error("what the function does is not below its span")
	}
	if good.Body.ToolArguments != "21" || good.Body.ToolResult != "42" || good.Failed || good.Status != model.StatusOK {
		t.Errorf("%q gave %q, failed %v", good.Body.ToolArguments, good.Body.ToolResult, good.Failed)
	}
	if !bad.Failed || bad.Status != model.StatusError || bad.ErrorType != "rate_limit" || bad.ErrorMessage != "doubling: "+failure || bad.Body.Output.Value != "" {
		t.Errorf("failed %v with %s: %s, output %q", bad.Failed, bad.ErrorType, bad.ErrorMessage, bad.Body.Output.Value)
	}
}

func TestDocumentsThatAFunctionReturnsAreDocuments(t *testing.T) {
	r := record(t)
	_, err := tracing.Run(t.Context(), r.Retriever, "almanac", "Paris", func(context.Context, string) ([]tracing.Document, error) {
		return []tracing.Document{{ID: "doc-1"}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := model.Lookup(r.only(t).Body.Attributes, "retrieval.documents.0.document.id"); id.Str != "doc-1" {
		t.Errorf("the document is %q", id.Str)
	}
}

func TestAPanicIsRecordedAndPassesOn(t *testing.T) {
	for name, c := range map[string]struct {
		value         any
		class, saying string
	}{
		"a text":   {"boom", "panic", "boom"},
		"an error": {&typedError{}, "panic: rate_limit", failure},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t)
			passed := func() (passed any) {
				defer func() { passed = recover() }()
				_, _ = tracing.Run(t.Context(), r.Tool, "t", 1, func(context.Context, int) (int, error) { panic(c.value) })
				return nil
			}()
			if passed != c.value {
				t.Errorf("%v passed on, want %v", passed, c.value)
			}
			s := r.only(t)
			if !s.Failed || s.ErrorType != c.class || s.ErrorMessage != c.saying || !strings.Contains(s.Body.Stacktrace, "span_test.go") {
				t.Errorf("failed %v, %s: %s\n%s", s.Failed, s.ErrorType, s.ErrorMessage, s.Body.Stacktrace)
			}
		})
	}
}

func TestTheFirstEndCounts(t *testing.T) {
	r := record(t)
	_, s := r.Agent(t.Context(), "a")
	s.End()
	s.SetOutput("late")
	s.Fail(errors.New("late"))
	s.End()
	if got := r.only(t); got.Failed || got.Body.Output.Value != "" {
		t.Errorf("failed %v, output %q", got.Failed, got.Body.Output.Value)
	}
}

func TestNothingHappensOnNil(t *testing.T) {
	var s *tracing.Span
	var m tracing.ModelSpan
	for _, s := range []*tracing.Span{s, m.Span} {
		s.SetInput(1)
		s.SetOutput(1)
		s.SetDocuments(tracing.Document{})
		s.SetAttributes(attribute.Int("a", 1))
		s.Event("e")
		s.Fail(errors.New("f"))
		s.End()
		if s.Recording() || s.RunID()+s.TraceID()+s.SpanID() != "" || s.Otel() == nil {
			t.Error("a nil span is something")
		}
	}
	m.FirstToken()
	m.SetResult(tracing.ModelResult{})
	m.End()
	r := receive(t)
	shutdown := setup(t)
	for _, none := range []*tracing.Tracer{nil, {}} {
		ctx, run := none.Agent(t.Context(), "a", tracing.Input("x"))
		_, call := tracing.Model(ctx, tracing.ModelCall{})
		call.SetResult(tracing.ModelResult{})
		call.End()
		run.End()
		if run.Recording() || call.Recording() || run.RunID() == "" {
			t.Error("no tracer records, or knows no run")
		}
	}
	shutdown()
	if n := len(r.spans(t)); n != 0 {
		t.Errorf("%d spans were sent", n)
	}
}

func TestRunsHaveIdsAlsoWhenNobodyRecords(t *testing.T) {
	tracer, err := tracing.NewTracer(noop.NewTracerProvider())
	if err != nil {
		t.Fatal(err)
	}
	ctx, team := tracer.Team(t.Context(), "t")
	_, agent := tracing.Agent(ctx, "a")
	_, tool := tracing.Tool(ctx, "f")
	if team.RunID() == "" || agent.RunID() == "" || team.RunID() == agent.RunID() || tool.RunID() != team.RunID() {
		t.Errorf("team %q, agent %q, tool %q", team.RunID(), agent.RunID(), tool.RunID())
	}
	if team.TraceID() != "" || team.SpanID() != "" {
		t.Error("ids without a trace")
	}
}

// awkward is a value whose methods panic.
type awkward struct{}

func (*awkward) MarshalJSON() ([]byte, error) { panic("no") }
func (*awkward) Error() string                { panic("no") }

// No value that is recorded, however awkward, ends the program, keeps a span from
// being sent, or takes others with it.
func TestAnyValueCanBeRecorded(t *testing.T) {
	var nowhere *typedError
	for name, value := range map[string]any{
		"nil": nil, "no UTF-8": "\xff\xfe", "bytes": []byte{0xff}, "a function": func() {}, "a channel": make(chan int), "not a number": math.NaN(),
		"a nil error": nowhere, "one that panics": &awkward{}, "one in a map": map[string]any{"a": &awkward{}, "b": 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, tracing.GenAI(true))
			_, s := r.Tool(tracing.WithMetadata(t.Context(), map[string]any{"v": value, "n": 1}), "t\xff", tracing.Input(value), tracing.Attributes(attribute.String("x", "\xff"), attribute.StringSlice("y", []string{"\xff"})))
			s.SetOutput(value)
			if err, ok := value.(error); ok {
				s.Fail(err)
			}
			s.Fail(fmt.Errorf("no UTF-8: \xff"))
			s.End()
			got := r.only(t)
			if metadata, _ := model.Lookup(got.Body.Attributes, "metadata"); !strings.Contains(metadata.Str, `"n":1`) {
				t.Errorf("metadata is %s", metadata.Str)
			}
			if !got.Failed || got.ErrorMessage != "no UTF-8: \uFFFD" {
				t.Errorf("the failure is %q", got.ErrorMessage)
			}
		})
	}
}

func TestErrorsAreNamedByWhatTheyAre(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a text":              {errors.New("x"), "error"},
		"says it itself":      {fmt.Errorf("wrapped: %w", &typedError{}), "rate_limit"},
		"cancelled":           {fmt.Errorf("wrapped: %w", context.Canceled), "context.Canceled"},
		"too late":            {context.DeadlineExceeded, "context.DeadlineExceeded"},
		"a type under a text": {fmt.Errorf("wrapped: %w", &plainError{}), "*tracing_test.plainError"},
		"joined":              {errors.Join(errors.New("x"), &plainError{}), "error"},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t)
			_, s := r.Chain(t.Context(), "c")
			s.Fail(c.err)
			s.End()
			if got := r.only(t).ErrorType; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

type plainError struct{}

func (*plainError) Error() string { return "plain" }

// The excerpts that stand for a conversation are short and end between characters.
func TestExcerptsAreShort(t *testing.T) {
	r := record(t)
	_, m := r.Model(t.Context(), tracing.ModelCall{Messages: []tracing.Message{{Role: "user", Content: "a" + strings.Repeat("é", 5000)}}})
	m.End()
	s := r.only(t)
	if got := s.Body.Input.Value; len(got) > 1100 || !strings.HasSuffix(got, "é…") || len(s.Body.InputMessages[0].Content) != 10001 {
		t.Errorf("%d bytes that end in %q", len(got), got[len(got)-8:])
	}
}

func TestTheFirstTokenIsTimed(t *testing.T) {
	r := record(t)
	_, m := r.Model(t.Context(), tracing.ModelCall{})
	m.FirstToken()
	m.FirstToken()
	m.SetResult(tracing.ModelResult{})
	m.End()
	if s := r.only(t); s.FirstTokenNano <= 0 || s.FirstTokenNano > s.EndNano-s.StartNano {
		t.Errorf("after %d of %d ns", s.FirstTokenNano, s.EndNano-s.StartNano)
	}
}

// One span may be told of from many goroutines, and ended by any of them.
func TestASpanIsSafeForManyGoroutines(t *testing.T) {
	r := record(t, tracing.GenAI(true))
	ctx, run := r.Agent(t.Context(), "a")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			run.SetInput(i)
			run.SetOutput(map[string]int{"i": i})
			run.Fail(errors.New("x"))
			_, call := tracing.Model(tracing.WithTags(ctx, "t"), tracing.ModelCall{Messages: []tracing.Message{{Content: "x"}}})
			call.FirstToken()
			call.SetResult(tracing.ModelResult{})
			call.End()
			run.End()
		})
	}
	all.Wait()
	if n := len(r.spans(t)); n != 9 {
		t.Errorf("%d spans", n)
	}
}
