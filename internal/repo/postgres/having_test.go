package postgres_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// awkward are texts that mean something to SQL, JSON or patterns.
func awkward() []string {
	return []string{"", "a", "A", "ab", "b", "ä", "z", "%", "_", `\`, `'`, `"`, `a"b`, "\u2028", "𝄞", "null", "1"}
}

// foreign are texts that no column can hold.
func foreign() []string { return []string{"\x00", "a\x00", "\xff", "a\xffb"} }

// anyRow draws a span of which every column of a condition may be anything.
func anyRow(r *rand.Rand, n int) *model.Span {
	text := func() string { return awkward()[r.IntN(len(awkward()))] }
	s := span(byte(n), byte(n), noon(n%3)+int64(n))
	s.EndNano = s.StartNano + int64(r.IntN(3))
	s.Name, s.StatusMessage, s.ErrorType, s.ErrorMessage = text(), text(), text(), text()
	s.Service, s.Environment, s.Model, s.Provider, s.ToolName, s.ToolCallID = text(), text(), text(), text(), text(), text()
	s.Identity = model.Identity{
		AgentID: text(), AgentName: text(), TeamID: text(), TeamName: text(), WorkflowID: text(), WorkflowName: text(),
		SessionID: text(), UserID: text(), RunID: text(),
	}
	s.Kind, s.Status = model.SpanKind(r.IntN(6)), model.StatusCode(r.IntN(3))
	s.Type, s.Failed = model.SpanType(r.IntN(14)), r.IntN(2) == 0
	s.ParentID[7] = byte(r.IntN(3))
	if r.IntN(2) == 0 {
		s.Usage = model.Usage{Input: r.Int64N(3), Output: r.Int64N(3), CacheRead: r.Int64N(2), AudioInput: r.Int64N(2), Total: r.Int64N(2)}
	}
	s.ShortAttributes = anyAttributes(r)
	return s
}

func anyAttributes(r *rand.Rand) []byte {
	if r.IntN(5) == 0 {
		return nil
	}
	values := []string{`null`, `true`, `false`, `0`, `1`, `-1`, `1.5`, `1e3`, `9007199254740993`, `""`, `"a"`, `"A"`, `"1"`, `"null"`, `"ä"`, `"a\"b"`, `"NaN"`}
	object := fmt.Sprintf(`{"plain":%s,"a\"b'":%s`, values[r.IntN(len(values))], values[r.IntN(len(values))])
	if r.IntN(4) == 0 {
		object += `,"` + model.ShortIncomplete + `":null`
	}
	return []byte(object + `}`)
}

// anyTerm draws a term that need not make sense.
func anyTerm(t *rapid.T) plan.Condition {
	values := []query.Value{
		{}, query.Integer(0), query.Integer(1), query.Integer(-1), query.Integer(1000), query.Integer(9007199254740993), query.Integer(math.MinInt64),
		query.Float(0.5), query.Float(1), query.Float(1.5), query.Float(math.NaN()), query.Float(math.Inf(1)), query.Float(math.Inf(-1)), query.Float(1e300),
		query.Duration(1), query.Boolean(true), query.Boolean(false),
		{Kind: query.KindStatus, Int: 2}, {Kind: query.KindSpanKind, Int: 3}, {Kind: query.KindType, Int: 5}, {Kind: query.KindType, Int: 1 << 40},
		query.Text(model.TraceID{15: 1}.String()), query.Text(model.SpanID{7: 1}.String()), query.Text("00"), query.Text("0000000000000000"),
	}
	for _, text := range slices.Concat(awkward(), foreign()) {
		values = append(values, query.Text(text))
	}
	term := plan.Term{
		Op: plan.Op(rapid.IntRange(0, int(plan.HasPrefix)).Draw(t, "op")), Not: rapid.Bool().Draw(t, "not"),
		Value: rapid.SampledFrom(values).Draw(t, "value"),
	}
	if rapid.IntRange(0, 3).Draw(t, "attribute") == 0 {
		term.Attribute = rapid.SampledFrom([]string{"plain", `a"b'`, "absent", "\x00", "\xff"}).Draw(t, "key")
	} else {
		term.Intrinsic = rapid.SampledFrom(columnsOfSpans()).Draw(t, "column")
	}
	return term
}

func columnsOfSpans() []query.Intrinsic {
	var columns []query.Intrinsic
	for _, d := range query.Intrinsics() {
		if d.Source == query.FromRow {
			columns = append(columns, d.Intrinsic)
		}
	}
	return columns
}

// TestConditionsHoldInSQLAsTheirDefinitionSays draws terms of every column,
// operator and value, whether they go together or not.
func TestConditionsHoldInSQLAsTheirDefinitionSays(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{})
	r := rand.New(rand.NewPCG(1, 1))
	var spans []*model.Span
	for n := range 200 {
		spans = append(spans, anyRow(r, n+1))
	}
	write(t, store, records(spans...))
	rapid.Check(t, func(t *rapid.T) {
		cond := anyTerm(t)
		if rapid.IntRange(0, 3).Draw(t, "tree") == 0 {
			cond = plan.Any{cond, plan.All{anyTerm(t), nil, anyTerm(t)}, plan.Any{}}
		}
		var want []model.SpanID
		for _, s := range spans {
			if plan.HoldsSpan(cond, s) {
				want = append(want, s.SpanID)
			}
		}
		got, err := store.Spans(t.Context(), "default", repo.SpanQuery{Where: cond, Limit: repo.MaxPage})
		if err != nil {
			t.Fatalf("%s: %v", cond, err)
		}
		var ids []model.SpanID
		for _, s := range got {
			ids = append(ids, s.SpanID)
		}
		byID := func(a, b model.SpanID) int { return cmp.Compare(a.Int64(), b.Int64()) }
		slices.SortFunc(want, byID)
		slices.SortFunc(ids, byID)
		if diff := gocmp.Diff(want, ids, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s holds for other spans (-want +got):\n%s", cond, diff)
		}
	})
}

