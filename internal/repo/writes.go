package repo

import (
	"encoding/binary"
	"errors"
	"slices"
)

// EncodeWrites returns which write stored each span of a segment, as stores keep
// it beside a segment that was put together from several: the distinct writes,
// and for each span the place of its own among them. It is nil where all are
// one.
func EncodeWrites(writes []WriteID) []byte {
	var distinct []WriteID
	place := map[WriteID]uint64{}
	for _, w := range writes {
		if _, ok := place[w]; !ok {
			place[w] = uint64(len(distinct))
			distinct = append(distinct, w)
		}
	}
	if len(distinct) < 2 {
		return nil
	}
	out := binary.AppendUvarint(nil, uint64(len(distinct)))
	for _, w := range distinct {
		out = binary.AppendVarint(out, int64(w))
	}
	for _, w := range writes {
		out = binary.AppendUvarint(out, place[w])
	}
	return out
}

var errWrites = errors.New("writes of a segment are damaged")

// DecodeWrites undoes [EncodeWrites] for a segment with so many spans.
func DecodeWrites(encoded []byte, spans int) ([]WriteID, error) {
	n, width := binary.Uvarint(encoded)
	if width <= 0 || n > uint64(len(encoded)) {
		return nil, errWrites
	}
	encoded = encoded[width:]
	distinct := make([]WriteID, n)
	for i := range distinct {
		w, width := binary.Varint(encoded)
		if width <= 0 {
			return nil, errWrites
		}
		distinct[i], encoded = WriteID(w), encoded[width:]
	}
	if spans < 0 || spans > len(encoded) {
		return nil, errWrites
	}
	writes := make([]WriteID, spans)
	for i := range writes {
		place, width := binary.Uvarint(encoded)
		if width <= 0 || place >= n {
			return nil, errWrites
		}
		writes[i], encoded = distinct[place], encoded[width:]
	}
	return writes, nil
}

// WriteOf returns which write stored span i of a segment.
func (s *Segment) WriteOf(i int) WriteID {
	if s.Writes == nil {
		return s.Write
	}
	return s.Writes[i]
}

// HasWrite reports whether a write stored some of the segment's spans.
func (s *Segment) HasWrite(w WriteID) bool {
	return s.Write == w || slices.Contains(s.Writes, w)
}
