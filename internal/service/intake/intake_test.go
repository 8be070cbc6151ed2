package intake_test

import (
	"context"
	"testing"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/service/intake"
)

// rejecter rejects some of the records it gets.
type rejecter []int

func (r rejecter) Write(_ context.Context, records []model.Record) (ingest.Result, error) {
	result := ingest.Result{Accepted: len(records) - len(r)}
	for _, i := range r {
		result.Rejected = append(result.Rejected, ingest.Rejection{Index: i, Reason: "too old"})
	}
	return result, nil
}

func TestRejectionsNameTheirPlaceInTheRequest(t *testing.T) {
	var spans []*model.Span
	for i := range 5 {
		s := &model.Span{TraceID: model.TraceID{1}, SpanID: model.SpanID{byte(i + 1)}, StartNano: 1, Body: &model.Body{}}
		if i == 1 {
			s.SpanID = model.SpanID{}
		}
		spans = append(spans, s)
	}
	in := &intake.Intake{Ingest: rejecter{0, 2}} // of the records: spans 0 and 3
	out, err := in.Write(t.Context(), "p", otlp.EncodeSpans(spans))
	if err != nil {
		t.Fatal(err)
	}
	var places []int
	for _, r := range out.Rejected {
		places = append(places, r.Index)
	}
	if out.Spans != 5 || out.RejectedCount != 3 || len(places) != 3 || places[0] != 0 || places[1] != 1 || places[2] != 3 {
		t.Errorf("got %+v", out)
	}
}

func TestMessageGivesEachReasonOnce(t *testing.T) {
	cases := []struct {
		out  intake.Outcome
		want string
	}{
		{
			intake.Outcome{Spans: 9, RejectedCount: 3, Rejected: []intake.Rejection{{2, "a"}, {4, "b"}, {5, "a"}}},
			"3 of 9 spans were rejected; span 2: a; span 4: b",
		},
		{
			intake.Outcome{Spans: 9, RejectedCount: 7, Rejected: []intake.Rejection{{0, "a"}, {1, "b"}, {2, "c"}, {3, "d"}, {4, "e"}, {5, "f"}, {6, "g"}}},
			"7 of 9 spans were rejected; span 0: a; span 1: b; span 2: c; span 3: d; span 4: e; and other reasons",
		},
		{
			intake.Outcome{Spans: 1, RejectedCount: 1, Rejected: []intake.Rejection{{0, "name \xff"}}},
			"1 of 1 spans were rejected; span 0: name \uFFFD",
		},
	}
	for _, c := range cases {
		if got := c.out.Message(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
