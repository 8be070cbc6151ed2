package match

import (
	"unicode"
	"unicode/utf8"
)

// hasFoldedPrefix reports whether text begins with prefix, ignoring case, and
// adds to looked how many characters it compared.
func hasFoldedPrefix(text, prefix string, looked *int) bool {
	for prefix != "" {
		*looked++
		if text == "" {
			return false
		}
		a, b := text[0], prefix[0]
		if a|b < utf8.RuneSelf {
			if a != b && lowerASCII(a) != lowerASCII(b) {
				return false
			}
			text, prefix = text[1:], prefix[1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		q, m := utf8.DecodeRuneInString(prefix)
		if r != q && folded(r) != folded(q) {
			return false
		}
		text, prefix = text[n:], prefix[m:]
	}
	return true
}

// hasFoldedSuffix is hasFoldedPrefix from the other end.
func hasFoldedSuffix(text, suffix string, looked *int) bool {
	for suffix != "" {
		*looked++
		if text == "" {
			return false
		}
		a, b := text[len(text)-1], suffix[len(suffix)-1]
		if a|b < utf8.RuneSelf {
			if a != b && lowerASCII(a) != lowerASCII(b) {
				return false
			}
			text, suffix = text[:len(text)-1], suffix[:len(suffix)-1]
			continue
		}
		r, n := utf8.DecodeLastRuneInString(text)
		q, m := utf8.DecodeLastRuneInString(suffix)
		if r != q && folded(r) != folded(q) {
			return false
		}
		text, suffix = text[:len(text)-n], suffix[:len(suffix)-m]
	}
	return true
}

func lowerASCII(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// folded returns the smallest of the characters that differ from r in case only.
func folded(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// foldSlowly takes time in proportion to the text, whatever it looks like: the
// algorithm of Knuth, Morris and Pratt over folded characters.
func foldSlowly(text, needle string) bool {
	pattern := make([]rune, 0, len(needle))
	for _, r := range needle {
		pattern = append(pattern, folded(r))
	}
	// borders[i] is the length of the longest proper prefix of pattern[:i+1]
	// that is its suffix too.
	borders := make([]int, len(pattern))
	matched := 0
	for i := 1; i < len(pattern); i++ {
		matched = advance(pattern, borders, matched, pattern[i])
		borders[i] = matched
	}
	matched = 0
	for _, r := range text {
		if matched = advance(pattern, borders, matched, folded(r)); matched == len(pattern) {
			return true
		}
	}
	return false
}

// advance returns how much of a pattern the text matches after one character
// more, when it matched some of it before.
func advance(pattern []rune, borders []int, matched int, r rune) int {
	for matched > 0 && (matched == len(pattern) || pattern[matched] != r) {
		matched = borders[matched-1]
	}
	if pattern[matched] == r {
		matched++
	}
	return matched
}
