package match

import "github.com/agenttrace/agenttrace/internal/query"

// grouped splits a set by the values of fields, in the order in which the values
// first occur.
func (t *Trace) grouped(set spanset, by []query.Expr) []spanset {
	numbers := map[string]int{}
	var groups []spanset
	var key []byte
	for _, at := range set {
		key = key[:0]
		p := place{trace: t, span: t.spans[at], at: int(at)}
		for _, e := range by {
			key = AppendKey(key, p.first(e))
		}
		n, known := numbers[string(key)]
		if !known {
			n = len(groups)
			numbers[string(key)] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], at)
	}
	return groups
}

// call is what two spans have in common that did the same.
type call struct{ name, arguments string }

func (t *Trace) callOf(at int32) call {
	s := t.spans[at]
	switch {
	case s.Body == nil:
		return call{s.Name, ""}
	case s.Body.ToolArguments != "":
		return call{s.Name, s.Body.ToolArguments}
	default:
		return call{s.Name, s.Body.Input.Value}
	}
}

// repeated returns the spans that did what at least times-1 others of the set
// did too.
func (t *Trace) repeated(set spanset, times int) (kept spanset) {
	calls := make(map[call]int, len(set))
	for _, at := range set {
		calls[t.callOf(at)]++
	}
	for _, at := range set {
		if calls[t.callOf(at)] >= times {
			kept = append(kept, at)
		}
	}
	return kept
}

// aggregate returns a number that sums up the set; the nil value where there is
// none, and at a single span.
func (p *place) aggregate(a *query.Aggregate) query.Value {
	if a.Function == query.Count {
		return query.Integer(int64(len(p.set)))
	}
	sum, count := query.Integer(0), int64(0)
	var least, most query.Value
	for _, at := range p.set {
		v := (&place{trace: p.trace, span: p.trace.spans[at], at: int(at)}).first(a.Field)
		if !isNumber(v) {
			continue
		}
		count++
		if count == 1 {
			sum, least, most = v, v, v
			continue
		}
		sum = calculate(query.Add, sum, v)
		if c, _ := order(&v, &least); c < 0 {
			least = v
		}
		if c, _ := order(&v, &most); c > 0 {
			most = v
		}
	}
	switch a.Function {
	case query.Sum:
		return sum
	case query.Avg:
		return calculate(query.Divide, sum, query.Integer(count))
	case query.Min:
		return least
	default: // Max
		return most
	}
}

// named is an expression and how the query writes it.
type named struct {
	name string
	expr query.Expr
}

// namedFields returns what a source names in select() and by(), each once.
func namedFields(source query.Spansets) (fields []named) {
	known := map[string]bool{}
	var collect func(query.Spansets)
	add := func(exprs []query.Expr) {
		for _, e := range exprs {
			if name := e.String(); !known[name] {
				known[name] = true
				fields = append(fields, named{name, e})
			}
		}
	}
	collect = func(source query.Spansets) {
		switch source := source.(type) {
		case *query.Combination:
			collect(source.Left)
			collect(source.Right)
		case *query.Pipeline:
			collect(source.Source)
			for _, stage := range source.Stages {
				switch stage := stage.(type) {
				case *query.Select:
					add(stage.Fields)
				case *query.GroupBy:
					add(stage.By)
				}
			}
		}
	}
	collect(source)
	return fields
}
