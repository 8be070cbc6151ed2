package match

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold reports whether text contains needle, ignoring case by Unicode's simple
// folding: as a regular expression does with (?i). Bytes of text that are not
// UTF-8 count as U+FFFD each.
//
// It looks for the needle's rarest character, in each of its cases, by the
// fastest search there is, and compares what stands around it.
func Fold(text, needle string) bool {
	if needle == "" {
		return true
	}
	h := newHunt(text, needle)
	if h.n == 0 {
		return foldSlowly(text, needle)
	}
	// What was compared in vain. A text that nearly matches everywhere would
	// else cost its length times that of the needle.
	wasted, allowed := 0, 4*len(text)+1024
	for {
		start, end := h.next()
		if end == nowhere {
			return false
		}
		looked := 0
		if hasFoldedSuffix(text[:start], h.before, &looked) && hasFoldedPrefix(text[end:], h.after, &looked) {
			return true
		}
		if wasted += looked; wasted > allowed {
			return foldSlowly(text, needle)
		}
	}
}

const (
	maxCases = 4 // as many characters are the same but for case
	nowhere  = math.MaxInt
)

// hunt finds the places of one character of a needle, its anchor, in a text.
type hunt struct {
	text          string
	before, after string // the needle around the anchor
	follower      byte   // what after begins with, in lower case; 0 where that is not sure
	cases         [maxCases]string
	ends          [maxCases]int // where the next place of each case ends, or nowhere
	n             int           // how many cases; 0 when no character can be the anchor
}

func newHunt(text, needle string) (h hunt) {
	at, anchor := rarest(needle)
	if at < 0 {
		return h
	}
	h.text = text
	h.before, h.after = needle[:at], needle[at+utf8.RuneLen(anchor):]
	if h.after != "" && h.after[0] < utf8.RuneSelf && !hasThirdCase(h.after[0]) {
		h.follower = lowerASCII(h.after[0])
	}
	for r := anchor; ; {
		h.cases[h.n] = encoded(r)
		h.seek(h.n)
		h.n++
		if r = unicode.SimpleFold(r); r == anchor || h.n == maxCases {
			return h
		}
	}
}

// seek finds the next place of a case by its last byte, which tells characters
// of one script apart, and the first one does not.
func (h *hunt) seek(i int) {
	c, end := h.cases[i], h.ends[i]
	for {
		n := strings.IndexByte(h.text[end:], c[len(c)-1])
		if n < 0 {
			h.ends[i] = nowhere
			return
		}
		end += n + 1
		if len(c) > 1 && !strings.HasSuffix(h.text[:end], c) {
			continue
		}
		// Most places are wrong already by the next byte.
		if h.follower == 0 || end < len(h.text) && lowerASCII(h.text[end]) == h.follower {
			h.ends[i] = end
			return
		}
	}
}

// next returns where the anchor's next place starts and ends.
func (h *hunt) next() (start, end int) {
	first := 0
	for i := 1; i < h.n; i++ {
		if h.ends[i] < h.ends[first] {
			first = i
		}
	}
	if end = h.ends[first]; end != nowhere {
		h.seek(first)
	}
	return end - len(h.cases[first]), end
}

// ascii is all characters of one byte, so that encoding them allocates nothing.
const ascii = "" +
	"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f" +
	"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f" +
	" !\"#$%&'()*+,-./0123456789:;<=>?" +
	"@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_" +
	"`abcdefghijklmnopqrstuvwxyz{|}~\x7f"

func encoded(r rune) string {
	if r < utf8.RuneSelf {
		return ascii[r : r+1]
	}
	return string(r)
}

// frequent lists the bytes that are frequent in prose, code and JSON, the most
// frequent first. All others are rare.
const frequent = " etaoinsr\"lhdcum,pfgyw.bv0:-1\\/n{}_2k()[]3x5t4=6789'*\n"

// rarest returns the place of the needle's character that is probably the
// rarest in texts, and that character; -1 when there is none that could be
// looked for.
func rarest(needle string) (at int, anchor rune) {
	at = -1
	best := math.MinInt
	for i, r := range needle {
		if r == utf8.RuneError {
			continue // also stands for bytes that are not UTF-8
		}
		if score := rarity(r); score > best {
			at, anchor, best = i, r, score
		}
	}
	return at, anchor
}

// rarity is greater for what takes less time to look for. Characters beyond
// ASCII are frequent where they occur at all, and some have three cases.
func rarity(r rune) (score int) {
	if r >= utf8.RuneSelf {
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			score--
		}
		return score
	}
	lower := lowerASCII(byte(r))
	if score = 1 + strings.IndexByte(frequent, lower); score == 0 {
		score = 1 + len(frequent)
	}
	if hasThirdCase(lower) {
		score /= 2
	}
	return score
}

// hasThirdCase reports whether a byte is a letter that a character beyond ASCII
// is a case of: the Kelvin sign, the long s.
func hasThirdCase(b byte) bool { return b|0x20 == 'k' || b|0x20 == 's' }
