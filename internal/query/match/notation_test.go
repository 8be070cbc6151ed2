package match_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// spansOf makes spans of a notation with a word for each: its name, the name of
// its parent behind <, and when it starts and ends behind @.
//
//	a b<a c<b@5-9
//
// The first letter of a name is the span's id: a and a' have the same. A parent
// that is no other word's name is not stored. Without times, a span starts when
// the one before it did, a nanosecond later, and lasts a nanosecond.
func spansOf(notation string) (spans []*model.Span) {
	for word := range strings.FieldsSeq(notation) {
		word, times, timed := strings.Cut(word, "@")
		name, parent, _ := strings.Cut(word, "<")
		s := &model.Span{
			Project: "default", TraceID: model.TraceID{15: 1}, SpanID: idOf(name), ParentID: idOf(parent),
			Name: name, StartNano: int64(len(spans)), EndNano: int64(len(spans)) + 1,
			Body: &model.Body{},
		}
		if timed {
			if _, err := fmt.Sscanf(times, "%d-%d", &s.StartNano, &s.EndNano); err != nil {
				panic("times of " + word + ": " + err.Error())
			}
		}
		spans = append(spans, s)
	}
	return spans
}

func idOf(name string) (id model.SpanID) {
	if name != "" {
		id[7] = name[0]
	}
	return id
}

// parse reads a query in which a word of names stands for a filter: ab >> c is
// { name =~ "[ab]'?" } >> { name =~ "[c]'?" }, and - for one that selects
// nothing.
func parse(t testing.TB, text string) *query.Query {
	t.Helper()
	words := strings.Fields(text)
	for i, word := range words {
		switch {
		case word == "-":
			words[i] = `{ name = "none" }`
		case word != "then" && strings.Trim(word, "abcdefgh") == "":
			words[i] = `{ name =~ ` + strconv.Quote("["+word+"]'?") + ` }`
		}
	}
	return parseWhole(t, strings.Join(words, " "))
}

func parseWhole(t testing.TB, text string) *query.Query {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q
}

// names returns the names of what is selected, in order.
func names(selected []match.Selected) string {
	var names []string
	for _, s := range selected {
		names = append(names, s.Span.Name)
	}
	return strings.Join(names, " ")
}

func namesOf(spans []*model.Span) string {
	var names []string
	for _, s := range spans {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

func TestSpansComeByStartThenID(t *testing.T) {
	spans := spansOf("c@5-6 b@5-9 d@1-2 a@7-8")
	given := slices.Clone(spans)
	if got := names(match.Select(parseWhole(t, "{ }"), match.NewTrace(spans))); got != "d b c a" {
		t.Errorf("selected %s", got)
	}
	if !slices.Equal(given, spans) {
		t.Errorf("the caller's slice is now %s", namesOf(spans))
	}
}

func TestEmptyTraceHasNothingToSelect(t *testing.T) {
	for _, text := range []string{"{ }", "{ } !>> { }", "{ } | count() = 0", "{ trace:duration >= 0s || span:childCount = 0 }", "{ } | repeat(1)"} {
		if got := match.Select(parseWhole(t, text), match.NewTrace(nil)); len(got) > 0 {
			t.Errorf("%s selects %s of no spans", text, names(got))
		}
	}
}
