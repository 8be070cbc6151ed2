package match

import (
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
)

// eachAttribute calls yield for each value of an attribute until it returns
// false, and reports whether it never did. Without a scope, the first one that
// has a value is meant.
func eachAttribute(b *model.Body, f *query.Field, yield func(query.Value) bool) bool {
	if f.Scope != query.ScopeAny {
		return eachIn(f.Scope, b, f.Name, yield)
	}
	found := false
	for scope := query.ScopeSpan; scope <= query.ScopeInstrumentation && !found; scope++ {
		more := eachIn(scope, b, f.Name, func(v query.Value) bool {
			found = true
			return yield(v)
		})
		if !more {
			return false
		}
	}
	return true
}

func eachIn(scope query.Scope, b *model.Body, name string, yield func(query.Value) bool) bool {
	switch scope {
	case query.ScopeSpan:
		return eachNamed(b.Attributes, name, yield)
	case query.ScopeResource:
		return eachNamed(b.Resource.Attributes, name, yield)
	case query.ScopeInstrumentation:
		return eachNamed(b.Scope.Attributes, name, yield)
	case query.ScopeEvent:
		for i := range b.Events {
			if !eachNamed(b.Events[i].Attributes, name, yield) {
				return false
			}
		}
	case query.ScopeLink:
		for i := range b.Links {
			if !eachNamed(b.Links[i].Attributes, name, yield) {
				return false
			}
		}
	}
	return true
}

// eachNamed yields the values of the first attribute of a name.
func eachNamed(attributes []model.KeyValue, name string, yield func(query.Value) bool) bool {
	for i := range attributes {
		if attributes[i].Key == name {
			return eachScalar(&attributes[i].Value, yield)
		}
	}
	return true
}

// eachScalar yields an attribute's value: itself where it is a scalar, what is
// in it where it is an array or a map, nothing where it is empty. Bytes are
// text. How deep values may nest is bounded where spans are decoded.
func eachScalar(v *model.Value, yield func(query.Value) bool) bool {
	switch v.Kind {
	case model.KindString, model.KindBytes:
		return yield(query.Text(v.Str))
	case model.KindBool:
		return yield(query.Boolean(v.Bool))
	case model.KindInt:
		return yield(query.Integer(v.Int))
	case model.KindDouble:
		return yield(query.Float(v.Double))
	case model.KindArray:
		for i := range v.Array {
			if !eachScalar(&v.Array[i], yield) {
				return false
			}
		}
	case model.KindMap:
		for i := range v.Map {
			if !eachScalar(&v.Map[i].Value, yield) {
				return false
			}
		}
	}
	return true
}
