package service

import (
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// kept holds spans that were read with others and may be wanted soon, up to so many
// bytes of segments, the newest ones. The zero value keeps nothing.
type kept struct {
	room     int
	held     int
	segments []*keptSegment // in the order in which they came
	spans    map[spanKey]keptSpan
}

// keptSegment is what was read of a segment. Its memory is shared by all of its spans.
type keptSegment struct {
	records []model.Record
	bytes   int
	left    int // spans that may still be wanted
}

type keptSpan struct {
	*model.Record
	of *keptSegment
}

// add keeps the spans of a segment.
func (k *kept) add(records []model.Record, bytes int) {
	if bytes > k.room || len(records) < 2 {
		return
	}
	if k.spans == nil {
		k.spans = make(map[spanKey]keptSpan)
	}
	s := &keptSegment{records: records, bytes: bytes}
	for i := range records {
		key := keyOf(records[i].Span)
		if _, there := k.spans[key]; !there {
			k.spans[key] = keptSpan{&records[i], s}
			s.left++
		}
	}
	k.segments = append(k.segments, s)
	for k.held += bytes; k.held > k.room; {
		k.forget(k.segments[0])
	}
}

// find returns a span that is kept, or nil.
func (k *kept) find(key spanKey) *model.Record { return k.spans[key].Record }

// drop lets go of a span that was wanted: it will not be again.
func (k *kept) drop(key spanKey) {
	s := k.spans[key].of
	if s == nil {
		return
	}
	delete(k.spans, key)
	if s.left--; s.left == 0 {
		k.forget(s)
	}
}

func (k *kept) forget(s *keptSegment) {
	for i := range s.records {
		if key := keyOf(s.records[i].Span); k.spans[key].of == s {
			delete(k.spans, key)
		}
	}
	k.segments = slices.DeleteFunc(k.segments, func(other *keptSegment) bool { return other == s })
	k.held -= s.bytes
}
