package shell

import "strings"

// Style is how a piece of text looks where there is colour.
type Style uint8

// The styles. Colours are the terminal's own eight, so that they fit its theme.
const (
	Plain Style = iota
	Bold
	Dim
	Red
	Green
	Yellow
	Blue
	Magenta
	Cyan
	BoldRed
)

// codes are the parameters of SGR, the escape sequence that sets colours.
var codes = [...]string{Plain: "", Bold: "1", Dim: "2", Red: "31", Green: "32", Yellow: "33", Blue: "34", Magenta: "35", Cyan: "36", BoldRed: "1;31"}

// Piece is some text in one style. The text must be clean; see [Clean].
type Piece struct {
	Text  string
	Style Style
}

// Line is one line of output: pieces one after the other, without line breaks.
type Line []Piece

// Say is a line of plain text.
func Say(text string) Line { return Line{{Text: text}} }

// Add returns the line with one more piece.
func (l Line) Add(style Style, text string) Line {
	if text == "" {
		return l
	}
	return append(l, Piece{Text: text, Style: style})
}

// Width returns how many columns the line needs.
func (l Line) Width() int {
	width := 0
	for _, p := range l {
		width += Width(p.Text)
	}
	return width
}

// Cut returns the beginning of the line that fits into width columns; see [Cut].
func (l Line) Cut(width int) Line {
	if l.Width() <= width {
		return l
	}
	var kept Line
	left := width
	for i, p := range l {
		wide := Width(p.Text)
		if wide < left || wide == left && l[i+1:].Width() == 0 {
			kept, left = append(kept, p), left-wide
			continue
		}
		// The ellipsis goes where the first piece does not fit as a whole.
		if wide == left {
			head, _ := split(p.Text, left-1)
			return kept.Add(p.Style, head+ellipsis)
		}
		return kept.Add(p.Style, Cut(p.Text, left))
	}
	return kept
}

// Pad returns the line filled up with spaces to width columns.
func (l Line) Pad(width int) Line {
	return l.Add(Plain, strings.Repeat(" ", max(0, width-l.Width())))
}

// Render returns the line as it is printed, without a line break. Without colour
// it is the text alone; white space at the end is left out.
func (l Line) Render(colour bool) string {
	var b strings.Builder
	for _, p := range l.trimmed() {
		if !colour || p.Style == Plain {
			b.WriteString(p.Text)
			continue
		}
		b.WriteString("\x1b[" + codes[p.Style] + "m" + p.Text + "\x1b[0m")
	}
	return b.String()
}

func (l Line) trimmed() Line {
	for i := len(l) - 1; i >= 0; i-- {
		text := strings.TrimRight(l[i].Text, " ")
		if text == "" {
			continue
		}
		kept := append(Line(nil), l[:i+1]...)
		kept[i].Text = text
		return kept
	}
	return nil
}
