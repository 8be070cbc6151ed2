package query

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// The words of the language. Nothing in these tables changes after they were
// made.

var operatorSymbols = [...]string{
	And: "&&", Or: "||", Equal: "=", NotEqual: "!=", Less: "<", LessEqual: "<=", Greater: ">", GreaterEqual: ">=",
	Matches: "=~", NotMatches: "!~", Contains: ":", Add: "+", Subtract: "-", Multiply: "*", Divide: "/", Modulo: "%", Power: "^", Not: "!",
}

var relationSymbols = [...]string{
	Both: "&&", Either: "||", Descendant: ">>", Child: ">", Ancestor: "<<", Parent: "<", Sibling: "~", Then: "then",
}

var formSymbols = [...]string{Plain: "", Negated: "!", Union: "&"}

var functionNames = [...]string{
	Rate: "rate", CountOverTime: "count_over_time", SumOverTime: "sum_over_time", AvgOverTime: "avg_over_time",
	MinOverTime: "min_over_time", MaxOverTime: "max_over_time", QuantileOverTime: "quantile_over_time", HistogramOverTime: "histogram_over_time",
}

var aggregateNames = [...]string{Count: "count", Avg: "avg", Min: "min", Max: "max", Sum: "sum"}

var scopeNames = [...]string{
	ScopeAny: "", ScopeSpan: "span", ScopeResource: "resource", ScopeEvent: "event", ScopeLink: "link", ScopeInstrumentation: "instrumentation",
}

var kindNames = [...]string{
	KindNil: "nil", KindString: "string", KindInt: "integer", KindFloat: "float", KindBool: "boolean",
	KindDuration: "duration", KindStatus: "status", KindSpanKind: "kind", KindType: "type", anyKind: "attribute",
}

var (
	statusWords = [...]string{model.StatusUnset: "unset", model.StatusOK: "ok", model.StatusError: "error"}
	kindWords   = [...]string{"unspecified", "internal", "server", "client", "producer", "consumer"}
	typeWords   = lowerTypes()
)

// stageWords begin stages that are no aggregates.
var stageWords = []string{"by", "select", "coalesce", "repeat"}

// seriesWords begin what may follow a metrics function.
var seriesWords = []string{"topk", "bottomk"}

// units are the units of durations, in nanoseconds; the micro sign is there
// with both of its code points.
var units = map[string]uint64{
	"ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9, "d": 24 * 3600e9,
}

var (
	scopes     = indexOf[Scope](scopeNames[:])
	functions  = indexOf[Function](functionNames[:])
	aggregates = indexOf[AggregateFunction](aggregateNames[:])
	intrinsics = intrinsicNames()
	constants  = constantWords()

	// combinations are the operators between spansets, without those of Then.
	combinations = combinationSymbols()

	scopeWords     = slices.Sorted(maps.Keys(scopes))
	functionWords  = functionNames[:]
	intrinsicWords = slices.Sorted(maps.Keys(intrinsics))
)

// indexOf turns a list of names round.
func indexOf[T ~uint8](names []string) map[string]T {
	index := make(map[string]T, len(names))
	for i, name := range names {
		if name != "" {
			index[name] = T(i)
		}
	}
	return index
}

func combinationSymbols() map[string]Combination {
	symbols := map[string]Combination{}
	for r := range Then {
		for f := Plain; f <= Union; f++ {
			if r.Structural() || f == Plain {
				symbols[f.String()+r.String()] = Combination{Relation: r, Form: f}
			}
		}
	}
	return symbols
}

func lowerTypes() []string {
	words := make([]string, model.TypeChain+1)
	for t := range words {
		words[t] = strings.ToLower(model.SpanType(t).String())
	}
	return words
}

func intrinsicNames() map[string]Intrinsic {
	names := map[string]Intrinsic{}
	for _, d := range Intrinsics() {
		for _, name := range d.Names {
			names[name] = d.Intrinsic
		}
	}
	return names
}

// constantWords are the words that stand for a value.
func constantWords() map[string]Value {
	words := map[string]Value{
		"nil": {}, "true": Boolean(true), "false": Boolean(false),
		"minInt": Integer(math.MinInt64), "maxInt": Integer(math.MaxInt64),
	}
	for _, kind := range []Kind{KindStatus, KindSpanKind, KindType} {
		for i, word := range wordsOf(kind) {
			words[word] = Value{Kind: kind, Int: int64(i)}
		}
	}
	return words
}

// wordsOf returns the words that stand for values of a kind, in the order of
// their numbers; nil for kinds whose values are written otherwise.
func wordsOf(kind Kind) []string {
	switch kind {
	case KindStatus:
		return statusWords[:]
	case KindSpanKind:
		return kindWords[:]
	case KindType:
		return typeWords
	default:
		return nil
	}
}

// listOf returns the words of a kind for people: the one for "none of these",
// which has the number 0, last.
func listOf(kind Kind) string {
	words := wordsOf(kind)
	return strings.Join(words[1:], ", ") + " or " + words[0]
}

// String returns the operator as it is written.
func (o Operator) String() string { return operatorSymbols[o] }

// String returns the relation's operator.
func (r Relation) String() string { return relationSymbols[r] }

// Structural reports whether the relation looks at where and when spans stand,
// and not only at whether there are any.
func (r Relation) Structural() bool { return r >= Descendant }

// String returns what stands before the relation's operator.
func (f Form) String() string { return formSymbols[f] }

// String returns the function's name.
func (f Function) String() string { return functionNames[f] }

// String returns the function's name.
func (f AggregateFunction) String() string { return aggregateNames[f] }

// String returns the scope's name, "" for any.
func (s Scope) String() string { return scopeNames[s] }

// String returns what people call the kind.
func (k Kind) String() string { return kindNames[k] }

// phrase returns what people call one value of the kind. What is calculated is
// a float to the checker.
func (k Kind) phrase() string {
	switch k {
	case KindNil:
		return k.String()
	case KindFloat:
		return "a number"
	case KindInt:
		return "an " + k.String()
	default:
		return "a " + k.String()
	}
}

// String returns the name under which the intrinsic is printed, "" for none.
func (i Intrinsic) String() string {
	if i == 0 {
		return ""
	}
	return Describe(i).Names[0]
}
