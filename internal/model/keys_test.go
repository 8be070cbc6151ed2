package model_test

import (
	"bytes"
	"cmp"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// TestKeysOrderAsBytesLikeWhatTheyAreMadeOf is what lets a database compare
// them.
func TestKeysOrderAsBytesLikeWhatTheyAreMadeOf(t *testing.T) {
	for name, order := range map[string]struct {
		key     func(*model.Span) []byte
		compare func(a, b *model.Span) int
	}{
		"head":  {model.HeadKey, func(a, b *model.Span) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), byStart(a, b)) }},
		"root":  {model.RootKey, byStart},
		"error": {model.ErrorKey, byEnd},
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			a, b := span().Draw(t, "a"), span().Draw(t, "b")
			if got, want := bytes.Compare(order.key(a), order.key(b)), order.compare(a, b); got != want {
				t.Errorf("keys compare as %d, their spans as %d", got, want)
			}
		}))
	}
}

func TestKeysOfTwoSpansOfATraceDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		two := rapid.SliceOfNDistinct(span(), 2, 2, identityOf).Draw(t, "spans")
		for name, key := range map[string]func(*model.Span) []byte{"head": model.HeadKey, "root": model.RootKey, "error": model.ErrorKey} {
			if bytes.Equal(key(two[0]), key(two[1])) {
				t.Errorf("two spans have one %s key", name)
			}
		}
	})
}

func TestKeysNameTheirSpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := span().Draw(t, "span")
		s.ParentID, s.Failed = model.SpanID{}, true
		trace := model.TraceOf(s)
		if trace.HeadSpanID() != s.SpanID || trace.RootSpanID() != s.SpanID || trace.ErrorSpanID() != s.SpanID {
			t.Errorf("keys of %s name %s, %s, %s", s.SpanID, trace.HeadSpanID(), trace.RootSpanID(), trace.ErrorSpanID())
		}
	})
}
