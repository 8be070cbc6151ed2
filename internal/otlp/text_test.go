package otlp

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzBoundRunes compares with what a bounded text is by its definition: repaired, and
// then as many runes.
func FuzzBoundRunes(f *testing.F) {
	for _, s := range []string{"", "plain words", "a\x00b", "äöü", "plain, then ä", strings.Repeat("x", 40) + "\xff", "\x80\x80\x80 many", "12345678\x00"} {
		f.Add(s, 12)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit = max(0, min(limit, 200)); len(s) > limit {
			s = s[:min(len(s), limit*utf8.UTFMax)] // longer ones are cut, wherever that is
		}
		want := []rune(strings.ReplaceAll(strings.ToValidUTF8(s, replacement), "\x00", replacement))
		got := boundRunes(s, limit)
		if !utf8.ValidString(got) || strings.Contains(got, "\x00") {
			t.Fatalf("%q cannot be stored", got)
		}
		if string(want[:min(len(want), limit)]) != got {
			t.Fatalf("%q of %q, want %q", got, s, string(want[:min(len(want), limit)]))
		}
	})
}

func TestPlainTextIsASCIIWithoutNUL(t *testing.T) {
	text := []byte("0123456789abcdefgh")
	for at, b := range text {
		for c := range 256 {
			text[at] = byte(c)
			if got, want := isPlain(string(text)), c != 0 && c < utf8.RuneSelf; got != want {
				t.Errorf("byte %d is %#x: plain %v, want %v", at, c, got, want)
			}
		}
		text[at] = b
	}
}
