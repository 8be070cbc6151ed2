package plan

import "github.com/agenttrace/agenttrace/internal/query"

// never holds nowhere; nil holds everywhere.
var never = Any{}

func isNever(c Condition) bool {
	parts, ok := c.(Any)
	return ok && len(parts) == 0
}

// all returns a condition that holds where all parts do, and either one that
// holds where any does, without what says nothing new.
func all(parts ...Condition) Condition { return combine(parts, true) }

func either(parts ...Condition) Condition { return combine(parts, false) }

func combine(parts []Condition, conjunction bool) Condition {
	s := simplifier{conjunction: conjunction, known: make(map[string]bool, len(parts))}
	s.add(parts)
	var kept []Condition
	for _, part := range s.kept {
		if !s.redundant(part) {
			kept = append(kept, part)
		}
	}
	switch {
	case s.decided && conjunction, len(kept) == 0 && !conjunction && !s.decided:
		return never
	case s.decided, len(kept) == 0:
		return nil
	case len(kept) == 1:
		return kept[0]
	case conjunction:
		return All(kept)
	default:
		return Any(kept)
	}
}

// simplifier puts conditions together.
type simplifier struct {
	conjunction bool
	kept        []Condition
	known       map[string]bool // by their text
	decided     bool            // one alone decides the whole
}

func (s *simplifier) add(parts []Condition) {
	for _, part := range parts {
		switch {
		case part == nil:
			s.decided = s.decided || !s.conjunction
			continue
		case isNever(part):
			s.decided = s.decided || s.conjunction
			continue
		}
		if same := s.ofThisKind(part); same != nil {
			s.add(same)
		} else if key := part.String(); !s.known[key] {
			s.known[key] = true
			s.kept = append(s.kept, part)
		}
	}
}

// ofThisKind returns the parts of a condition that is combined as this one.
func (s *simplifier) ofThisKind(c Condition) []Condition {
	switch c := c.(type) {
	case All:
		if s.conjunction {
			return c
		}
	case Any:
		if !s.conjunction {
			return c
		}
	}
	return nil
}

// redundant reports whether the other parts say what this one does: a && (a || b)
// is a, a || (a && b) too; x = 1 implies x != nil.
func (s *simplifier) redundant(part Condition) bool {
	var inner []Condition
	switch part := part.(type) {
	case Term:
		if !s.conjunction {
			return part.needsValue() && part != part.presence() && s.known[part.presence().String()]
		}
		return part == part.presence() && s.needsValue(part)
	case All:
		inner = part
	case Any:
		inner = part
	}
	for _, c := range inner {
		if s.known[c.String()] {
			return true
		}
	}
	return false
}

// needsValue reports whether a part implies that a column is there.
func (s *simplifier) needsValue(presence Term) bool {
	for _, part := range s.kept {
		if t, ok := part.(Term); ok && t != presence && t.needsValue() && t.presence() == presence {
			return true
		}
	}
	return false
}

// needsValue reports whether the term holds only where its column is there.
func (t Term) needsValue() bool {
	return !t.Not && (t.Value.Kind != query.KindNil || t.Op == NotEqual)
}

// presence returns the term that holds where the column is there.
func (t Term) presence() Term {
	return Term{Intrinsic: t.Intrinsic, Attribute: t.Attribute, Op: NotEqual}
}

// negate returns a condition that holds where c does not.
func negate(c Condition) Condition {
	switch c := c.(type) {
	case nil:
		return never
	case All:
		return either(negateEach(c)...)
	case Any:
		return all(negateEach(c)...)
	case Term:
		return c.negated()
	default:
		return nil
	}
}

func negateEach(parts []Condition) []Condition {
	negated := make([]Condition, len(parts))
	for i, part := range parts {
		negated[i] = negate(part)
	}
	return negated
}

// opposites are the operators that hold where the first does not, for columns
// that are always there.
var opposites = [...]Op{Equal: NotEqual, NotEqual: Equal, Less: GreaterEqual, LessEqual: Greater, Greater: LessEqual, GreaterEqual: Less}

// negated turns the term round, without Not where that says the same.
func (t Term) negated() Term {
	if t.Intrinsic == query.Failed && t.Op == Equal && !t.Not {
		t.Value = query.Boolean(t.Value.Int == 0)
		return t
	}
	if int(t.Op) < len(opposites) && !t.Not && (t.Value.Kind == query.KindNil || alwaysThere(t.Intrinsic)) {
		t.Op = opposites[t.Op]
		return t
	}
	t.Not = !t.Not
	return t
}

// alwaysThere reports whether a column is never absent.
func alwaysThere(i query.Intrinsic) bool {
	switch i {
	case query.Status, query.SpanKind, query.SpanDuration, query.RootMark, query.Type, query.Failed,
		query.TraceDuration, query.TraceSpanCount, query.TraceErrorCount:
		return true
	default:
		return false
	}
}
