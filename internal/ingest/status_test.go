package ingest_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func TestStatusCountsWhatBecameOfSpans(t *testing.T) {
	away := false
	s := &store{refuse: isBad, enter: func(context.Context, []model.Record) error {
		if away {
			return repo.ErrUnavailable
		}
		return nil
	}}
	p := open(t, s, ingest.Config{Shards: 1, QueueSpans: 100, QueueBytes: 1 << 20, Now: clock})
	limits := ingest.Status{QueueSpansLimit: 100, QueueBytesLimit: 1 << 20}
	if diff := cmp.Diff(limits, p.Status()); diff != "" {
		t.Errorf("before the first span (- want, + got):\n%s", diff)
	}
	old := span(2, 1)
	old.Span.StartNano = 5
	for _, records := range [][]model.Record{spans(1, 3), spans(1, 2), {old, bad(span(3, 1)), span(4, 1)}} {
		if _, err := p.Write(t.Context(), records); err != nil {
			t.Fatal(err)
		}
	}
	away = true
	if _, err := p.Write(t.Context(), spans(5, 1)); err == nil {
		t.Fatal("a store that is away took a span")
	}
	want := limits
	want.Stored, want.Duplicates, want.Rejected, want.Failures = 4, 2, 2, 1
	want.LastCommit, want.LastFailure = clock(), clock()
	if diff := cmp.Diff(want, p.Status()); diff != "" {
		t.Errorf("afterwards (- want, + got):\n%s", diff)
	}
}

func TestStatusTellsWhatWaitsAndWhatFoundNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		p := open(t, &store{enter: g.pass}, ingest.Config{Shards: 1, QueueSpans: 5})
		first := write(t.Context(), p, spans(1, 4))
		<-g.entered
		if _, err := p.Write(t.Context(), spans(2, 2)); err == nil {
			t.Fatal("the queue took more than it holds")
		}
		if s := p.Status(); s.QueueSpans != 4 || s.QueueBytes == 0 || s.Refused != 1 || s.Stored != 0 {
			t.Errorf("while four spans are being written: %+v", s)
		}
		g.leave <- struct{}{}
		<-first
		if s := p.Status(); s.QueueSpans != 0 || s.QueueBytes != 0 || s.Stored != 4 {
			t.Errorf("afterwards: %+v", s)
		}
	})
}
