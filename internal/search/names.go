package search

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
)

// NamesRequest asks for names that queries can use.
type NamesRequest struct {
	Of     Names
	Scope  query.Scope // of attributes; ScopeAny for all of them
	Prefix string      // of the name without its scope, ignoring case
	Range  model.TimeRange
	Limit  int // most names; 0 for 100
}

// Names says which names are wanted.
type Names uint8

const (
	AllNames Names = iota
	IntrinsicNames
	AttributeNames
)

// Name is something that a query can name.
type Name struct {
	Field *query.Field
	Help  string // what an intrinsic is; empty for attributes
	Count int64  // how many spans were seen to have an attribute
}

// defaultNames is how many names or values are returned where nothing is said.
const defaultNames = 100

// AttributeNames returns the names of intrinsics, in the order of the
// documentation, and then of attributes on the newest spans of a time, the most
// frequent first. Complete says that all spans of the time were looked at.
//
// Attributes that spell out a list, such as llm.input_messages.0.message.role,
// are left out, and so are those that a query cannot compare with anything.
func (e *Engine) AttributeNames(ctx context.Context, project string, r NamesRequest) (names []Name, complete bool, err error) {
	if err := e.checkRange(r.Range); err != nil {
		return nil, false, err
	}
	complete = true
	if r.Of != AttributeNames {
		names = intrinsicNames(r.Prefix)
	}
	if r.Of != IntrinsicNames {
		found := newCounts(func(f query.Field) query.Field {
			f.Name = strings.Clone(f.Name)
			return f
		})
		complete, err = e.recent(project, r.Range).eachContent(ctx, func(spans []*model.Span) {
			for _, span := range spans {
				found.add(attributesOf(span, r.Scope, r.Prefix))
			}
		})
		if err != nil {
			return nil, false, err
		}
		complete = complete && !found.full
		names = append(names, attributeNames(found)...)
	}
	return names[:min(len(names), limitOr(r.Limit))], complete, nil
}

func limitOr(limit int) int {
	if limit <= 0 {
		return defaultNames
	}
	return limit
}

// intrinsicNames returns the intrinsics of which one name begins with prefix.
func intrinsicNames(prefix string) []Name {
	var names []Name
	for _, d := range query.Intrinsics() {
		if slices.ContainsFunc(d.Names, func(name string) bool { return hasPrefix(name, prefix) }) {
			names = append(names, Name{Field: &query.Field{Intrinsic: d.Intrinsic}, Help: d.Help})
		}
	}
	return names
}

func attributeNames(found *counts[query.Field]) []Name {
	var names []Name
	for field, count := range found.of {
		names = append(names, Name{Field: &field, Count: count})
	}
	slices.SortFunc(names, func(a, b Name) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Field.Name, b.Field.Name), cmp.Compare(a.Field.Scope, b.Field.Scope))
	})
	return names
}

// attributesOf returns the attributes of a span that can be named, each once.
func attributesOf(span *model.Span, scope query.Scope, prefix string) map[query.Field]struct{} {
	found := make(map[query.Field]struct{})
	add := func(at query.Scope, attributes []model.KeyValue) {
		if scope != query.ScopeAny && scope != at {
			return
		}
		for i := range attributes {
			if a := &attributes[i]; isComparable(&a.Value) && hasPrefix(a.Key, prefix) && isName(a.Key) {
				found[query.Field{Scope: at, Name: a.Key}] = struct{}{}
			}
		}
	}
	body := span.Body
	add(query.ScopeSpan, body.Attributes)
	add(query.ScopeResource, body.Resource.Attributes)
	add(query.ScopeInstrumentation, body.Scope.Attributes)
	for i := range body.Events {
		add(query.ScopeEvent, body.Events[i].Attributes)
	}
	for i := range body.Links {
		add(query.ScopeLink, body.Links[i].Attributes)
	}
	return found
}

// isComparable reports whether a query can compare a value with something.
func isComparable(v *model.Value) bool {
	switch v.Kind {
	case model.KindString, model.KindBool, model.KindInt, model.KindDouble:
		return true
	case model.KindArray:
		return slices.ContainsFunc(v.Array, func(v model.Value) bool { return v.Kind != model.KindArray && isComparable(&v) })
	default:
		return false
	}
}

// longestText is the longest text that is worth offering as a name or a value.
const longestText = 256

// isName reports whether a key is a name that somebody gave, and not one of many
// that a list was made into.
func isName(key string) bool {
	if key == "" || len(key) > longestText {
		return false
	}
	for part := range strings.SplitSeq(key, ".") {
		if part != "" && strings.Trim(part, "0123456789") == "" {
			return false
		}
	}
	return true
}

// hasPrefix reports whether s begins with prefix, ignoring case.
func hasPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
