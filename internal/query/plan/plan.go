package plan

import (
	"github.com/agenttrace/agenttrace/internal/query"
)

// Plan is what can be decided about a query without deciding it.
type Plan struct {
	// Where and Having are necessary for a trace in which the query selects
	// anything: Where must hold for the trace, with columns FromTrace; each of
	// Having for some span of it, with columns FromRow.
	Where  Condition
	Having []Condition

	// Spans is necessary for each span that the query selects, with columns
	// FromRow. Where the plan is Exact, it is sufficient too: the query then is
	// a single filter that rows alone decide.
	Spans Condition
	Exact bool

	// Body says that the query cannot be answered without the content of spans.
	Body bool

	// What bytes must hold: some segment of the trace for each of rawHaving,
	// the segment of each selected span for rawSpans.
	rawHaving []Condition
	rawSpans  Condition
}

// Bounds of a plan. What is beyond them is left for package match to decide:
// databases take only so many values in a statement.
const (
	maxTerms  = 500 // of a condition
	maxHaving = 16
)

// Of returns the plan of a query. The rows of spans tell of the attributes that
// are searchable.
func Of(q *query.Query, searchable func(key string) bool) Plan {
	rows := translator{leaf: rowLeaf(searchable)}
	traces := translator{leaf: traceLeaf}
	bytes := translator{leaf: rawLeaf}
	having := rows.demands(q.Source)
	if root := (translator{leaf: rootLeaf}).where(q.Source); root != nil {
		having = append(having, bounded(all(Term{Intrinsic: query.ParentID}, root)))
	}
	p := Plan{
		Where:     bounded(traces.where(q.Source)),
		Having:    independent(having),
		rawHaving: independent(bytes.demands(q.Source)),
		rawSpans:  bounded(bytes.selected(q.Source)),
		Body:      needsBody(q),
	}
	spans, exact := rows.selected(q.Source), false
	if f, ok := q.Source.(*query.Filter); ok {
		spans, exact = rows.condition(f.Condition, true)
	}
	p.Spans = bounded(spans)
	p.Exact = exact && count(spans) <= maxTerms
	return p
}

// needsBody reports whether anything in the query reads the content of spans.
func needsBody(q *query.Query) bool {
	for f := range q.EachField {
		if f.Intrinsic != 0 && query.Describe(f.Intrinsic).Source == query.FromBody {
			return true
		}
		if _, ok := columnOf(f); f.Intrinsic == 0 && !ok {
			return true
		}
	}
	return comparesArguments(q.Source)
}

// comparesArguments reports whether there is a repeat().
func comparesArguments(source query.Spansets) bool {
	switch source := source.(type) {
	case *query.Combination:
		return comparesArguments(source.Left) || comparesArguments(source.Right)
	case *query.Pipeline:
		for _, stage := range source.Stages {
			if _, ok := stage.(*query.Repeat); ok {
				return true
			}
		}
		return comparesArguments(source.Source)
	default:
		return false
	}
}

// bounded returns c, or as much of it as there is room for.
func bounded(c Condition) Condition {
	if count(c) <= maxTerms {
		return c
	}
	parts, ok := c.(All)
	if !ok {
		return nil
	}
	room := maxTerms
	var kept []Condition
	for _, part := range parts {
		if n := count(part); n <= room {
			kept, room = append(kept, part), room-n
		}
	}
	return all(kept...)
}

// count returns how many terms a condition has.
func count(c Condition) (n int) {
	switch c := c.(type) {
	case nil:
		return 0
	case All:
		for _, part := range c {
			n += count(part)
		}
		return n
	case Any:
		for _, part := range c {
			n += count(part)
		}
		return n
	default:
		return 1
	}
}

// Columns reports whether a store can compute a metrics query by
// repo.Reader.Aggregate: rows alone decide which spans count, and what is
// grouped by and summed up is in them.
func Columns(m *query.Metrics, p Plan) bool {
	if m == nil || !p.Exact {
		return false
	}
	for _, by := range m.By {
		if column, ok := columnOf(by); !ok || column == query.RootMark {
			return false
		}
	}
	if m.Field == nil {
		return true
	}
	column, ok := columnOf(m.Field)
	return ok && column != query.RootMark && query.Describe(column).Kind.IsNumber()
}

// serviceName is the attribute of the resource that is the intrinsic service.
const serviceName = "service.name"

// columnOf returns the column that an expression is, if it is one of a span's
// row.
func columnOf(e query.Expr) (query.Intrinsic, bool) {
	f, ok := e.(*query.Field)
	switch {
	case !ok:
		return 0, false
	case f.Intrinsic == 0:
		return query.Service, f.Scope == query.ScopeResource && f.Name == serviceName
	default:
		return f.Intrinsic, query.Describe(f.Intrinsic).Source == query.FromRow
	}
}
