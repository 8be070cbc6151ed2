package cut

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// text is the string that is being read.
type text struct {
	start  int    // where it begins in the output
	limit  int    // how many bytes of it are kept
	seen   int    // how many bytes of it have passed
	escape []byte // an escape sequence that is not complete
	silent bool   // it is left out
	file   bool   // the rest of it is base64, of which the size is kept
	from   int    // how many bytes had passed when the base64 began
	pads   int    // how many '=' of it have passed
	comma  bool   // a comma has passed
	over   bool   // it is longer than its limit
}

func (c *Cutter) beginString() {
	c.any = true
	escape := c.text.escape[:0]
	if c.skip == 0 && c.inObject() && !c.named {
		c.state, c.name = inName, c.name[:0]
		c.text = text{escape: escape, limit: maxName}
		return
	}
	c.state = inText
	c.text = text{escape: escape, silent: true}
	if c.skip > 0 {
		return
	}
	file := c.named && c.limits.File != nil && c.limits.File(c.top().member, string(c.name))
	switch {
	case c.dropped():
		c.named = false
	case !c.room():
		c.named, c.cut = false, true
	default:
		limit := c.limits.String
		if room := c.limits.Total - len(c.out); room < limit {
			limit = max(room, min(shortText, c.limits.String))
		}
		c.begin()
		c.out = append(c.out, '"')
		c.text = text{escape: escape, start: len(c.out), limit: limit, file: file}
	}
}

// string takes bytes of the string that is open, and returns how many.
func (c *Cutter) string(p []byte) int {
	for i := 0; i < len(p); i++ {
		if n := plain(p[i:]); n > 0 && len(c.text.escape) == 0 {
			c.put(p[i : i+n])
			if i += n; i == len(p) {
				return i
			}
		}
		switch b := p[i]; {
		case len(c.text.escape) > 0 || b == '\\':
			c.text.escape = append(c.text.escape, b)
			if escaped(c.text.escape) {
				c.put(c.text.escape)
				c.text.escape = c.text.escape[:0]
			}
		default: // a quotation mark
			c.endString()
			return i + 1
		}
	}
	return len(p)
}

// plain returns how many bytes of p come before a quotation mark or a backslash.
func plain(p []byte) int {
	for i, b := range p {
		if b == '"' || b == '\\' {
			return i
		}
	}
	return len(p)
}

// escaped reports whether an escape sequence is complete.
func escaped(e []byte) bool {
	if len(e) < 2 {
		return false
	}
	return e[1] != 'u' || len(e) == 6
}

// put takes bytes of the string: some that stand for themselves, between which it
// may be cut, or one escape sequence.
func (c *Cutter) put(p []byte) {
	t := &c.text
	switch {
	case c.state == inName:
		c.name = t.keep(c.name, 0, p)
		return
	case t.silent:
		return
	case t.file:
		if comma := bytes.IndexByte(p, ','); comma >= 0 && !t.comma {
			t.comma = true // only the first one can end a head
			if t.seen+comma <= maxHead {
				t.from, t.pads = t.seen+comma+1, -bytes.Count(p[:comma], []byte{'='}) // it has the head of a data URL
			}
		}
		t.seen += len(p)
		t.pads += bytes.Count(p, []byte{'='})
		return
	}
	if !t.comma && c.dataURL(p) {
		return
	}
	t.seen += len(p)
	c.out = t.keep(c.out, t.start, p)
}

// keep appends p to what begins at start of out, as far as the limit allows.
func (t *text) keep(out []byte, start int, p []byte) []byte {
	room := t.limit - (len(out) - start)
	switch {
	case t.over:
		return out
	case len(p) <= room:
		return append(out, p...)
	}
	t.over = true
	if p[0] == '\\' {
		return out
	}
	return append(out, p[:room]...)
}

// maxHead is how long the head of a data URL may be, up to its comma.
const maxHead = 128

// dataURL looks for the head of a data URL in base64, in what is there of the
// string and in p, and takes p when it ends one.
func (c *Cutter) dataURL(p []byte) bool {
	t := &c.text
	comma := bytes.IndexByte(p, ',')
	if comma < 0 {
		return false
	}
	t.comma = true // only the first one can end a head
	if t.seen+comma > maxHead {
		return false
	}
	var head [2 * maxHead]byte
	n := append(append(head[:0], c.out[t.start:]...), p[:comma]...)
	if !bytes.HasPrefix(n, []byte("data:")) || !bytes.HasSuffix(n, []byte(";base64")) {
		return false
	}
	c.out = append(c.out, p[:comma+1]...)
	t.file, t.from = true, t.seen+comma+1
	t.seen += len(p)
	t.pads = bytes.Count(p[comma+1:], []byte{'='})
	return true
}

func (c *Cutter) endString() {
	if c.state == inName {
		c.state, c.named = between, c.skip == 0
		return
	}
	c.endText()
	c.done = c.done || (len(c.stack) == 0 && c.skip == 0)
}

// endText completes the text that is open, also where its input stopped.
func (c *Cutter) endText() {
	t := &c.text
	c.state = between
	switch {
	case t.silent:
		return
	case t.file:
		encoded := t.seen - t.from
		c.out = append(c.out, '[')
		c.out = strconv.AppendInt(c.out, int64(max(encoded-min(t.pads, 2), 0)*3/4), 10)
		c.out = append(c.out, " bytes]"...)
	case t.over:
		c.cut = true
		c.trim()
		c.out = append(c.out, " … [cut, of "...)
		c.out = strconv.AppendInt(c.out, int64(t.seen), 10)
		c.out = append(c.out, " bytes]"...)
	default:
		c.trim()
	}
	c.out = append(c.out, '"')
}

// trim takes half a character off the end of the output.
func (c *Cutter) trim() {
	for i := len(c.out) - 1; i >= max(c.text.start, len(c.out)-utf8.UTFMax); i-- {
		if utf8.RuneStart(c.out[i]) {
			if !utf8.FullRune(c.out[i:]) {
				c.out = c.out[:i]
			}
			return
		}
	}
}
