package query

// EachField passes every field that stands anywhere in the query to yield, in
// the order of the text, until that returns false. A field that stands there
// twice comes twice.
func (q *Query) EachField(yield func(*Field) bool) {
	w := walker{yield: yield}
	w.spansets(q.Source)
	if q.Metrics != nil {
		if q.Metrics.Field != nil {
			w.expr(q.Metrics.Field)
		}
		w.exprs(q.Metrics.By)
	}
}

// Local reports whether one span alone decides whether it is selected, by its
// narrow fields and its content.
func (q *Query) Local() bool {
	if _, ok := q.Source.(*Filter); !ok || q.Metrics != nil {
		return false
	}
	for f := range q.EachField {
		if f.Intrinsic == 0 {
			continue
		}
		if source := Describe(f.Intrinsic).Source; source != FromRow && source != FromBody {
			return false
		}
	}
	return true
}

// walker visits a tree until it is done.
type walker struct {
	yield func(*Field) bool
	done  bool
}

func (w *walker) spansets(s Spansets) {
	switch s := s.(type) {
	case *Filter:
		w.filter(s)
	case *Combination:
		w.spansets(s.Left)
		w.spansets(s.Right)
	case *Pipeline:
		w.spansets(s.Source)
		for _, stage := range s.Stages {
			w.stage(stage)
		}
	}
}

func (w *walker) filter(f *Filter) {
	if f.Condition != nil {
		w.expr(f.Condition)
	}
}

func (w *walker) stage(s Stage) {
	switch s := s.(type) {
	case *Filter:
		w.filter(s)
	case *Measure:
		w.expr(s.Condition)
	case *GroupBy:
		w.exprs(s.By)
	case *Select:
		w.exprs(s.Fields)
	}
}

func (w *walker) exprs(exprs []Expr) {
	for _, e := range exprs {
		w.expr(e)
	}
}

func (w *walker) expr(e Expr) {
	switch e := e.(type) {
	case *Binary:
		w.expr(e.Left)
		w.expr(e.Right)
	case *Unary:
		w.expr(e.X)
	case *Aggregate:
		if e.Field != nil {
			w.expr(e.Field)
		}
	case *Field:
		if !w.done {
			w.done = !w.yield(e)
		}
	}
}
