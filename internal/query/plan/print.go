package plan

import (
	"strconv"
	"strings"

	"github.com/agenttrace/agenttrace/internal/query"
)

// String writes a condition as a query would, with parentheses around each
// part that is made of several.
func (a All) String() string {
	if len(a) == 0 {
		return "true"
	}
	return joined(a, " && ")
}

func (a Any) String() string {
	if len(a) == 0 {
		return "false"
	}
	return joined(a, " || ")
}

func joined(parts []Condition, operator string) string {
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString(operator)
		}
		switch part.(type) {
		case All, Any:
			b.WriteString("(" + text(part) + ")")
		default:
			b.WriteString(text(part))
		}
	}
	return b.String()
}

// text is the String of a condition that may be nil.
func text(c Condition) string {
	if c == nil {
		return "true"
	}
	return c.String()
}

func (t Term) String() string {
	var b strings.Builder
	if t.Not {
		b.WriteString("!(")
	}
	if t.Attribute != "" {
		b.WriteString("row " + strconv.Quote(t.Attribute))
	} else {
		b.WriteString(query.Describe(t.Intrinsic).Names[0])
	}
	b.WriteString([...]string{
		Equal: " = ", NotEqual: " != ", Less: " < ", LessEqual: " <= ", Greater: " > ", GreaterEqual: " >= ",
		Contains: " contains ", HasPrefix: " begins with ",
	}[t.Op])
	b.WriteString(t.Value.String())
	if t.Not {
		b.WriteByte(')')
	}
	return b.String()
}

// String describes the plan in a few lines, for tests and for people who wonder
// why a query is slow.
func (p Plan) String() string {
	var b strings.Builder
	line := func(what string, c Condition) {
		if c != nil {
			b.WriteString("    " + what + c.String() + "\n")
		}
	}
	line("trace:          ", p.Where)
	for _, having := range p.Having {
		line("some span:      ", having)
	}
	if p.Exact {
		b.WriteString("    selected spans: exactly " + text(p.Spans) + "\n")
	} else {
		line("selected spans: ", p.Spans)
	}
	if p.Body {
		b.WriteString("    content:        read\n")
	}
	for _, having := range p.rawHaving {
		line("some segment:   ", having)
	}
	line("their segments: ", p.rawSpans)
	return b.String()
}
