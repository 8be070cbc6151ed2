package sqlite

import (
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// matching returns the numbers of the spans for which where is true.
func matching(t testing.TB, store *Store, where conditions) (found []int64, err error) {
	t.Helper()
	err = store.read(t.Context(), "match", func(db *sql.DB) error {
		return readRows(t.Context(), db, `SELECT start_ns FROM spans WHERE `+where.String()+` ORDER BY start_ns`, where.args, func(r *row) error {
			found = append(found, r.int())
			return r.err
		})
	})
	return found, err
}

// What spans and conditions in this file are made of: each is where SQLite and
// Go would differ if a comparison were not spelled with care.
var (
	hostileTexts = []string{"", "a", "A", "á", "a\x00b", "a\x00", "1", "01", "1.0", "null", "true", "'", `"`, `\`, "%", "_", "a%", "\xff", "\xa1",
		"\U0001F600", "é", "e\u0301", " a", "\uFFFF", "aa", "…"}
	hostileNumbers = []int64{0, 1, -1, 2, math.MaxInt64, math.MinInt64 + 1, 1 << 53, 1<<53 + 1, 1 << 62}
	hostileFloats  = []float64{0, math.Copysign(0, -1), 0.5, 1, 1.5, -1, 1 << 62, 1e300, math.Inf(1), math.Inf(-1)}
	hostileKeys    = []string{"a", "A", "a.b", "a[0]", `a"b`, `a\b`, `a\"b`, "a\nb", "a'b", "$", "$.a", "#", "…a", "0", " ", "ä", "\U0001F600", "*", "]", "a\tb"}
)

// stored returns what a row holds of a text: no NUL, and nothing but UTF-8.
func stored(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// hostileSpans returns spans that are numbered by their start.
func hostileSpans(r func(n int) int) (records []model.Record) {
	text := func() string {
		return stored(hostileTexts[r(len(hostileTexts))])
	}
	for n := range 300 {
		s := &model.Span{Project: "default", StartNano: int64(n + 1), EndNano: int64(n+1) + []int64{0, 1, 2, 1 << 53, 1<<53 + 1, 1 << 62}[r(6)]}
		binary.BigEndian.PutUint64(s.TraceID[:], uint64(r(3))<<62|1)
		binary.BigEndian.PutUint64(s.SpanID[:], uint64(r(4))<<62|uint64(n+1))
		if r(2) == 0 {
			binary.BigEndian.PutUint64(s.ParentID[:], uint64(r(4))<<62|1)
		}
		s.Name, s.ToolName, s.AgentID = text(), text(), text()
		s.Type, s.Status, s.Failed = model.SpanType(r(14)), model.StatusCode(r(3)), r(2) == 0
		s.Usage = model.Usage{Input: int64(r(3)), AudioInput: int64(r(2)), Total: int64(r(2))}
		s.ShortAttributes = hostileAttributes(r)
		records = append(records, model.Record{Span: s})
	}
	return records
}

// hostileAttributes writes keys and values as any JSON encoder may.
func hostileAttributes(r func(n int) int) []byte {
	entries := map[string]any{}
	for range r(5) {
		var value any
		switch r(6) {
		case 0:
			value = stored(hostileTexts[r(len(hostileTexts))])
		case 1:
			value = hostileNumbers[r(len(hostileNumbers))]
		case 2:
			if f := hostileFloats[r(len(hostileFloats))]; math.IsInf(f, 0) {
				value = "Infinity"
			} else {
				value = json.Number(strconv.FormatFloat(f, 'g', -1, 64))
			}
		case 3:
			value = r(2) == 0
		case 4:
			if r(6) == 0 {
				entries[model.ShortIncomplete] = nil
			}
		}
		entries[hostileKeys[r(len(hostileKeys))]] = value
	}
	if len(entries) == 0 {
		return nil
	}
	object, err := json.Marshal(entries)
	if err != nil {
		panic(err) // there is nothing else in it
	}
	return object
}

// hostileTerm draws a term on a column or an entry.
func hostileTerm(t *rapid.T) plan.Term {
	term := plan.Term{Op: plan.Op(rapid.IntRange(0, int(plan.HasPrefix)).Draw(t, "op")), Not: rapid.Bool().Draw(t, "not")}
	if rapid.Bool().Draw(t, "entry") {
		term.Attribute = rapid.SampledFrom(append(slices.Clone(hostileKeys), "absent", "a\x00b", "\xff")).Draw(t, "key")
	} else {
		term.Intrinsic = rapid.SampledFrom([]query.Intrinsic{query.Name, query.ToolName, query.AgentID, query.Type, query.Status, query.Failed,
			query.SpanDuration, query.RootMark, query.TraceID, query.SpanID, query.ParentID, query.UsageInput, query.UsageTotal}).Draw(t, "column")
	}
	term.Value = hostileValue(t, term)
	if term.Value.Kind == query.KindNil && term.Op > plan.NotEqual || !term.Value.Kind.IsNumber() && term.Value.Kind != query.KindString && !compares(term.Op) {
		term.Op = plan.Equal
	}
	return term
}

func hostileValue(t *rapid.T, term plan.Term) query.Value {
	ids := []string{"0000000000000001", "8000000000000001", "c000000000000005", "C000000000000005", "4", "8", "f"}
	switch kind := query.Describe(term.Intrinsic).Kind; {
	case rapid.IntRange(0, 9).Draw(t, "nil") == 0:
		return query.Value{}
	case term.Intrinsic == query.TraceID:
		return query.Text(rapid.SampledFrom([]string{"80000000000000010000000000000000", "00000000000000010000000000000000", "8", "C"}).Draw(t, "id"))
	case term.Intrinsic == query.SpanID || term.Intrinsic == query.ParentID:
		return query.Text(rapid.SampledFrom(ids).Draw(t, "id"))
	case kind == query.KindString, term.Attribute != "" && rapid.Bool().Draw(t, "text"):
		return query.Text(rapid.SampledFrom(hostileTexts).Draw(t, "text"))
	case kind == query.KindType || kind == query.KindStatus || kind == query.KindBool:
		return query.Value{Kind: kind, Int: rapid.Int64Range(0, 1).Draw(t, "number")}
	case term.Attribute != "" && rapid.IntRange(0, 2).Draw(t, "truth") == 0:
		return query.Boolean(rapid.Bool().Draw(t, "value"))
	case rapid.Bool().Draw(t, "float"):
		return query.Float(rapid.SampledFrom(hostileFloats).Draw(t, "number"))
	default:
		return query.Integer(rapid.SampledFrom(hostileNumbers).Draw(t, "number"))
	}
}

func hostileCondition(t *rapid.T, depth int) plan.Condition {
	shape := rapid.IntRange(0, 3).Draw(t, "shape")
	if depth == 0 || shape > 1 {
		return hostileTerm(t)
	}
	parts := make([]plan.Condition, rapid.IntRange(0, 3).Draw(t, "parts"))
	for i := range parts {
		parts[i] = hostileCondition(t, depth-1)
	}
	if shape == 0 {
		return plan.Any(parts)
	}
	return plan.All(parts)
}

// writeHostile stores hostile spans.
func writeHostile(t *testing.T) (*Store, []model.Record) {
	t.Helper()
	store := openTestStore(t)
	random := rand.New(rand.NewPCG(1, 2))
	records := hostileSpans(random.IntN)
	if _, err := store.Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	return store, records
}

// decidesLikeItsDefinition compares the spans for which SQL says that c holds
// with those for which package plan does.
func decidesLikeItsDefinition(t testing.TB, fail func(format string, args ...any), store *Store, records []model.Record, c plan.Condition) {
	t.Helper()
	var want []int64
	for _, r := range records {
		if plan.HoldsSpan(c, r.Span) {
			want = append(want, r.Span.StartNano)
		}
	}
	var where conditions
	where.add(`TRUE`)
	where.addCondition(c)
	got, err := matching(t, store, where)
	if err != nil || !slices.Equal(got, want) {
		fail("%s\n%s\n%v\ngot  %v\nwant %v", c, withArguments(where.String(), where.args), err, got, want)
	}
}

// TestSQLDecidesWhatTheDefinitionOfConditionsDoes is about what only SQLite gets
// wrong: its kinds of values, its paths into JSON, its characters.
func TestSQLDecidesWhatTheDefinitionOfConditionsDoes(t *testing.T) {
	store, records := writeHostile(t)
	rapid.Check(t, func(rt *rapid.T) {
		decidesLikeItsDefinition(t, rt.Fatalf, store, records, hostileCondition(rt, 2))
	})
}

func TestSQLComparesTextsByTheirBytes(t *testing.T) {
	store, records := writeHostile(t)
	for _, text := range hostileTexts {
		for op := plan.Equal; op <= plan.HasPrefix; op++ {
			decidesLikeItsDefinition(t, t.Errorf, store, records, compared(query.Name, op, query.Text(text)))
			decidesLikeItsDefinition(t, t.Errorf, store, records, entryIs("a", op, query.Text(text)))
		}
	}
}
