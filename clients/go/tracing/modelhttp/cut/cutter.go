package cut

// Limits says what a Cutter keeps. The zero value keeps nothing that is worth
// having: set both sizes.
type Limits struct {
	// String is how many bytes of one string are kept, as they are written in JSON;
	// at least 256.
	String int
	// Total is about how many bytes are kept in all. Beyond it only short members
	// of the outermost object are kept, for the names that matter, such as "model",
	// often come after the long ones. The output is never longer than
	// Total + Reserve.
	Total int
	// Drop says which members are left out whole: the member called name of the
	// object that is the value of parent ("" at the top and in arrays of arrays).
	// Nothing is left out where Drop is nil.
	Drop func(parent, name string) bool
	// File says which strings are files in base64, of which only the size is kept.
	// Strings that are data URLs are recognised without it.
	File func(parent, name string) bool
}

// Reserve is what short members may take beyond Limits.Total.
const Reserve = 16 << 10

const (
	maxDepth   = 256 // containers within containers; what is deeper is left out
	maxName    = 256 // bytes of a member's name
	maxLiteral = 64  // bytes of a number
	shortText  = 512 // bytes of a string that is kept beyond Total
)

// Cutter takes JSON in pieces and holds its shorter form. It is not for several
// goroutines at once. A Cutter must be made by New.
type Cutter struct {
	limits Limits
	out    []byte
	stack  []container
	state  state
	skip   int  // containers that are open within one that is left out
	any    bool // a value has begun
	done   bool // the outermost value is complete, or what came is no JSON
	cut    bool

	name    []byte // of the member that comes next, or of the one being read
	named   bool
	literal []byte
	text    text
}

type container struct {
	object bool
	filled bool   // something has been written into it
	member string // what its own member is called, seen through arrays
}

type state uint8

const (
	between state = iota
	inName
	inText
	inLiteral
)

// New returns a Cutter that keeps what limits allow.
func New(limits Limits) *Cutter {
	limits.String = max(limits.String, 2*maxHead)
	return &Cutter{limits: limits}
}

// Write takes the next piece, and returns how many bytes of it belong to the
// value: fewer than len(p) when the value is complete. It keeps nothing of p, and
// never fails: what is no JSON ends the output where it stops making sense.
func (c *Cutter) Write(p []byte) int {
	i := 0
	for i < len(p) && !c.done {
		if c.state == inName || c.state == inText {
			i += c.string(p[i:])
			continue
		}
		c.outside(p[i])
		i++
	}
	return i
}

// Finish returns the JSON that was kept, completed where the input stopped early.
// It is nil where no value began. The Cutter must be Reset before it is used again;
// the result is valid until then.
func (c *Cutter) Finish() []byte {
	if !c.done {
		switch {
		case c.state == inText:
			c.endText()
			c.cut = true
		case c.state == inLiteral && len(c.stack) == 0:
			c.endLiteral() // a bare number ends with its input
		}
		c.cut = c.cut || len(c.stack) > 0 || c.skip > 0
		for len(c.stack) > 0 {
			c.pop()
		}
		c.done = true
	}
	if len(c.out) == 0 {
		return nil
	}
	return c.out
}

// Complete reports whether the outermost value has been read to its end.
func (c *Cutter) Complete() bool { return c.done && c.any }

// Empty reports whether nothing but white space has been read.
func (c *Cutter) Empty() bool { return !c.any }

// Cut reports whether something was left out that Limits.Drop and Limits.File did
// not ask for, or the input stopped early.
func (c *Cutter) Cut() bool { return c.cut }

// Reset makes the Cutter as new, with the memory that it has.
func (c *Cutter) Reset() {
	*c = Cutter{limits: c.limits, out: c.out[:0], stack: c.stack[:0], name: c.name[:0], literal: c.literal[:0], text: text{escape: c.text.escape[:0]}}
	if cap(c.out) > keepBuffer {
		c.out = nil
	}
}

// keepBuffer is the largest buffer that is kept for the next value.
const keepBuffer = 64 << 10

func (c *Cutter) outside(b byte) {
	if c.state == inLiteral {
		switch b {
		case ' ', '\t', '\r', '\n', ',', ':', '{', '}', '[', ']', '"':
			c.endLiteral()
			if c.done {
				return
			}
		default:
			if len(c.literal) < maxLiteral {
				c.literal = append(c.literal, b)
			}
			return
		}
	}
	switch b {
	case ' ', '\t', '\r', '\n', ',', ':':
	case '{', '[':
		c.open(b == '{')
	case '}', ']':
		c.close(b == '}')
	case '"':
		c.beginString()
	default:
		c.any = true
		c.state, c.literal = inLiteral, append(c.literal[:0], b)
	}
}

func (c *Cutter) open(object bool) {
	c.any = true
	if c.skip > 0 {
		c.skip++
		return
	}
	member := c.member()
	switch {
	case c.inObject() && !c.named: // a container where a name should be
		c.skip = 1
		return
	case c.dropped(), len(c.stack) >= maxDepth, c.over() && len(c.stack) > 0:
		c.cut = c.cut || !c.dropped()
		c.named, c.skip = false, 1
		return
	}
	c.begin()
	c.stack = append(c.stack, container{object: object, member: member})
	if object {
		c.out = append(c.out, '{')
	} else {
		c.out = append(c.out, '[')
	}
}

func (c *Cutter) close(object bool) {
	switch {
	case c.skip > 0:
		c.skip--
		return
	case len(c.stack) == 0 || c.top().object != object:
		c.cut, c.done = true, true
		for len(c.stack) > 0 {
			c.pop()
		}
		return
	}
	c.pop()
	c.done = len(c.stack) == 0
}

func (c *Cutter) pop() {
	if c.top().object {
		c.out = append(c.out, '}')
	} else {
		c.out = append(c.out, ']')
	}
	c.stack, c.named = c.stack[:len(c.stack)-1], false
}

func (c *Cutter) endLiteral() {
	c.state = between
	switch {
	case c.skip > 0:
	case c.inObject() && !c.named:
	case c.dropped():
		c.named = false
	case !c.room():
		c.named, c.cut = false, true
	default:
		c.begin()
		c.out = append(c.out, c.literal...)
		c.done = len(c.stack) == 0
	}
}
