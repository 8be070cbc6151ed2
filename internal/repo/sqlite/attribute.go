package sqlite

import (
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// incomplete is true where a row says that entries are missing.
const incomplete = `json_type(attributes, '$."` + model.ShortIncomplete + `"') IS NOT NULL`

// attributeHolds is termHolds for a short attribute. What the row does not tell
// may hold.
func attributeHolds(t plan.Term) clause {
	e := entryOf(t.Attribute)
	told := e.comparison(t.Op, t.Value)
	holds := `(` + told.sql + `)`
	if t.Not {
		holds += ` IS NOT TRUE`
	}
	return clause{
		`(` + holds + ` OR ` + e.kind + ` = 'null' OR ` + incomplete + `)`,
		append(told.args, e.arg),
	}
}

// entry is one entry of the JSON object in attributes.
type entry struct {
	kind  string // SQL for what json_type says; NULL where there is no entry
	value string // SQL for the value
	arg   any    // of the one mark in each of them
}

// entryOf finds an entry by a path. No path names a key with quotes or
// backslashes: such an entry is looked for among all.
func entryOf(key string) entry {
	if strings.ContainsAny(key, `"\`) || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' }) {
		return entry{
			kind:  `(SELECT e.type FROM json_each(attributes) AS e WHERE e.key = ?)`,
			value: `(SELECT e.atom FROM json_each(attributes) AS e WHERE e.key = ?)`,
			arg:   key,
		}
	}
	return entry{kind: `json_type(attributes, ?)`, value: `attributes ->> ?`, arg: `$."` + key + `"`}
}

// comparison is comparison for the value of an entry, whose kind it must check:
// SQLite compares values of different kinds.
func (e entry) comparison(op plan.Op, v query.Value) clause {
	var kinds string
	var c clause
	switch {
	case v.Kind == query.KindNil && op == plan.Equal:
		return clause{e.kind + ` IS NULL`, []any{e.arg}}
	case v.Kind == query.KindNil && op == plan.NotEqual:
		return clause{e.kind + ` IS NOT NULL`, []any{e.arg}}
	case v.Kind == query.KindString:
		kinds, c = ` = 'text'`, compareText(`(`+e.value+`)`, op, v.Text)
	case v.Kind.IsNumber() && compares(op):
		kinds, c = ` IN ('integer', 'real')`, numberComparison(`(`+e.value+`)`, op, v)
	case v.Kind == query.KindBool && compares(op):
		kinds, c = ` IN ('true', 'false')`, clause{`(` + e.value + `)` + operator(op) + `?`, []any{v.Int}}
	default:
		return clause{sql: `FALSE`}
	}
	return clause{
		e.kind + kinds + ` AND ` + c.sql,
		append([]any{e.arg, e.arg}, c.args...),
	}
}
