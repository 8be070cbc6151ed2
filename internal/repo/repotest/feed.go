package repotest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func feedLaws() []law {
	return []law{
		{name: "ChangesSayWhatAWriteStored", test: changesSayWhatAWriteStored, alone: true},
		{name: "NothingCommittedMeansNoChange", test: nothingCommittedNoChange, alone: true},
		{name: "ChangesComeInTheOrderOfAcknowledgedWrites", test: changesComeInOrder, alone: true},
		{name: "ZeroCursorStandsBeforeEverything", test: zeroCursorStandsBeforeEverything, alone: true},
		{name: "HeadStandsBehindEverythingCommitted", test: headStandsBehindEverything, alone: true},
		{name: "CursorsCanBeFollowedAgain", test: cursorsCanBeFollowedAgain, alone: true},
		{name: "SavedCursorsComeBack", test: savedCursorsComeBack, alone: true},
		{name: "ChangesAreFollowedExactlyOnceUnderConcurrentWriters", test: changesUnderConcurrentWriters, alone: true, together: true},
		{name: "WhatAChangeSpeaksOfIsThere", test: whatAChangeSpeaksOf, alone: true},
		{name: "ChangesLeadToTheNewSpans", test: changesLeadToNewSpans},
		{name: "CursorBeforeDroppedEntriesExpires", test: cursorBeforeDroppedEntries, alone: true},
		{name: "DropKeepsEntriesWrittenSinceItsHorizon", test: dropKeepsNewEntries, alone: true},
	}
}

func changesSayWhatAWriteStored(t *testing.T, s *subject) {
	first := agentRun(s.project, 1, at(0, noon))
	s.write(t, first[:2]...)
	changes, cursor := s.follow(t, "", 10)
	changesHold(t, changes, first[:2])

	// Of a batch that is new in part, the new part.
	second := slices.Concat(first, acrossMidnight(s.project, 2), agentRun("another", 1, at(3, noon)))
	s.write(t, second...)
	changes, cursor = s.follow(t, cursor, 10)
	changesHold(t, changes, second[2:])

	// Of a large write, all of it, in however many changes.
	var large []*model.Span
	for n := range 3000 {
		large = append(large, plain(s.project, 100+n/2, 1000+n, at(n%3, noon)))
	}
	s.write(t, large...)
	changes, _ = s.follow(t, cursor, 2)
	changesHold(t, changes, large)
	s.feedHolds(t, slices.Concat(first[:2], second[2:], large)...)
}

