package postgres

import (
	"encoding/json"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// attribute is term for a short attribute. It also holds where the row does not
// tell.
func (c *conditions) attribute(t plan.Term) string {
	e := attributeEntry{c, t.Attribute}
	told := negated(t.Not, e.comparison(t.Op, t.Value))
	return `(` + told + ` OR ` + e.is(nil) + ` OR attributes ? '` + model.ShortIncomplete + `')`
}

// attributeEntry is one entry of a JSON object.
type attributeEntry struct {
	*conditions
	name string
}

func (e attributeEntry) comparison(op plan.Op, v query.Value) string {
	switch {
	case v.Kind == query.KindNil && op == plan.Equal:
		return `(attributes ? ` + e.key() + `) IS NOT TRUE`
	case v.Kind == query.KindNil && op == plan.NotEqual:
		return `attributes ? ` + e.key()
	case v.Kind == query.KindString && op == plan.Equal:
		return e.is(v.Text)
	case v.Kind == query.KindString:
		key := e.key()
		return e.ofKind(key, `string`, e.text(`(attributes ->> `+key+`) COLLATE "C"`, op, v.Text))
	case v.Kind == query.KindBool:
		return e.boolean(op, v)
	case v.Kind.IsNumber() && v.Kind != query.KindFloat && op == plan.Equal:
		return e.is(v.Int)
	case v.Kind.IsNumber():
		key := e.key()
		return e.ofKind(key, `number`, e.number(`(attributes -> `+key+`)::numeric`, op, v))
	}
	return `FALSE` // values of kinds that do not go together
}

// boolean looks for each of the two values that compares so.
func (e attributeEntry) boolean(op plan.Op, v query.Value) string {
	var either []string
	for _, b := range []bool{false, true} {
		if compares(query.Boolean(b), op, v) {
			either = append(either, e.is(b))
		}
	}
	return joined(either, ` OR `, `FALSE`)
}

// is holds where the entry has a value, a string, number or boolean, or is null.
func (e attributeEntry) is(value any) string {
	if text, ok := value.(string); ok && !storable(text) || !storable(e.name) {
		return `FALSE`
	}
	// Strings, numbers, booleans and null cannot fail to be JSON.
	object, _ := json.Marshal(map[string]any{e.name: value})
	return `attributes @> ` + e.arg(string(object)) + `::jsonb`
}

// key returns the name as an argument; NULL, which is the name of none, when no
// entry can have it.
func (e attributeEntry) key() string {
	if !storable(e.name) {
		return `NULL::text`
	}
	return e.arg(e.name) + `::text`
}

// ofKind makes a comparison with an entry of one kind. CASE keeps PostgreSQL
// from making it with others.
func (e attributeEntry) ofKind(key, kind, comparison string) string {
	return `(CASE jsonb_typeof(attributes -> ` + key + `) WHEN '` + kind + `' THEN ` + comparison + ` END)`
}
