package traceql

import (
	"slices"
	"strconv"
	"strings"
)

// Spanset is a query that selects spans of each trace. Its zero value selects
// all.
type Spanset struct {
	text   string // "" for { }
	op     string // the operator of a combination, without what is before it
	stages bool   // it is a pipeline
}

// Spans selects the spans for which all conditions hold, all spans where there
// are none.
func Spans(conditions ...Condition) Spanset { return Spanset{text: braces(conditions)} }

func braces(conditions []Condition) string {
	if len(conditions) == 0 {
		return "{ }"
	}
	return "{ " + And(conditions...).condition().text + " }"
}

// String returns the query as a request takes it.
func (s Spanset) String() string {
	if s.text == "" {
		return "{ }"
	}
	return s.text
}

// Relation is how spans stand to others; see [Spanset.Relate].
type Relation struct{ form, op string }

// Descendant is somewhere below.
func Descendant() Relation { return Relation{op: ">>"} }

// Child is directly below.
func Child() Relation { return Relation{op: ">"} }

// Ancestor is somewhere above.
func Ancestor() Relation { return Relation{op: "<<"} }

// Parent is directly above.
func Parent() Relation { return Relation{op: "<"} }

// Sibling is with the same parent.
func Sibling() Relation { return Relation{op: "~"} }

// Follower is started when the other had ended, or later.
func Follower() Relation { return Relation{op: "then"} }

// None selects those that stand in the relation to none of the others.
func (r Relation) None() Relation { return Relation{"!", r.op} }

// Both selects the spans of both sides, as far as they stand in the relation.
func (r Relation) Both() Relation { return Relation{"&", r.op} }

// Relate selects those of other that stand in a relation to one of these spans:
// s.Relate(Descendant(), other) are those of other that are somewhere below one
// of s, s.Relate(Descendant().None(), other) those that are below none.
func (s Spanset) Relate(r Relation, other Spanset) Spanset {
	text := s.operand(true) + " " + r.form + r.op + " " + other.operand(true)
	return Spanset{text: text, op: r.op}
}

// operand prints an operand: a combination stands in brackets where it is asked
// for, a pipeline always.
func (s Spanset) operand(brackets bool) string {
	if s.stages || s.op != "" && brackets {
		return "(" + s.text + ")"
	}
	return s.String()
}

// Descendants selects those of other that are somewhere below one of these spans.
func (s Spanset) Descendants(other Spanset) Spanset { return s.Relate(Descendant(), other) }

// Children selects those of other that are directly below one of these spans.
func (s Spanset) Children(other Spanset) Spanset { return s.Relate(Child(), other) }

// Ancestors selects those of other that are somewhere above one of these spans.
func (s Spanset) Ancestors(other Spanset) Spanset { return s.Relate(Ancestor(), other) }

// Parents selects those of other that are directly above one of these spans.
func (s Spanset) Parents(other Spanset) Spanset { return s.Relate(Parent(), other) }

// Siblings selects those of other that have the same parent as one of these
// spans, and are another span.
func (s Spanset) Siblings(other Spanset) Spanset { return s.Relate(Sibling(), other) }

// Then selects those of other that started when one of these spans had ended, or
// later.
func (s Spanset) Then(other Spanset) Spanset { return s.Relate(Follower(), other) }

// And selects all spans of both, in traces where both have some.
func (s Spanset) And(other Spanset) Spanset { return s.join("&&", other) }

// Or selects all spans of both.
func (s Spanset) Or(other Spanset) Spanset { return s.join("||", other) }

func (s Spanset) join(op string, other Spanset) Spanset {
	return Spanset{text: s.operand(s.op != op) + " " + op + " " + other.operand(true), op: op}
}

// stage passes the spans through a stage.
func (s Spanset) stage(text string) Spanset {
	return Spanset{text: s.String() + " | " + text, stages: true}
}

// Filter keeps the spans for which all conditions hold.
func (s Spanset) Filter(conditions ...Condition) Spanset { return s.stage(braces(conditions)) }

// Having keeps a spanset if the measure holds for it.
func (s Spanset) Having(m Measure) Spanset { return s.stage(m.expr.text) }

// By makes one spanset of the spans with each combination of values. At most 16
// fields may be named; one that is named again does not count.
func (s Spanset) By(first Field, more ...Field) Spanset {
	return s.stage("by(" + list(first, more) + ")")
}

// Select keeps all spans, and returns these fields with them. At most 16 may be
// named; one that is named again does not count.
func (s Spanset) Select(first Field, more ...Field) Spanset {
	return s.stage("select(" + list(first, more) + ")")
}

// Coalesce makes one spanset of all those that [Spanset.By] made.
func (s Spanset) Coalesce() Spanset { return s.stage("coalesce()") }

// Repeat keeps the spans that have the same name and the same arguments as at
// least times-1 others: a loop.
func (s Spanset) Repeat(times int) Spanset { return s.stage("repeat(" + strconv.Itoa(times) + ")") }

func list(first Field, more []Field) string {
	names := []string{first.field()}
	for _, f := range more {
		if name := f.field(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
