package draw

import (
	"time"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

// TraceOptions is how a trace is drawn.
type TraceOptions struct {
	Width    int            // columns
	Zone     *time.Location // of times
	MaxDepth int            // how many levels of spans; 0 for all
	MaxSpans int            // most spans; 0 for all
	Content  bool           // whether inputs and outputs are shown
	MaxLines int            // most lines of one text of content; 0 for all
}

// Trace draws a trace: what it was about, its spans as a tree with a waterfall, and
// each error where it started. Spans may come in any order. Where spans are left
// out, a line says how many and what they did.
func Trace(t *agenttracev1.Trace, spans []*agenttracev1.Span, o TraceOptions) []shell.Line {
	top := newTree(spans)
	top.choose(o.MaxSpans, o.MaxDepth)
	w := newWaterfall(t, appendRows(nil, top, "", o.Width/4), o)
	lines := append(Summary(t, o), nil, w.head())
	for _, r := range w.rows {
		lines = append(lines, w.line(r))
		if r.node != nil {
			lines = append(lines, w.errorOf(r)...)
			lines = append(lines, w.contentOf(r)...)
		}
	}
	return lines
}

// row is one line of the tree: a span, or neighbours that are left out.
type row struct {
	prefix string // the branches before its name
	rest   string // the branches before what else is said of it
	node   *node  // nil for neighbours
	hidden []*node
}

// appendRows appends the rows of what is below a node, whose own branches are the
// prefix. Of deep trees the outermost branches are left out, beyond most columns:
// a chain of thousands would not leave room for a name.
func appendRows(rows []row, n *node, prefix string, most int) []row {
	for i := 0; i < len(n.children); {
		next := i + 1
		for !n.children[i].shown && next < len(n.children) && !n.children[next].shown {
			next++
		}
		branch, rest := "├─ ", "│  "
		if next == len(n.children) {
			branch, rest = "└─ ", "   "
		}
		if n.span == nil { // roots have no branches
			branch, rest = "", ""
		}
		r := row{prefix: shorten(prefix, most) + branch, rest: shorten(prefix+rest, most)}
		if n.children[i].shown {
			r.node = n.children[i]
			rows = appendRows(append(rows, r), r.node, r.rest, most)
		} else {
			r.hidden = n.children[i:next]
			rows = append(rows, r)
		}
		i = next
	}
	return rows
}

// shorten leaves out the beginning of branches that take more than most columns.
func shorten(prefix string, most int) string {
	runes := []rune(prefix)
	if len(runes) <= most {
		return prefix
	}
	return "…" + string(runes[len(runes)-most+1:])
}
