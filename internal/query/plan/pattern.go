package plan

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"

	"github.com/agenttrace/agenttrace/internal/query"
)

// shape is what a regular expression demands of a text: that it compares so
// with one of some texts. Where it is exact, it demands nothing else.
type shape struct {
	op    Op // Equal, HasPrefix or Contains
	texts []string
	exact bool
	// folded says that the texts are to be compared ignoring case.
	folded bool
}

// maxAlternatives bounds the texts of a shape.
const maxAlternatives = 32

// shapeOf returns the shape of a pattern. Parts that ignore case are part of it
// only if folding is wanted.
func shapeOf(p *query.Pattern, fold bool) shape {
	anything := shape{op: Contains, texts: []string{""}}
	if p == nil {
		return anything
	}
	tree, err := syntax.Parse(p.Text, syntax.Perl|syntax.DotNL)
	if err != nil {
		return anything
	}
	r := reader{fold: fold}
	s := r.shape(unanchored(flattened(tree)))
	s.folded = r.folded
	return s
}

// flattened returns the parts of a regular expression that follow each other.
func flattened(tree *syntax.Regexp) []*syntax.Regexp {
	switch tree.Op {
	case syntax.OpCapture:
		return flattened(tree.Sub[0])
	case syntax.OpConcat:
		var parts []*syntax.Regexp
		for _, sub := range tree.Sub {
			parts = append(parts, flattened(sub)...)
		}
		return parts
	default:
		return []*syntax.Regexp{tree}
	}
}

// unanchored drops the anchors that every pattern has anyway.
func unanchored(parts []*syntax.Regexp) []*syntax.Regexp {
	for len(parts) > 0 && parts[0].Op == syntax.OpBeginText {
		parts = parts[1:]
	}
	for len(parts) > 0 && parts[len(parts)-1].Op == syntax.OpEndText {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// isAnything reports whether a part matches every text.
func isAnything(part *syntax.Regexp) bool {
	return part.Op == syntax.OpStar && part.Sub[0].Op == syntax.OpAnyChar
}

// reader finds the texts that parts of a regular expression match.
type reader struct {
	fold   bool
	folded bool // a part that ignores case was read
}

func (r *reader) shape(parts []*syntax.Regexp) shape {
	texts, n := r.leading(parts)
	rest := parts[n:]
	switch {
	case len(rest) == 0:
		return shape{op: Equal, texts: texts, exact: true}
	case len(rest) == 1 && isAnything(rest[0]):
		return shape{op: HasPrefix, texts: texts, exact: true}
	case n > 0 && !slices.Contains(texts, ""):
		return shape{op: HasPrefix, texts: texts}
	}
	last := len(parts) - 1
	if last > 1 && isAnything(parts[0]) && isAnything(parts[last]) {
		if texts, n := r.leading(parts[1:last]); n == last-1 {
			return shape{op: Contains, texts: texts, exact: true}
		}
	}
	return shape{op: Contains, texts: r.required(parts)}
}

// required returns texts of which one must be in what the parts match: those of
// the parts that tell most.
func (r *reader) required(parts []*syntax.Regexp) []string {
	best := []string{""}
	for i := 0; i < len(parts); i++ {
		texts, n := r.leading(parts[i:])
		if shortest(texts) > shortest(best) {
			best = texts
		}
		i += max(n-1, 0)
	}
	return best
}

func shortest(texts []string) int {
	least := len(texts[0])
	for _, text := range texts {
		least = min(least, len(text))
	}
	return least
}

// leading returns all texts that the first n parts together match, for as many
// parts as there are not too many.
func (r *reader) leading(parts []*syntax.Regexp) (texts []string, n int) {
	texts = []string{""}
	for _, part := range parts {
		more := r.texts(part)
		if more == nil || len(texts)*len(more) > maxAlternatives {
			break
		}
		texts = products(texts, more)
		n++
	}
	return texts, n
}

func products(heads, tails []string) []string {
	texts := make([]string, 0, len(heads)*len(tails))
	for _, head := range heads {
		for _, tail := range tails {
			texts = append(texts, head+tail)
		}
	}
	return texts
}

// texts returns all texts that a regular expression matches, nil for too many.
func (r *reader) texts(tree *syntax.Regexp) []string {
	switch tree.Op {
	case syntax.OpEmptyMatch:
		return []string{""}
	case syntax.OpLiteral:
		if tree.Flags&syntax.FoldCase != 0 {
			if !r.fold {
				return nil
			}
			r.folded = true
		}
		if !slices.ContainsFunc(tree.Rune, isNoCharacter) {
			return []string{string(tree.Rune)}
		}
	case syntax.OpCharClass:
		return textsOfClass(tree.Rune)
	case syntax.OpCapture:
		return r.texts(tree.Sub[0])
	case syntax.OpQuest:
		if texts := r.texts(tree.Sub[0]); texts != nil && len(texts) < maxAlternatives {
			return append(texts, "")
		}
	case syntax.OpConcat:
		if texts, n := r.leading(tree.Sub); n == len(tree.Sub) {
			return texts
		}
	case syntax.OpAlternate:
		var texts []string
		for _, sub := range tree.Sub {
			more := r.texts(sub)
			if more == nil || len(texts)+len(more) > maxAlternatives {
				return nil
			}
			texts = append(texts, more...)
		}
		return texts
	}
	return nil
}

// textsOfClass returns the characters of pairs of first and last ones.
func textsOfClass(pairs []rune) []string {
	var texts []string
	for i := 0; i < len(pairs); i += 2 {
		if int(pairs[i+1]-pairs[i]) >= maxAlternatives-len(texts) || isNoCharacter(pairs[i]) || isNoCharacter(pairs[i+1]) {
			return nil
		}
		for c := pairs[i]; c <= pairs[i+1]; c++ {
			texts = append(texts, string(c))
		}
	}
	return texts
}

// isNoCharacter reports whether a pattern's character is in no text.
func isNoCharacter(r rune) bool { return !utf8.ValidRune(r) }

// condition returns that a column, which a term names, has the shape.
func (s shape) condition(column Term, present Condition) Condition {
	parts := make([]Condition, len(s.texts))
	for i, text := range s.texts {
		if s.op != Equal && text == "" {
			parts[i] = present
			continue
		}
		column.Op, column.Value = s.op, query.Text(text)
		parts[i] = column
	}
	return either(parts...)
}

// opposite returns that a column is there and does not have the shape, which
// must be exact.
func (s shape) opposite(column Term, present Condition) Condition {
	if s.op != Equal {
		return all(present, negate(s.condition(column, present)))
	}
	parts := make([]Condition, len(s.texts))
	for i, text := range s.texts {
		column.Op, column.Value = NotEqual, query.Text(text)
		parts[i] = column
	}
	return all(parts...)
}