// walked makes traces of a few spans each over four days, some of them over
// several: often enough of one agent, often enough failed, that their spans are
// looked at in several portions.
func walked() map[model.TraceID][]*model.Span {
	r := rand.New(rand.NewPCG(2, 2))
	traces := map[model.TraceID][]*model.Span{}
	for n := range 400 {
		start := noon(0) + r.Int64N(int64(72*time.Hour))
		within := []time.Duration{time.Second, time.Hour, 40 * time.Hour}[min(2, r.IntN(12)/5)]
		for i := range 1 + r.IntN(5) {
			s := span(0, byte(i+1), start+r.Int64N(int64(within)))
			s.TraceID[13], s.TraceID[14], s.TraceID[15] = 1, byte(n>>8), byte(n)
			s.AgentID = []string{"", "busy", "idle"}[min(2, r.IntN(21)/10)]
			s.SessionID = []string{"", fmt.Sprint("s", n%40)}[r.IntN(2)]
			s.Failed = r.IntN(3) == 0
			s.Name = []string{"work", "rest"}[r.IntN(8)/7]
			s.EndNano = s.StartNano + r.Int64N(int64(3*time.Second))
			traces[s.TraceID] = append(traces[s.TraceID], s)
		}
	}
	return traces
}

// someConditions are on spans: of one that many have, that few have, that an
// index leads to and that none does.
func someConditions() []plan.Condition {
	agent := func(id string) plan.Condition { return plan.Term{Intrinsic: query.AgentID, Value: query.Text(id)} }
	failed := plan.Term{Intrinsic: query.Failed, Value: query.Boolean(true)}
	session := plan.Term{Intrinsic: query.SessionID, Value: query.Text("s7")}
	resting := plan.Term{Intrinsic: query.Name, Value: query.Text("rest")}
	long := plan.Term{Intrinsic: query.SpanDuration, Op: plan.Greater, Value: query.Duration(2e9)}
	named := plan.Term{Intrinsic: query.TraceID, Value: query.Text(model.TraceID{13: 1, 15: 7}.String())}
	return []plan.Condition{
		agent("busy"), agent("idle"), agent("nobody"), failed, session, resting, long, named, nil,
		plan.All{agent("busy"), failed}, plan.All{failed, resting, long}, plan.Any{session, agent("idle")},
		plan.Any{session, resting}, plan.All{session, plan.Any{failed, resting}}, plan.Any{},
	}
}

