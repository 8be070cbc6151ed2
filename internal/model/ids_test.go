package model_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestIDsAreReadAsTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace := model.TraceID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "trace"))
		span := model.SpanID(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "span"))
		gotTrace, err := model.ParseTraceID(trace.String())
		if gotTrace != trace || (err != nil) != trace.IsZero() {
			t.Errorf("%s is read as %s, %v", trace, gotTrace, err)
		}
		gotSpan, err := model.ParseSpanID(span.String())
		if gotSpan != span || (err != nil) != span.IsZero() {
			t.Errorf("%s is read as %s, %v", span, gotSpan, err)
		}
	})
}

func TestTraceIDsAreReadInEitherCaseAndAsUUID(t *testing.T) {
	want := model.TraceID{0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c}
	for _, text := range []string{
		"5b8efff798038103d269b633813fc60c",
		"5B8EFFF798038103D269B633813FC60C",
		"5b8efff7-9803-8103-d269-b633813fc60c",
	} {
		if got, err := model.ParseTraceID(text); err != nil || got != want {
			t.Errorf("%q is read as %s, %v", text, got, err)
		}
	}
}

func TestTextThatIsNoIDIsAnError(t *testing.T) {
	for _, text := range []string{
		"", " ", "5b8e", strings.Repeat("0", 32), strings.Repeat("0", 16), strings.Repeat("g", 32), strings.Repeat("g", 16),
		strings.Repeat("a", 31), strings.Repeat("a", 33), strings.Repeat("a", 15), strings.Repeat("a", 17), strings.Repeat("é", 16), strings.Repeat("é", 8),
		"5b8efff79-803-8103-d269-b633813fc60c", "5b8efff7-9803-8103-d269-b633813fc60-", strings.Repeat("-", 36), strings.Repeat("a", 1<<20),
		"00000000-0000-0000-0000-000000000000",
	} {
		if got, err := model.ParseTraceID(text); err == nil || !got.IsZero() {
			t.Errorf("trace id %.40q is read as %s, %v", text, got, err)
		}
		if got, err := model.ParseSpanID(text); err == nil || !got.IsZero() {
			t.Errorf("span id %.40q is read as %s, %v", text, got, err)
		}
	}
}

func TestErrorsOfIDsDoNotRepeatAllOfALongText(t *testing.T) {
	_, err := model.ParseTraceID(strings.Repeat("a", 1<<20))
	if err == nil || len(err.Error()) > 300 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

func TestSpanIDsSurviveAsNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := spanID().Draw(t, "id")
		if got := model.SpanIDFromInt64(id.Int64()); got != id {
			t.Errorf("%s became %s", id, got)
		}
	})
}
