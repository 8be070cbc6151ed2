package shell_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

func TestCleanTextIsHarmless(t *testing.T) {
	for _, test := range []struct{ dirty, clean string }{
		{"", ""},
		{"plain text", "plain text"},
		{"  two\tlines\r\nand  spaces \u2028 ", "two lines and spaces"},
		{"\x1b[31mred\x1b[0m", "␛[31mred␛[0m"},
		{"bell\a del\x7f null\x00", "bell␇ del␡ null␀"},
		{"c1 \u009b31m", "c1 �31m"},
		{"\xff\xfe", "��"},
		{"invoice\u202egpj.exe", "invoice�gpj.exe"},
		{"soft\u00adhyphen", "soft�hyphen"},
		{"a" + strings.Repeat("\u0301", 50), "a" + strings.Repeat("\u0301", 4)},
		{"👩\u200d👩\u200d👧 漢字 🇩🇪 ❤\ufe0f", "👩\u200d👩\u200d👧 漢字 🇩🇪 ❤\ufe0f"},
	} {
		if got := shell.Clean(test.dirty); got != test.clean {
			t.Errorf("%q is cleaned to %q, want %q", test.dirty, got, test.clean)
		}
	}
}

func TestCleanBlocksKeepTheirLinesAndIndentation(t *testing.T) {
	got := shell.CleanBlock("if x:\r\n\treturn  1\x1b[2J\n\n")
	if want := []string{"if x:", "    return  1␛[2J"}; strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

var anyText = rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune("\x1b[m\r\n\t\u009b漢字😀👩\u200d🇩🇪e\u0301\u202e ab")), 0, 60, -1))

func TestAnyTextIsCleanedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyText.Draw(t, "text")
		for _, clean := range append(shell.CleanBlock(text), shell.Clean(text)) {
			if !utf8.ValidString(clean) || strings.ContainsFunc(clean, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
				t.Errorf("%q is cleaned to %q", text, clean)
			}
		}
		if once := shell.Clean(text); shell.Clean(once) != once {
			t.Errorf("cleaning %q again makes %q", once, shell.Clean(once))
		}
	})
}

func TestTextIsCutBetweenCharacters(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"hello", 5, "hello"}, {"hello", 4, "hel…"}, {"hello", 1, "…"}, {"hello", 0, ""}, {"", 3, ""},
		{"漢字漢字", 8, "漢字漢字"}, {"漢字漢字", 7, "漢字漢…"}, {"漢字漢字", 6, "漢字…"}, {"漢字", 1, "…"},
		{"👩\u200d👩\u200d👧!!", 3, "👩\u200d👩\u200d👧…"}, {"e\u0301e\u0301", 1, "…"},
	} {
		if got := shell.Cut(test.text, test.width); got != test.want {
			t.Errorf("%q cut to %d is %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func TestWrappingLosesNothingButSpaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, width := shell.Clean(anyText.Draw(t, "text")), rapid.IntRange(2, 30).Draw(t, "width")
		lines := shell.Wrap(text, width)
		for _, line := range lines {
			if shell.Width(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := squeeze(strings.Join(lines, "")); got != squeeze(text) {
			t.Errorf("%q is wrapped to %q", text, lines)
		}
	})
}

func TestWordsAreWrappedWhole(t *testing.T) {
	got := shell.Wrap("the quick brown fox jumps", 10)
	if want := "the quick|brown fox|jumps"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", strings.Join(got, "|"), want)
	}
}

func TestALineIsCutAcrossItsPieces(t *testing.T) {
	line := shell.Line{{Text: "ab", Style: shell.Red}, {Text: "漢字", Style: shell.Dim}, {Text: "cd"}}
	for width, want := range map[int]string{0: "", 1: "…", 2: "a…", 3: "ab…", 4: "ab…", 5: "ab漢…", 6: "ab漢…", 7: "ab漢字…", 8: "ab漢字cd", 9: "ab漢字cd"} {
		got := line.Cut(width)
		if text := got.Render(false); text != want || got.Width() > width {
			t.Errorf("cut to %d it is %q, want %q", width, text, want)
		}
	}
	if got, want := line.Render(true), "\x1b[31mab\x1b[0m\x1b[2m漢字\x1b[0mcd"; got != want {
		t.Errorf("in colour it is %q, want %q", got, want)
	}
	if got := uniseg.StringWidth(line.Pad(12).Render(true)); got == 0 {
		t.Error("padding loses the line")
	}
}
