package otlp

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// Bounds of the narrow fields. They keep rows small and indexes possible;
// the complete text is always in the span's own bytes.
const (
	maxNameBytes    = 1024 // names, ids, model, tool
	maxMessageRunes = 1000 // status and error messages
	maxPreviewRunes = 120
)

const replacement = "\uFFFD"

// texts copies what a narrow span keeps out of the request's memory. Names and
// ids repeat from span to span, so each is copied once per request.
type texts struct {
	known map[string]string
	page  strings.Builder
}

const (
	pageBytes = 8 << 10
	// keptNames bounds the map that is kept for another request.
	keptNames = 256
)

// forget makes t ready for another request. What it handed out stays as it is.
func (t *texts) forget() {
	if len(t.known) > keptNames {
		t.known = nil
	}
	clear(t.known)
}

// name bounds, repairs and interns a name or an id.
func (t *texts) name(s string) string {
	if s == "" {
		return ""
	}
	if known, ok := t.known[s]; ok {
		return known
	}
	if bounded := boundBytes(s, maxNameBytes); bounded != s {
		// Not remembered: the unbounded text would have to be kept as the key.
		return strings.Clone(bounded)
	}
	kept := t.copy(s)
	if t.known == nil {
		t.known = make(map[string]string, 64)
	}
	t.known[kept] = kept
	return kept
}

// start keeps the first runes of a longer text.
func (t *texts) start(s string, runes int) string {
	return t.copy(boundRunes(s, runes))
}

// copy puts s beside others, of other requests too, into a page of memory: one
// allocation for many short strings. A Builder never moves what it has handed out
// while it has room.
func (t *texts) copy(s string) string {
	if len(s) > pageBytes/4 {
		return strings.Clone(s)
	}
	if t.page.Cap()-t.page.Len() < len(s) {
		t.page.Reset()
		t.page.Grow(pageBytes)
	}
	from := t.page.Len()
	t.page.WriteString(s)
	return t.page.String()[from:]
}

// boundBytes returns the beginning of s, at most limit bytes, cut between runes,
// as valid UTF-8 without NUL.
func boundBytes(s string, limit int) string {
	return cutBytes(repair(cutBytes(s, limit)), limit)
}

// boundRunes does the same with a limit in runes. Runs of bytes that are not
// UTF-8 count as one.
func boundRunes(s string, limit int) string {
	if beginning := s[:min(len(s), limit)]; isPlain(beginning) { // a rune is a byte
		return beginning
	}
	s = repair(cutBytes(s, limit*utf8.UTFMax))
	if len(s) <= limit {
		return s
	}
	for i := range s {
		if limit == 0 {
			return s[:i]
		}
		limit--
	}
	return s
}

// isPlain reports whether s is ASCII without NUL.
func isPlain(s string) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(s) >= 8; s = s[8:] {
		x := binary.LittleEndian.Uint64([]byte(s[:8]))
		// A byte of zero is the only one that borrows its top bit.
		if (x|(x-ones))&tops != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i]-1 >= utf8.RuneSelf-1 {
			return false
		}
	}
	return true
}

// cutBytes cuts s at limit, or before the rune that lies across it.
func cutBytes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for i := limit; i > limit-utf8.UTFMax && i >= 0; i-- {
		if !utf8.RuneStart(s[i]) {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); size > 1 && i+size > limit {
			return s[:i]
		}
		break
	}
	return s[:limit]
}

// repair makes s storable in every database: PostgreSQL takes neither invalid
// UTF-8 nor NUL in text.
func repair(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, replacement), "\x00", replacement)
}