func traceQueryByConditions(t *rapid.T) repo.TraceQuery {
	q := repo.TraceQuery{
		Order: repo.TraceOrder(rapid.IntRange(0, 3).Draw(t, "order") / 3),
		Limit: rapid.IntRange(1, 30).Draw(t, "limit"),
	}
	for range rapid.IntRange(1, 3).Draw(t, "conditions") {
		q.Having = append(q.Having, rapid.SampledFrom(someConditions()).Draw(t, "having"))
	}
	hour := func(name string) int64 {
		return noon(0) + int64(rapid.IntRange(0, 96).Draw(t, name))*int64(time.Hour)
	}
	switch rapid.IntRange(0, 4).Draw(t, "restriction") {
	case 0:
		q.Start.Start = hour("from")
	case 1:
		q.Start.End = hour("to")
	case 2:
		q.Identity.AgentID = "busy"
	case 3:
		q.Where = plan.Term{Intrinsic: query.TraceSpanCount, Op: plan.Greater, Value: query.Integer(2)}
	}
	return q
}

// TestTracesHaveSpansForEachCondition lists by pages, from each of which the next
// one follows, from the beginning or from anywhere, and compares with what all spans say.
func TestTracesHaveSpansForEachCondition(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{})
	traces := walked()
	var spans []*model.Span
	for _, of := range traces {
		spans = append(spans, of...)
	}
	write(t, store, records(spans...))
	rapid.Check(t, func(t *rapid.T) {
		q := traceQueryByConditions(t)
		want := selected(q, traces)
		if from := rapid.IntRange(0, len(want)).Draw(t, "behind"); from > 0 {
			q.After = new(q.Order.CursorOf(want[from-1]))
			want = want[from:]
		}
		want = want[:min(len(want), mostPages*q.Limit)]
		var got []model.TraceID
		for range mostPages {
			page, err := store.Traces(t.Context(), "default", q)
			if err != nil {
				t.Fatal(err)
			}
			for _, trace := range page {
				got = append(got, trace.TraceID)
			}
			if len(page) < q.Limit {
				break
			}
			q.After = new(q.Order.CursorOf(page[len(page)-1]))
		}
		if diff := gocmp.Diff(idsOf(want), got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%+v: other traces (-want +got):\n%s", q, diff)
		}
	})
}

// mostPages bounds how many pages are read of a list: one may have a page for each trace.
const mostPages = 8

// selected returns the traces that a query selects, in its order.
func selected(q repo.TraceQuery, traces map[model.TraceID][]*model.Span) []*model.Trace {
	var all []*model.Trace
	for _, spans := range traces {
		sum := model.TraceOf(spans[0])
		for _, s := range spans[1:] {
			sum.Merge(model.TraceOf(s))
		}
		has := func(of repo.SpanQuery) bool { return slices.ContainsFunc(spans, of.Matches) }
		if q.MatchesTrace(sum) && !slices.ContainsFunc(q.SpanQueries(), func(of repo.SpanQuery) bool { return !has(of) }) {
			all = append(all, sum)
		}
	}
	slices.SortFunc(all, func(a, b *model.Trace) int {
		x, y := q.Order.CursorOf(a), q.Order.CursorOf(b)
		return cmp.Or(cmp.Compare(y.Key, x.Key), slices.Compare(y.TraceID[:], x.TraceID[:]))
	})
	return all
}

func idsOf(traces []*model.Trace) []model.TraceID {
	var ids []model.TraceID
	for _, t := range traces {
		ids = append(ids, t.TraceID)
	}
	return ids
}
