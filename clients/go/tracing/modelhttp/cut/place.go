package cut

func (c *Cutter) top() *container { return &c.stack[len(c.stack)-1] }

func (c *Cutter) inObject() bool { return len(c.stack) > 0 && c.top().object }

// member is what the value that comes next is called: its own name, or that of
// the array that it is in.
func (c *Cutter) member() string {
	switch {
	case len(c.stack) == 0:
		return ""
	case c.top().object:
		return string(c.name)
	default:
		return c.top().member
	}
}

func (c *Cutter) dropped() bool {
	return c.named && c.limits.Drop != nil && c.limits.Drop(c.top().member, string(c.name))
}

// over reports whether all that the limits allow is used up.
func (c *Cutter) over() bool { return len(c.out) >= c.limits.Total }

// room reports whether a value that is no container may be written: beyond the
// total only members of the outermost object, and not without end.
func (c *Cutter) room() bool {
	if !c.over() {
		return true
	}
	return len(c.stack) == 1 && c.top().object && len(c.out) < c.limits.Total+Reserve-maxName-shortText-maxDepth-closing
}

// closing is more than what ends a text and marks it as cut.
const closing = 64

// begin writes what comes before a value: a comma, and its name.
func (c *Cutter) begin() {
	if len(c.stack) == 0 {
		return
	}
	top := c.top()
	if top.filled {
		c.out = append(c.out, ',')
	}
	top.filled = true
	if top.object {
		c.out = append(append(append(c.out, '"'), c.name...), '"', ':')
		c.named = false
	}
}
