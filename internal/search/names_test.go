package search

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
)

// described returns spans of which each kind of attribute has a few.
func described() []*model.Span {
	spans := runs(6)
	for i, s := range spans {
		b := s.Body
		b.Attributes = append(b.Attributes,
			model.KeyValue{Key: "llm.input_messages.0.message.role", Value: model.StringValue("user")},
			model.KeyValue{Key: "map", Value: model.Value{Kind: model.KindMap}},
			model.KeyValue{Key: "ratio", Value: model.DoubleValue(math.NaN())},
		)
		if i%2 == 0 {
			b.Attributes = append(b.Attributes, model.KeyValue{Key: "Tags", Value: model.Value{
				Kind: model.KindArray, Array: []model.Value{model.StringValue("urgent"), model.StringValue("urgent"), model.StringValue("vip")},
			}})
		}
		b.Resource.Attributes = append(b.Resource.Attributes, model.KeyValue{Key: "host.name", Value: model.StringValue("desk-1")})
		b.Scope = model.Scope{Name: "agno", Attributes: []model.KeyValue{{Key: "beta", Value: model.BoolValue(true)}}}
		b.Events = []model.Event{{TimeNano: s.StartNano, Name: "token", Attributes: []model.KeyValue{{Key: "turn", Value: model.IntValue(1)}}}}
		b.Links = []model.Link{{Attributes: []model.KeyValue{{Key: "why", Value: model.StringValue("retry")}}}}
	}
	return spans
}

func namesOf(names []Name) (texts []string) {
	for _, n := range names {
		texts = append(texts, n.Field.String())
	}
	return texts
}

func TestNamesOfAttributesAreThoseOnSpans(t *testing.T) {
	e := &Engine{Store: newMemory(t, 2, described()...)}
	tests := []struct {
		name string
		ask  NamesRequest
		want []string
	}{
		{"all that begin so", NamesRequest{Prefix: "T"}, []string{
			"trace:id", "type", "team:id", "team:name", "tool:name", "tool:callId", "trace:duration", "trace:rootName",
			"trace:rootService", "trace:spanCount", "trace:errorCount", "tool:arguments", "tool:result",
			"span.turn", "event.turn", "span.Tags", "span.tool.name",
		}},
		{"intrinsics", NamesRequest{Of: IntrinsicNames, Prefix: "rootN"}, []string{"trace:rootName"}},
		{"attributes of a scope", NamesRequest{Of: AttributeNames, Scope: query.ScopeEvent}, []string{"event.turn"}},
		{"of links", NamesRequest{Of: AttributeNames, Scope: query.ScopeLink}, []string{"link.why"}},
		{"of instrumentation", NamesRequest{Of: AttributeNames, Scope: query.ScopeInstrumentation}, []string{"instrumentation.beta"}},
		{"of resources", NamesRequest{Of: AttributeNames, Scope: query.ScopeResource}, []string{"resource.host.name", "resource.service.name"}},
		{"no more than asked for", NamesRequest{Of: AttributeNames, Prefix: "t", Limit: 2}, []string{"span.turn", "event.turn"}},
		{"none of another time", NamesRequest{Of: AttributeNames, Range: model.TimeRange{End: began}}, nil},
	}
	for _, test := range tests {
		names, complete, err := e.AttributeNames(t.Context(), project, test.ask)
		if err != nil || !complete || !slices.Equal(namesOf(names), test.want) {
			t.Errorf("%s: got %q, complete %v, %v", test.name, namesOf(names), complete, err)
		}
	}
	names, _, err := e.AttributeNames(t.Context(), project, NamesRequest{Prefix: "usage:cost"})
	if err != nil || len(names) != 1 || names[0].Help == "" {
		t.Errorf("an intrinsic is described as %+v, %v", names, err)
	}
}

func textsOf(values []ValueCount) (texts []string) {
	for _, v := range values {
		texts = append(texts, fmt.Sprint(v.Value.String(), " ", v.Count))
	}
	return texts
}

