package otlp

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestPickedSpansStayAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SliceOfN(rapid.OneOf(anySpan(), rapid.SampledFrom(agentRuns(1, 2))), 0, 6).Draw(t, "spans")
		keep := rapid.SliceOfN(rapid.Bool(), len(spans), len(spans)).Draw(t, "keep")
		body := EncodeSpans(spans)
		all, err := ParseStored("", body)
		if err != nil {
			t.Fatal(err)
		}
		var want []model.Record
		earliest, latest := int64(math.MaxInt64), int64(0)
		for i := range all {
			if keep[i] {
				want = append(want, all[i])
				earliest, latest = min(earliest, all[i].Span.StartNano), max(latest, all[i].Span.StartNano)
			}
		}
		if len(want) == 0 {
			earliest = 0
		}
		before, asked := bytes.Clone(body), 0
		out, kept, first, last, err := Pick([]byte("before"), body, func(i int, s *model.Span) bool {
			if i != asked || !cmp.Equal(all[i].Span, s) {
				t.Fatalf("asked for %d, %+v after %d spans", i, s, asked)
			}
			asked++
			return keep[i]
		})
		if err != nil || kept != len(want) || first != earliest || last != latest || asked != len(all) {
			t.Fatalf("%d of %d spans from %d to %d, %v", kept, asked, first, last, err)
		}
		picked, ok := bytes.CutPrefix(out, []byte("before"))
		if !ok || !bytes.Equal(before, body) {
			t.Fatal("Pick changed what it was given")
		}
		got, err := ParseStored("", picked)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			want = []model.Record{}
		}
		if diff := cmp.Diff(want, append([]model.Record{}, got...)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestNothingPickedIsNothing(t *testing.T) {
	out, kept, _, _, err := Pick(nil, EncodeSpans(agentRuns(1, 2)), func(int, *model.Span) bool { return false })
	if err != nil || kept != 0 || len(out) != 0 {
		t.Errorf("%d bytes, %d spans, %v", len(out), kept, err)
	}
}

func TestEverythingPickedIsTheSameMessage(t *testing.T) {
	body := EncodeSpans(agentRuns(1, 2))
	out, _, _, _, err := Pick(nil, body, func(int, *model.Span) bool { return true })
	if err != nil || !bytes.Equal(out, body) {
		t.Errorf("%d bytes, want the %d that went in, %v", len(out), len(body), err)
	}
}

func TestNothingIsPickedFromWhatCannotBeRead(t *testing.T) {
	body := append(EncodeSpans([]*model.Span{spanOf(1, "x")}), 0xff)
	out, kept, _, _, err := Pick([]byte("before"), body, func(int, *model.Span) bool {
		t.Error("asked for a span")
		return true
	})
	if !errors.Is(err, ErrMalformed) || kept != 0 || string(out) != "before" {
		t.Errorf("%q, %d spans, %v", out, kept, err)
	}
}
