package otlp

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestStoredSpansAreReadAsTheyArrived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SliceOfN(rapid.OneOf(anySpan(), rapid.SampledFrom(agentRuns(1, 2))), 0, 4).Draw(t, "spans")
		body := EncodeSpans(spans)
		want := mustParseRapid(t, body).Records
		got, err := ParseStored("p", body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestWhatOtherLimitsAcceptedIsReadStill(t *testing.T) {
	span := wireSpan(message{}.bytes(9, wireAttribute("k", nested(hardMaxDepth)))...)
	body := request(span)
	if r := mustParse(t, body); len(r.Rejected) != 1 {
		t.Fatalf("%v: the span is not beyond the default limits", r.Rejected)
	}
	if records, err := ParseStored("p", body); err != nil || len(records) != 1 {
		t.Errorf("%d, %v", len(records), err)
	}
}

func TestStoredRecordsAliasTheMessage(t *testing.T) {
	body := EncodeSpans([]*model.Span{spanOf(1, "before")})
	records, err := ParseStored("p", body)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(body), "before")
	copy(body[at:], "after!")
	if !strings.Contains(string(records[0].Raw), "after!") {
		t.Error("Raw is a copy")
	}
	if records[0].Span.Name != "before" {
		t.Errorf("the span's name changed with the message, to %q", records[0].Span.Name)
	}
}

func TestNoStoredSpanIsLeftOut(t *testing.T) {
	good := wireSpan()
	for name, body := range map[string][]byte{
		"a span without ids": request(good, message{}),
		"a torn message":     request(good)[:20],
		"no protobuf":        {0xff},
	} {
		if records, err := ParseStored("p", body); !errors.Is(err, ErrMalformed) || records != nil {
			t.Errorf("%s: %d records, %v", name, len(records), err)
		}
	}
}
