package settle_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
	"github.com/agenttrace/agenttrace/internal/settle"
)

func TestDeriveReadsAllOfATrace(t *testing.T) {
	d := newDatabase()
	for i := range 5 {
		d.write(append(records(1, 10*i, 10), records(2, i, 1)...)...)
	}
	d.write(records(1, 3600, 2)...) // the next day
	got, err := settle.Derive(t.Context(), d.connect(), project, repo.TraceRef{ID: traceID(1)}, perToken(3), settle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := runs.Of(d.traces[traceKey{project, traceID(1)}].spans(), perToken(3))
	if diff := cmp.Diff(want.Runs, got.Runs); diff != "" || len(got.Spans) != 52 {
		t.Errorf("%d spans; runs differ (-want +got):\n%s", len(got.Spans), diff)
	}
}

func TestDeriveSaysWhyItCannot(t *testing.T) {
	d := newDatabase()
	d.write(records(1, 0, 10)...)
	d.write(records(1, 10, 10)...)
	d.write(records(2, 0, 1)...)
	d.spoil(traceID(2), wrong{damaged: []byte("not OTLP")})
	derive := func(trace int, l settle.Limits) error {
		_, err := settle.Derive(t.Context(), d.connect(), project, repo.TraceRef{ID: traceID(trace)}, nil, l)
		return err
	}
	if err := derive(3, settle.Limits{}); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("of no trace: %v", err)
	}
	if err := derive(2, settle.Limits{}); err == nil || errors.Is(err, repo.ErrNotFound) || errors.Is(err, settle.ErrTooLarge) {
		t.Errorf("of a damaged one: %v", err)
	}
	if err := derive(1, settle.Limits{Spans: 20}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	for _, l := range []settle.Limits{{Spans: 19}, {Bytes: 1000}} {
		err := derive(1, l)
		large, ok := errors.AsType[*settle.TooLargeError](err)
		if !ok || large.Limits != l || !errors.Is(err, settle.ErrTooLarge) {
			t.Errorf("with %+v: %v", l, err)
		}
	}
	d.spoil(traceID(1), wrong{unreadable: repo.ErrUnavailable})
	if err := derive(1, settle.Limits{}); !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("without a store: %v", err)
	}
}
