package runs

import (
	"cmp"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// sortCalls puts the calls into the order of their bills, and the short before
// the long ones of each bill.
func (d *derivation) sortCalls() {
	slices.SortFunc(d.calls, func(a, b call) int {
		return cmp.Or(d.compare(&a, &b), cmp.Compare(a.latency, b.latency), cmp.Compare(a.span, b.span))
	})
	for i := range d.calls {
		if i == 0 {
			continue
		}
		c, last := &d.calls[i], &d.calls[i-1]
		if c.bill = last.bill; d.compare(last, c) != 0 {
			c.bill++
		}
	}
}

// compare orders calls by what their bills are told apart by.
func (d *Derived) compare(a, b *call) int {
	if c := cmp.Compare(a.hour, b.hour); c != 0 {
		return c
	}
	if c := d.compareIdentities(a.span, b.span); c != 0 {
		return c
	}
	if c := cmp.Compare(a.kind, b.kind); c != 0 {
		return c
	}
	s, t := d.Spans[a.span], d.Spans[b.span]
	if a.kind == model.CallsOfModel {
		if c := cmp.Or(cmp.Compare(s.Model, t.Model), cmp.Compare(s.Provider, t.Provider)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(a.tool, b.tool), cmp.Compare(s.Service, t.Service), cmp.Compare(s.Environment, t.Environment))
}

func (d *Derived) compareIdentities(a, b int32) int {
	if d.nodes[a].who == d.nodes[b].who {
		return 0
	}
	m, n := &d.identities[d.nodes[a].who], &d.identities[d.nodes[b].who]
	return cmp.Or(
		cmp.Compare(cmp.Or(m.AgentID, m.AgentName), cmp.Or(n.AgentID, n.AgentName)),
		cmp.Compare(cmp.Or(m.TeamID, m.TeamName), cmp.Or(n.TeamID, n.TeamName)),
		cmp.Compare(cmp.Or(m.WorkflowID, m.WorkflowName), cmp.Or(n.WorkflowID, n.WorkflowName)),
		cmp.Compare(m.SessionID, n.SessionID),
		cmp.Compare(m.UserID, n.UserID),
		cmp.Compare(m.RunID, n.RunID),
	)
}

// BillsOf returns the bills with only those calls whose spans are wanted, and none
// without such a call. What tells a bill from another, and its start, is as in
// Bills.
func (d *Derived) BillsOf(wanted func(*model.Span) bool) []model.Bill {
	if len(d.calls) == 0 {
		return nil
	}
	n := d.calls[len(d.calls)-1].bill + 1
	bills, ends := make([]model.Bill, 0, n), make([]int, 0, n)
	latencies := make([]byte, 0, 2*len(d.calls)) // of all bills, one after the other
	for i := 0; i < len(d.calls); {
		bill, entries := d.newBill(&d.calls[i]), 0
		for first := d.calls[i].bill; i < len(d.calls) && d.calls[i].bill == first; i++ {
			c := &d.calls[i]
			s := d.Spans[c.span]
			bill.StartNano = min(bill.StartNano, s.StartNano)
			if wanted(s) {
				latencies = d.enter(&bill, c, latencies)
				entries++
			}
		}
		if entries > 0 {
			bills, ends = append(bills, bill), append(ends, len(latencies))
		}
	}
	text, start := string(latencies), 0
	for i, end := range ends {
		bills[i].Latencies, start = text[start:end], end
	}
	return bills
}

// newBill returns an empty bill for a call and those like it.
func (d *Derived) newBill(c *call) model.Bill {
	s, who := d.Spans[c.span], &d.identities[d.nodes[c.span].who]
	b := model.Bill{
		Project: s.Project, TraceID: s.TraceID, StartNano: s.StartNano,
		Agent:    cmp.Or(who.AgentID, who.AgentName),
		Team:     cmp.Or(who.TeamID, who.TeamName),
		Workflow: cmp.Or(who.WorkflowID, who.WorkflowName),
		Session:  who.SessionID, User: who.UserID, Run: who.RunID,
		Kind: c.kind, Tool: c.tool, Service: s.Service, Environment: s.Environment,
	}
	if c.kind == model.CallsOfModel {
		b.Model, b.Provider = s.Model, s.Provider
	}
	return b
}

// enter adds a call to its bill, and how long it took to the latencies.
func (d *Derived) enter(b *model.Bill, c *call, latencies []byte) []byte {
	s := d.Spans[c.span]
	if c.called {
		b.Calls++
		b.Nanos = model.Sum(b.Nanos, s.EndNano-s.StartNano)
		if s.Failed {
			b.Failures++
		}
		latencies = model.AppendLatency(latencies, int(c.latency))
	}
	if c.usage {
		b.Usage = b.Usage.Plus(s.Usage)
	}
	b.Cost = b.Cost.Plus(c.cost)
	return latencies
}