func TestValuesAreThoseOnSpansTheMostFrequentFirst(t *testing.T) {
	m := newMemory(t, 2, described()...)
	e := &Engine{Store: m}
	tests := []struct {
		field  string
		prefix string
		within model.TimeRange
		want   []string
	}{
		{field: "session:id", want: []string{`"session-0" 2`, `"session-1" 2`, `"session-2" 1`, `"session-3" 1`}},
		{field: "session:id", prefix: "session-3", want: []string{`"session-3" 1`}},
		{field: "session:id", prefix: "Session", want: nil},
		{field: "session:id", within: model.TimeRange{Start: began, End: began + second}, want: []string{`"session-0" 1`}},
		{field: "session:id", within: model.TimeRange{Start: 5, End: 5}, want: nil},
		{field: "resource.service.name", want: []string{`"desk" 18`}},
		{field: "status", want: []string{"unset 16", "error 2"}},
		{field: "status", prefix: "e", want: []string{"error 2"}},
		{field: "type", want: []string{"agent 6", "llm 6", "tool 6"}},
		{field: "duration", prefix: "1", want: []string{"1ms 3"}},
		{field: "span:parentID", want: []string{`"` + spanID(0).String() + `" 12`}},
		{field: "trace:rootName", want: []string{`"run" 18`}},
		{field: "span:childCount", want: []string{"0 12", "2 6"}},
		{field: "trace:spanCount", within: model.TimeRange{Start: began, End: began + 1}, want: []string{"3 1"}},
		{field: ".Tags", want: []string{`"urgent" 9`, `"vip" 9`}},
		{field: ".Tags", prefix: "v", want: []string{`"vip" 9`}},
		{field: ".beta", want: []string{"true 18"}},
		{field: ".ratio", want: nil},
		{field: ".nowhere", want: nil},
		{field: "event.turn", want: []string{"1 18"}},
		{field: "event:name", want: []string{`"token" 18`}},
		{field: "instrumentation:name", want: []string{`"agno" 18`}},
	}
	for _, test := range tests {
		field, err := query.ParseField(test.field)
		if err != nil {
			t.Fatal(err)
		}
		values, complete, err := e.AttributeValues(t.Context(), project, ValuesRequest{Field: field, Prefix: test.prefix, Range: test.within})
		if err != nil || !complete || !slices.Equal(textsOf(values), test.want) {
			t.Errorf("%s of %q: got %q, complete %v, %v", test.field, test.prefix, textsOf(values), complete, err)
		}
	}
}

func TestSuggestionsLookAtTheNewestOnly(t *testing.T) {
	m := newMemory(t, 2, runs(recentTraces+50)...)
	e := &Engine{Store: m}
	names, complete, err := e.AttributeNames(t.Context(), project, NamesRequest{Of: AttributeNames, Prefix: "turn"})
	if err != nil || complete || len(names) != 1 || names[0].Count != 3*recentTraces {
		t.Errorf("got %+v, complete %v, %v", names, complete, err)
	}
	values, complete, err := e.AttributeValues(t.Context(), project, ValuesRequest{Field: &query.Field{Name: "turn"}, Prefix: "4", Limit: 1000})
	if err != nil || complete || slices.ContainsFunc(values, func(v ValueCount) bool { return v.Value.Int < 50 }) {
		t.Errorf("got %q, complete %v, %v", textsOf(values), complete, err)
	}
	if m.reads() != 2*recentTraces {
		t.Errorf("the content of %d traces was read", m.reads())
	}
}

func TestAColumnWithTooManyValuesIsReadFromTheNewestSpans(t *testing.T) {
	spans := runs(mostDistinct/3 + 1)
	for i, s := range spans {
		s.Name = fmt.Sprintf("step %d", i)
		s.Body.FullName = s.Name
	}
	m := newMemory(t, 3, spans...)
	values, complete, err := (&Engine{Store: m}).AttributeValues(t.Context(), project, ValuesRequest{Field: &query.Field{Intrinsic: query.Name}})
	if err != nil || !complete || len(values) != defaultNames {
		t.Errorf("got %d values, complete %v, %v", len(values), complete, err)
	}
	if m.count("Aggregate") != 1 || m.count("Spans") == 0 {
		t.Error("the newest spans were not read")
	}
}

func TestErrorsOfTheStoreComeThroughSuggestions(t *testing.T) {
	for method, field := range map[string]string{"Aggregate": "name", "Spans": "duration", "TraceSpans": "trace:rootName", "Segments": ".turn"} {
		m := newMemory(t, 2, runs(3)...)
		m.before = func(called string) error {
			if called == method {
				return errBroken
			}
			return nil
		}
		f, err := query.ParseField(field)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := (&Engine{Store: m}).AttributeValues(t.Context(), project, ValuesRequest{Field: f}); !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v", method, err)
		}
	}
}
