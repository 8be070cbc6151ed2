package repotest

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

// TestRecordsSayInBytesWhatTheirSpansSay keeps the fixtures honest: a store may
// read a trace's previews, or anything else, from the bytes instead.
func TestRecordsSayInBytesWhatTheirSpansSay(t *testing.T) {
	for name, spans := range map[string][]*model.Span{
		"agent run":       agentRun("p", 1, at(0, noon)),
		"across midnight": acrossMidnight("p", 2),
		"plain":           {plain("p", 3, 3, at(0, noon))},
	} {
		t.Run(name, func(t *testing.T) {
			data := otlp.AppendTracesData(nil, records(spans))
			got, err := otlp.DecodeSpans("p", data)
			if err != nil {
				t.Fatal(err)
			}
			for _, span := range got {
				span.Body, span.ShortAttributes = nil, nil
			}
			if diff := gocmp.Diff(byKey(spans), byKey(got)); diff != "" {
				t.Errorf("the bytes say something else (-span +bytes):\n%s", diff)
			}
		})
	}
}

// TestSegmentsCanBeTakenApart holds the suite's own reader of TracesData to
// what the product writes.
func TestSegmentsCanBeTakenApart(t *testing.T) {
	batch := records(newRandom(1).traces("p", 10))
	got, err := rawSpans(otlp.AppendTracesData(nil, batch))
	if err != nil {
		t.Fatal(err)
	}
	want := make([]rawSpan, len(batch))
	for i, r := range batch {
		want[i] = rawSpan{r.Raw, r.Resource, r.Scope}
	}
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(rawSpan{})); diff != "" {
		t.Errorf("spans differ (-want +got):\n%s", diff)
	}
	if _, err := rawSpans([]byte{0x0a, 0x05, 0x01}); err == nil {
		t.Error("a cut-off message is no error")
	}
}
