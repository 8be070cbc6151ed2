package model_test

import (
	"bytes"
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// merged returns a ∪ b and leaves both as they were.
func merged(a, b *model.Trace) *model.Trace {
	sum := *a
	sum.Merge(b)
	return &sum
}

func sumOf(spans []*model.Span) *model.Trace {
	sum := model.TraceOf(spans[0])
	for _, s := range spans[1:] {
		sum.Merge(model.TraceOf(s))
	}
	return sum
}

func sameTrace(t rapid.TB, want, got *model.Trace) {
	t.Helper()
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("traces differ (-want +got):\n%s", diff)
	}
}

// cut draws places at which spans become three parts, none of them empty.
func cut(t *rapid.T) (a, b, c *model.Trace) {
	all := rapid.SliceOfNDistinct(span(), 3, 9, identityOf).Draw(t, "spans")
	first := rapid.IntRange(1, len(all)-2).Draw(t, "first cut")
	second := rapid.IntRange(first+1, len(all)-1).Draw(t, "second cut")
	return sumOf(all[:first]), sumOf(all[first:second]), sumOf(all[second:])
}

func TestMergeIsCommutative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, _ := cut(t)
		sameTrace(t, merged(a, b), merged(b, a))
	})
}

// TestAddIsMerging adds to a part that others hold too: none of them may change.
func TestAddIsMerging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SliceOfNDistinct(span(), 1, 9, identityOf).Draw(t, "spans")
		sum := model.TraceOf(spans[0])
		for i, s := range spans[1:] {
			before, want := *sum, merged(sum, model.TraceOf(s))
			sum.Add(s)
			sameTrace(t, want, sum)
			sameTrace(t, sumOf(spans[:i+1]), &before)
		}
	})
}

func TestMergeIsAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := cut(t)
		sameTrace(t, merged(merged(a, b), c), merged(a, merged(b, c)))
	})
}

func TestMergeGivesTheSameTraceInEveryOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := spans().Draw(t, "spans")
		sameTrace(t, sumOf(all), sumOf(rapid.Permutation(all).Draw(t, "arrival")))
	})
}

func TestMergeOfPartsIsTheSumOfTheirSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := spans().Draw(t, "spans")
		if len(all) < 2 {
			return
		}
		at := rapid.IntRange(1, len(all)-1).Draw(t, "cut")
		sameTrace(t, sumOf(all), merged(sumOf(all[:at]), sumOf(all[at:])))
	})
}

func TestMergeLeavesTheOtherPartAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := cut(t)
		before := *b
		before.Models, before.Tools = slices.Clone(b.Models), slices.Clone(b.Tools)
		a.Merge(b)
		a.Merge(c)
		sameTrace(t, &before, b)
	})
}

// TestSumSaysWhatItsSpansSay computes each field from all spans at once, in the
// words of its comment.
func TestSumSaysWhatItsSpansSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := spans().Draw(t, "spans")
		head := slices.MinFunc(all, func(a, b *model.Span) int {
			return cmp.Or(cmp.Compare(rank(a), rank(b)), byStart(a, b))
		})
		want := &model.Trace{
			Project: "p", TraceID: model.TraceID{1}, StartNano: all[0].StartNano, EndNano: all[0].EndNano,
			HeadKey: model.HeadKey(head), HeadType: head.Type, Name: head.Name, Service: head.Service, Environment: head.Environment,
			Identity: head.Identity, InputPreview: head.InputPreview, OutputPreview: head.OutputPreview,
		}
		for _, s := range all {
			addByHand(want, s)
		}
		if roots := slices.DeleteFunc(slices.Clone(all), func(s *model.Span) bool { return !s.IsRoot() }); len(roots) > 0 {
			root := slices.MinFunc(roots, byStart)
			want.RootKey, want.RootName = model.RootKey(root), root.Name
		}
		if failed := slices.DeleteFunc(slices.Clone(all), func(s *model.Span) bool { return !s.Failed }); len(failed) > 0 {
			first := slices.MinFunc(failed, byEnd)
			want.ErrorKey, want.ErrorSpan = model.ErrorKey(first), first.Name
			want.ErrorType, want.ErrorMessage = first.ErrorType, first.ErrorMessage
		}
		sameTrace(t, want, sumOf(all))
	})
}

func rank(s *model.Span) int {
	switch {
	case s.Type == model.TypeAgent || s.Type == model.TypeTeam || s.Type == model.TypeWorkflow:
		return 0
	case s.ParentID == model.SpanID{}:
		return 1
	default:
		return 2
	}
}

func byStart(a, b *model.Span) int {
	return cmp.Or(cmp.Compare(a.StartNano, b.StartNano), bytes.Compare(a.SpanID[:], b.SpanID[:]))
}

func byEnd(a, b *model.Span) int {
	return cmp.Or(cmp.Compare(a.EndNano, b.EndNano), bytes.Compare(a.SpanID[:], b.SpanID[:]), cmp.Compare(a.StartNano, b.StartNano))
}

// addByHand adds what does not depend on which span decides.
func addByHand(t *model.Trace, s *model.Span) {
	t.Spans++
	t.StartNano, t.EndNano = min(t.StartNano, s.StartNano), max(t.EndNano, s.EndNano)
	t.Status = max(t.Status, s.Status)
	if s.Failed {
		t.Errors++
	}
	add := func(set []string, name string) []string {
		if name == "" || slices.Contains(set, name) {
			return set
		}
		return slices.Sorted(slices.Values(append(set, name)))
	}
	switch s.Type {
	case model.TypeLLM, model.TypeEmbedding, model.TypeReranker:
		if s.Type == model.TypeLLM {
			t.LLMCalls++
		}
		t.Usage = t.Usage.Plus(s.Usage)
		t.Models = add(t.Models, s.Model)
	case model.TypeTool:
		t.ToolCalls++
		t.Tools = add(t.Tools, s.ToolName)
	}
}

func TestTraceWithoutRootOrFailureSaysSo(t *testing.T) {
	child := &model.Span{SpanID: model.SpanID{1}, ParentID: model.SpanID{2}, StartNano: 5, EndNano: 7}
	trace := model.TraceOf(child)
	if trace.RootArrived() || !trace.RootSpanID().IsZero() || trace.Failed() || !trace.ErrorSpanID().IsZero() {
		t.Errorf("a trace of one good child says: root %v %s, failed %v %s",
			trace.RootArrived(), trace.RootSpanID(), trace.Failed(), trace.ErrorSpanID())
	}
	if trace.HeadSpanID() != child.SpanID || trace.Duration() != 2 {
		t.Errorf("got head %s and duration %d", trace.HeadSpanID(), trace.Duration())
	}
	trace.Merge(model.TraceOf(&model.Span{SpanID: model.SpanID{2}, StartNano: 4, EndNano: 9, Failed: true}))
	if !trace.RootArrived() || trace.RootSpanID() != (model.SpanID{2}) || !trace.Failed() || trace.ErrorSpanID() != (model.SpanID{2}) {
		t.Errorf("with its failed root: root %v %s, failed %v %s",
			trace.RootArrived(), trace.RootSpanID(), trace.Failed(), trace.ErrorSpanID())
	}
}