func nothingCommittedNoChange(t *testing.T, s *subject) {
	spans := agentRun(s.project, 1, at(0, noon))
	s.write(t, spans...)
	head := s.head(t)
	s.write(t, spans...)
	s.write(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Write(ended, records(agentRun(s.project, 2, at(0, noon)))); err == nil {
		t.Error("a write with an ended context was acknowledged")
	}
	changes, next := s.follow(t, head, 10)
	if len(changes) != 0 {
		t.Errorf("nothing was stored, but the change log says %+v", changes)
	}
	// Polling on does not lose the next one.
	for range 3 {
		if changes, next = s.follow(t, next, 10); len(changes) != 0 {
			t.Errorf("polling again found %+v", changes)
		}
	}
	late := agentRun(s.project, 3, at(0, noon))
	s.write(t, late...)
	changes, _ = s.follow(t, next, 10)
	changesHold(t, changes, late)
}

func changesComeInOrder(t *testing.T, s *subject) {
	other := s.again(t)
	var want []model.TraceID
	for trace := range 20 {
		writer := []*subject{s, other}[trace%2]
		writer.write(t, plain(s.project, trace, trace, at(-trace, noon)))
		want = append(want, traceID(trace))
	}
	// Within one call the order is free, so each call asks for one.
	changes, _ := s.follow(t, "", 1)
	var got []model.TraceID
	for _, c := range changes {
		got = append(got, c.TraceIDs...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("changes come in the order %v, want %v", got, want)
	}
}

func zeroCursorStandsBeforeEverything(t *testing.T, s *subject) {
	if changes, _ := s.follow(t, "", 5); len(changes) != 0 {
		t.Fatalf("the log of an empty store has %d entries", len(changes))
	}
	spans := newRandom(50).traces(s.project, 10)
	for batch := range slices.Chunk(spans, 3) {
		s.write(t, batch...)
	}
	s.feedHolds(t, spans...)
	s.again(t).feedHolds(t, spans...)
}

func headStandsBehindEverything(t *testing.T, s *subject) {
	empty := s.head(t)
	first, second := agentRun(s.project, 1, at(0, noon)), agentRun(s.project, 2, at(0, noon))
	s.write(t, first...)
	between := s.head(t)
	s.again(t).write(t, second...)
	for _, c := range []struct {
		name  string
		after repo.Cursor
		want  []*model.Span
	}{{"the head of an empty log", empty, slices.Concat(first, second)}, {"the head between", between, second}, {"the last head", s.head(t), nil}} {
		t.Run(c.name, func(t *testing.T) {
			changes, _ := s.follow(t, c.after, 1)
			changesHold(t, changes, c.want)
		})
	}
}

// cursorsCanBeFollowedAgain goes back to each cursor on the way: what a
// consumer reads again after a crash is what it read before.
func cursorsCanBeFollowedAgain(t *testing.T, s *subject) {
	for trace := range 8 {
		s.write(t, plain(s.project, trace, trace, at(0, noon)))
	}
	var cursors []repo.Cursor
	var each []model.TraceID
	for after := repo.Cursor(""); ; {
		cursors = append(cursors, after)
		page, next, err := s.Changes(t.Context(), after, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		each, after = append(each, page[0].TraceIDs...), next
	}
	if len(each) != 8 {
		t.Fatalf("one by one there are %d changes, want 8", len(each))
	}
	s.write(t, plain(s.project, 8, 8, at(0, noon)))
	each = append(each, traceID(8))
	other := s.again(t)
	for i, cursor := range cursors {
		changes, _ := other.follow(t, cursor, 1)
		var got []model.TraceID
		for _, c := range changes {
			got = append(got, c.TraceIDs...)
		}
		if !slices.Equal(got, each[i:]) {
			t.Errorf("from cursor %d: %v, want %v", i, got, each[i:])
		}
	}
}

func savedCursorsComeBack(t *testing.T, s *subject) {
	const tail, settle = "tail", "settle of 'größe'"
	s.write(t, agentRun(s.project, 1, at(0, noon))...)
	first := s.head(t)
	s.write(t, agentRun(s.project, 2, at(0, noon))...)
	second := s.head(t)
	has := func(store *subject, consumer string, want repo.Cursor) {
		t.Helper()
		if got, err := store.LoadCursor(t.Context(), consumer); err != nil || got != want {
			t.Errorf("LoadCursor(%q) = %q, %v; want %q", consumer, got, err, want)
		}
	}
	has(s, tail, "")
	for _, cursor := range []repo.Cursor{first, second, second, first} {
		if err := s.SaveCursor(t.Context(), tail, cursor); err != nil {
			t.Fatal(err)
		}
		has(s, tail, cursor)
		has(s, settle, "")
	}
	if err := s.SaveCursor(t.Context(), settle, second); err != nil {
		t.Fatal(err)
	}
	other := s.again(t)
	has(other, tail, first)
	has(other, settle, second)
	changes, _ := other.follow(t, first, 10)
	changesHold(t, changes, agentRun(s.project, 2, at(0, noon)))
}

// farFuture is a horizon behind everything that a test wrote, and behind the
// day on which it did.
func farFuture() int64 { return time.Now().AddDate(1, 0, 0).UnixNano() }

func cursorBeforeDroppedEntries(t *testing.T, s *subject) {
	before := s.head(t)
	s.write(t, agentRun(s.project, 1, at(0, noon))...)
	s.write(t, agentRun(s.project, 2, at(0, noon))...)
	_, between, err := s.Changes(t.Context(), before, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, behind := s.follow(t, between, 10)
	head := s.head(t)
	if _, err := s.Drop(t.Context(), farFuture()); err != nil {
		t.Fatal(err)
	}
	kept := agentRun(s.project, 3, at(0, noon))
	s.write(t, kept...)
	for name, cursor := range map[string]repo.Cursor{"before": before, "between": between} {
		if changes, _, err := s.Changes(t.Context(), cursor, 10); !errors.Is(err, repo.ErrCursorExpired) {
			t.Errorf("%s: got %+v, %v; want ErrCursorExpired", name, changes, err)
		}
	}
	for name, cursor := range map[string]repo.Cursor{"behind": behind, "head": head, "zero": ""} {
		t.Run(name, func(t *testing.T) {
			changes, _ := s.follow(t, cursor, 10)
			changesHold(t, changes, kept)
		})
	}
}

func dropKeepsNewEntries(t *testing.T, s *subject) {
	before, now := s.head(t), time.Now()
	spans := agentRun(s.project, 1, now.AddDate(0, 0, -10).UnixNano())
	s.write(t, spans...)
	if _, err := s.Drop(t.Context(), now.UnixNano()); err != nil {
		t.Fatal(err)
	}
	s.holds(t)
	changes, _ := s.follow(t, before, 10)
	changesHold(t, changes, spans)
}

// changesLeadToNewSpans writes in overlapping batches and finds by each change
// exactly the spans that its write added.
func changesLeadToNewSpans(t *testing.T, s *subject) {
	spans := slices.Concat(newRandom(70).traces(s.project, 20), acrossMidnight(s.project, 500))
	for n := range 2500 {
		spans = append(spans, plain(s.project, 1000+n/2, 1000+n, at(n%2, noon)))
	}
	batches := [][]*model.Span{spans[:30], spans[10:70], spans[70:90], spans[:90], spans[60:]}
	seen := map[spanKey]bool{}
	for _, batch := range batches {
		cursor := s.head(t)
		s.write(t, batch...)
		want := map[string]model.Record{}
		for _, r := range records(batch) {
			if !seen[keyOf(r.Span)] {
				seen[keyOf(r.Span)] = true
				want[string(r.Raw)] = r
			}
		}
		changes, _ := s.follow(t, cursor, 100)
		for _, c := range changes {
			if c.Project != s.project {
				continue // laws of other projects run beside this one
			}
			for _, id := range c.TraceIDs {
				ref := repo.TraceRef{ID: id, Range: model.TimeRange{Start: c.Earliest, End: c.Latest + 1}, Write: c.Write}
				for _, segment := range s.segments(t, ref) {
					takeSegment(t, segment, want)
				}
			}
		}
		for _, r := range want {
			t.Fatalf("%d new spans are behind no change, such as %s", len(want), r.Span.SpanID)
		}
	}
}
