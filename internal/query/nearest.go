package query

import (
	"slices"
	"strings"
)

// nearest returns the name that word was most likely meant to be, "" when none
// is near: at most one mistake for each three characters. A mistake is a
// character too much, too little, or wrong, or two that changed places; whether
// letters are small or capital is none.
func nearest(word string, names []string) string {
	best, least := "", len(word)/3+1
	if len(word) < 3 {
		least = 2
	}
	folded := []rune(strings.ToLower(word))
	if len(folded) > maxFound {
		return ""
	}
	for _, name := range names {
		if d := distance(folded, []rune(strings.ToLower(name))); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance counts the mistakes that make b of a (optimal string alignment).
func distance(a, b []rune) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		above[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(above[j]+change, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}

// membersOf returns the intrinsics whose names begin with a word and a colon.
func membersOf(word string) []string {
	return slices.DeleteFunc(slices.Clone(intrinsicWords), func(name string) bool { return !strings.HasPrefix(name, word+":") })
}

// nameOf returns that of them which is most likely meant: what it is called, or
// the only one.
func nameOf(word string) string {
	members := membersOf(word)
	switch {
	case slices.Contains(members, word+":name"):
		return word + ":name"
	case len(members) == 1:
		return members[0]
	default:
		return ""
	}
}
