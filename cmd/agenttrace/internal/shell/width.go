package shell

import (
	"strings"

	"github.com/rivo/uniseg"
)

// ellipsis stands for what was left out of a line.
const ellipsis = "…"

// Width returns how many columns a terminal needs for s, which must be clean: two
// for each Chinese, Japanese or Korean character and emoji.
func Width(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return uniseg.StringWidth(s)
		}
	}
	return len(s)
}

// Cut returns the beginning of s that fits into width columns, with an ellipsis
// when something is left out. It never cuts through what is one character to a
// reader.
func Cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if len(s) <= width || Width(s) <= width {
		if Width(s) <= width {
			return s
		}
	}
	head, _ := split(s, width-1)
	return head + ellipsis
}

// split divides s after as many whole characters as fit into width columns.
func split(s string, width int) (head, tail string) {
	rest, state, used := s, -1, 0
	for rest != "" {
		var wide int
		var after string
		_, after, wide, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+wide > width {
			break
		}
		used, rest = used+wide, after
	}
	return s[:len(s)-len(rest)], rest
}

// Pad returns s filled up with spaces on the right to width columns.
func Pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-Width(s)))
}

// Wrap breaks s, one clean line, into lines of at most width columns, between words
// where there are any. Each has at least one character, however small width is.
func Wrap(s string, width int) []string {
	var lines []string
	for Width(s) > width {
		head, tail := split(s, width)
		if head == "" { // one character that is wider than the place
			head, tail = split(s, 2)
			if head == "" {
				break
			}
		}
		if at := strings.LastIndexByte(head, ' '); at > 0 && !strings.HasPrefix(tail, " ") && strings.TrimSpace(head[:at]) != "" {
			head, tail = head[:at], s[at:]
		}
		lines = append(lines, strings.TrimRight(head, " "))
		s = strings.TrimLeft(tail, " ")
	}
	return append(lines, s)
}
