package service

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
)

// someRecords are n spans of a trace.
func someRecords(trace byte, n int) []model.Record {
	records := make([]model.Record, n)
	for i := range records {
		records[i].Span = &model.Span{TraceID: model.TraceID{trace}, SpanID: model.SpanID{byte(i + 1)}, StartNano: int64(i)}
	}
	return records
}

func wantKept(t *testing.T, k *kept, records []model.Record, want bool) {
	t.Helper()
	for i := range records {
		if got := k.find(keyOf(records[i].Span)); (got == &records[i]) != want {
			t.Errorf("span %d of trace %v is kept: %t, want %t", i, records[i].Span.TraceID, !want, want)
		}
	}
}

func TestKeptSpansHaveSoMuchRoom(t *testing.T) {
	k := kept{room: 100}
	first, second, third := someRecords(1, 3), someRecords(2, 3), someRecords(3, 3)
	k.add(first, 60)
	k.add(second, 40)
	wantKept(t, &k, first, true)
	k.add(third, 10)
	wantKept(t, &k, first, false)
	wantKept(t, &k, second, true)
	wantKept(t, &k, third, true)
	k.add(someRecords(4, 3), 101)
	wantKept(t, &k, third, true)
	if k.held != 50 {
		t.Errorf("%d bytes are held, want 50", k.held)
	}
}

func TestSegmentIsForgottenWithTheLastOfItsSpans(t *testing.T) {
	k := kept{room: 100}
	records, others := someRecords(1, 3), someRecords(2, 2)
	k.add(records, 60)
	k.add(others, 40)
	for i := range records {
		wantKept(t, &k, records[i:], true)
		k.drop(keyOf(records[i].Span))
		wantKept(t, &k, records[:i+1], false)
	}
	k.drop(keyOf(records[0].Span))
	wantKept(t, &k, others, true)
	if k.held != 40 || len(k.segments) != 1 || len(k.spans) != 2 {
		t.Errorf("%d bytes, %d segments and %d spans are held; want 40, 1 and 2", k.held, len(k.segments), len(k.spans))
	}
}

func TestNothingIsKeptWithoutRoom(t *testing.T) {
	var k kept
	records := someRecords(1, 2)
	k.add(records, 1)
	k.drop(keyOf(records[0].Span))
	wantKept(t, &k, records, false)
}
