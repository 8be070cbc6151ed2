package runs_test

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// known is what is known of a span.
type known struct {
	Owner    *model.Run
	Identity model.Identity
}

func spansOf(d *runs.Derived) map[*model.Span]known {
	all := map[*model.Span]known{}
	for i, s := range d.Spans {
		k := known{Identity: d.Identity(i)}
		if j := d.Owner(i); j >= 0 {
			k.Owner = d.Runs[j]
		}
		all[s] = k
	}
	return all
}

func TestTheOrderOfTheSpansDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := anyTrace().Draw(t, "spans")
		d, again := runs.Of(spans, prices{}), runs.Of(rapid.Permutation(spans).Draw(t, "other order"), prices{})
		if !slices.Equal(d.Spans, again.Spans) {
			t.Fatal("the spans come in another order")
		}
		if diff := gocmp.Diff([]any{d.Runs, d.Bills, d.Parts, spansOf(d)}, []any{again.Runs, again.Bills, again.Parts, spansOf(again)}); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTheSpansAreNotChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := anyTrace().Draw(t, "spans")
		order, was := slices.Clone(spans), make([]model.Span, len(spans))
		for i, s := range spans {
			was[i] = *s
		}
		runs.Of(spans, prices{})
		if !slices.Equal(order, spans) {
			t.Fatal("the spans were put into another order")
		}
		for i, s := range spans {
			if diff := gocmp.Diff(was[i], *s, cmpopts.EquateNaNs()); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestWhatIsDerivedIsByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := traces().Draw(t, "spans")
		d, by := runs.Of(spans, prices{}), definition{spans}
		for i, s := range d.Spans {
			if got := d.Identity(i); got != by.identity(s) {
				t.Fatalf("%s is %+v, want %+v", s.SpanID, got, by.identity(s))
			}
			if owner := by.owner(s); (owner == nil) != (d.Owner(i) < 0) || owner != nil && !is(d.Runs[d.Owner(i)], owner) {
				t.Fatalf("%s belongs to %d, want %v", s.SpanID, d.Owner(i), owner)
			}
		}
		runSpans := slices.DeleteFunc(slices.Clone(d.Spans), func(s *model.Span) bool { return !s.Type.IsRun() })
		if !slices.EqualFunc(d.Runs, runSpans, is) {
			t.Fatalf("%d runs, want those of %d spans, in their order", len(d.Runs), len(runSpans))
		}
		for j, s := range runSpans {
			sameRun(t, by, d.Runs[j], s)
		}
	})
}

// is reports whether a run is that of a span.
func is(r *model.Run, s *model.Span) bool { return r.SpanID == s.SpanID && r.StartNano == s.StartNano }

func sameRun(t *rapid.T, by definition, got *model.Run, s *model.Span) {
	t.Helper()
	want := model.RunOf(s)
	want.Identity = by.identity(s)
	want.Own = by.own(s)
	want.Detail.Detached = by.detached(s)
	want.Detail.Total = by.total(s)
	want.Detail.Time = by.split(s)
	want.Detail.RootSpanID, want.Detail.RootRunID = s.SpanID, s.RunID
	for above := by.parentRun(s); above != nil; above = by.parentRun(above) {
		if want.Detail.ParentSpanID.IsZero() {
			want.Detail.ParentSpanID, want.Detail.ParentRunID = above.SpanID, above.RunID
		}
		want.Detail.RootSpanID, want.Detail.RootRunID = above.SpanID, above.RunID
	}
	for _, other := range by.spans {
		if other.Type.IsRun() && by.parentRun(other) == s {
			want.Detail.Children++
		}
	}
	if worst := by.worst(s); worst != nil {
		want.Failed = true
		want.Detail.Error = &model.RunError{SpanID: worst.SpanID, SpanName: worst.Name}
		for _, at := range by.upwards(worst) {
			want.Detail.Error.Path = append(want.Detail.Error.Path, at.Name)
			if at == s {
				break
			}
		}
		slices.Reverse(want.Detail.Error.Path)
	}
	have := *got
	have.Detail.Models, have.Detail.Tools, have.Detail.Steps = nil, nil, nil
	if diff := gocmp.Diff(want, &have); diff != "" {
		t.Fatalf("run %s (-want +got):\n%s", s.SpanID, diff)
	}
}

// account is what runs, bills and parts must agree on.
type account struct {
	ModelCalls, ModelFailures, ToolCalls, ToolFailures int64
	Usage                                              model.Usage
	Cost                                               model.Cost
}

func accountOf(t model.Tally) account {
	return account{t.ModelCalls, t.ModelFailures, t.ToolCalls, t.ToolFailures, t.Usage, t.Cost}
}

func accountOfBills(all []model.Bill) (a account) {
	for _, b := range all {
		if b.Kind == model.CallsOfTool {
			a.ToolCalls, a.ToolFailures = a.ToolCalls+b.Calls, a.ToolFailures+b.Failures
		} else {
			a.ModelCalls, a.ModelFailures = a.ModelCalls+b.Calls, a.ModelFailures+b.Failures
		}
		a.Usage, a.Cost = a.Usage.Plus(b.Usage), a.Cost.Plus(b.Cost)
	}
	return a
}

func TestRunsBillsAndPartsAddUpToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := traces().Draw(t, "spans")
		d := runs.Of(spans, prices{})
		sum := definition{spans}.own(nil) // what belongs to no run
		for _, r := range d.Runs {
			sum = sum.Plus(r.Own)
		}
		if diff := gocmp.Diff(accountOf(sum), accountOfBills(d.Bills)); diff != "" {
			t.Fatalf("(-runs +bills):\n%s", diff)
		}
		var parts model.TracePart
		for _, part := range d.Parts {
			parts.Spans, parts.Runs = parts.Spans+part.Spans, parts.Runs+part.Runs
			parts.Usage, parts.Cost = parts.Usage.Plus(part.Usage), parts.Cost.Plus(part.Cost)
		}
		want := model.TracePart{Spans: int64(len(spans)), Runs: int64(len(d.Runs)), Usage: sum.Usage, Cost: sum.Cost}
		if diff := gocmp.Diff(want, parts); diff != "" {
			t.Fatalf("(-runs +parts):\n%s", diff)
		}
	})
}

func TestTheTotalsOfTheTopmostRunsAreTheSumOfAllRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := runs.Of(anyTrace().Draw(t, "spans"), prices{})
		var all, roots model.Tally
		for _, r := range d.Runs {
			all = all.Plus(r.Own)
			if r.Detail.ParentSpanID.IsZero() {
				roots = roots.Plus(r.Detail.Total)
			}
		}
		if all != roots {
			t.Fatalf("all runs: %+v\nroots: %+v", all, roots)
		}
	})
}

func TestTheTimesOfARunAddUpToItsDuration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range runs.Of(anyTrace().Draw(t, "spans"), nil).Runs {
			split := r.Detail.Time
			if split.Child+split.Model+split.Tool+split.Own != r.Duration() || min(split.Child, split.Model, split.Tool, split.Own) < 0 {
				t.Fatalf("%s takes %d: %+v", r.SpanID, r.Duration(), split)
			}
		}
	})
}

// billKey is what tells bills apart.
func billKey(b model.Bill) model.Bill {
	return model.Bill{
		Project: b.Project, TraceID: b.TraceID, StartNano: model.Hour(b.StartNano), Agent: b.Agent, Team: b.Team, Workflow: b.Workflow, Session: b.Session,
		User: b.User, Run: b.Run, Kind: b.Kind, Model: b.Model, Provider: b.Provider, Tool: b.Tool, Service: b.Service, Environment: b.Environment,
	}
}

func TestBillsAreToldApartByWhatTheySay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen := map[model.Bill]bool{}
		for _, b := range runs.Of(anyTrace().Draw(t, "spans"), prices{}).Bills {
			if seen[billKey(b)] {
				t.Fatalf("two bills for %+v", billKey(b))
			}
			seen[billKey(b)] = true
			if n := len(b.Latencies) / len(model.AppendLatency(nil, 0)); int64(n) != b.Calls || b.Failures > b.Calls {
				t.Fatalf("%d latencies of %+v", n, b)
			}
		}
	})
}

func TestBillsOfSomeSpansAndOfTheOthersAreTheBills(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := runs.Of(anyTrace().Draw(t, "spans"), prices{})
		chosen := map[*model.Span]bool{}
		for _, s := range d.Spans {
			chosen[s] = rapid.Bool().Draw(t, "chosen")
		}
		sum := map[model.Bill]model.Bill{}
		for _, part := range [][]model.Bill{
			d.BillsOf(func(s *model.Span) bool { return chosen[s] }), d.BillsOf(func(s *model.Span) bool { return !chosen[s] }),
		} {
			for _, b := range part {
				sum[billKey(b)] = plus(sum[billKey(b)], b)
			}
		}
		want := map[model.Bill]model.Bill{}
		for _, b := range d.Bills {
			want[billKey(b)] = plus(model.Bill{}, b)
		}
		if diff := gocmp.Diff(want, sum); diff != "" {
			t.Fatal(diff)
		}
	})
}

// plus adds bills of one key, or one to nothing.
func plus(a, b model.Bill) model.Bill {
	b.Calls, b.Failures, b.Nanos = a.Calls+b.Calls, a.Failures+b.Failures, a.Nanos+b.Nanos
	b.Usage, b.Cost = a.Usage.Plus(b.Usage), a.Cost.Plus(b.Cost)
	var buckets []int
	model.EachLatency(a.Latencies+b.Latencies, func(bucket int) bool { buckets = append(buckets, bucket); return true })
	slices.Sort(buckets)
	var text []byte
	for _, bucket := range buckets {
		text = model.AppendLatency(text, bucket)
	}
	b.Latencies = string(text)
	return b
}
