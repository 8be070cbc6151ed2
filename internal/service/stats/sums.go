package stats

import (
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Sums sums up bills as a store does, for those that are in no store.
type Sums struct {
	by   []repo.BillField
	most int
	sums map[string]*sum
}

// sum is one in the making. A text that grows by a bill at a time would be copied
// for each.
type sum struct {
	repo.BillSum
	modelLatencies []byte
	toolLatencies  []byte
}

// NewSums returns an empty one, for so many sums at the most.
func NewSums(by []repo.BillField, most int) *Sums {
	return &Sums{by: by, most: most, sums: make(map[string]*sum)}
}

// Add adds a bill. Where it would be one sum too many, that is repo.ErrTooMany.
func (s *Sums) Add(b *model.Bill) error {
	var at repo.BillSum
	for _, field := range s.by {
		label, time := field.Of(b)
		at.Labels = append(at.Labels, label)
		if time != 0 {
			at.Time = time
		}
	}
	key := labelKey(s.by, &at)
	into := s.sums[key]
	if into == nil {
		if len(s.sums) >= s.most {
			return repo.ErrTooMany
		}
		into = &sum{BillSum: at}
		s.sums[key] = into
	}
	if b.Kind == model.CallsOfTool {
		into.toolLatencies = append(into.toolLatencies, b.Latencies...)
	} else {
		into.modelLatencies = append(into.modelLatencies, b.Latencies...)
	}
	rest := *b
	rest.Latencies = ""
	into.BillSum.Add(&rest)
	return nil
}

// All returns the sums, in no order.
func (s *Sums) All() []repo.BillSum {
	all := make([]repo.BillSum, 0, len(s.sums))
	for _, one := range s.sums {
		one.ModelCalls.Latencies, one.ToolCalls.Latencies = string(one.modelLatencies), string(one.toolLatencies)
		all = append(all, one.BillSum)
	}
	return all
}

// total returns the sum of sums, but for latencies.
func total(sums []repo.BillSum) (all repo.BillSum) {
	for i := range sums {
		s := &sums[i]
		all.ModelCalls = plus(all.ModelCalls, s.ModelCalls)
		all.ToolCalls = plus(all.ToolCalls, s.ToolCalls)
		all.Usage = all.Usage.Plus(s.Usage)
		all.Cost = all.Cost.Plus(s.Cost)
	}
	return all
}

func plus(a, b repo.CallSum) repo.CallSum {
	return repo.CallSum{Calls: a.Calls + b.Calls, Failures: a.Failures + b.Failures, Nanos: a.Nanos + b.Nanos}
}
