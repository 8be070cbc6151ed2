package query_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
)

func FuzzParse(f *testing.F) {
	for _, e := range querytest.Examples() {
		f.Add(e.Text)
	}
	for _, fault := range querytest.Faults() {
		text, _ := fault.Query()
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := query.Parse(text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		printed := q.String()
		again, err := query.Parse(printed)
		if err != nil {
			t.Fatalf("%q\nis printed as\n%s\n%v", text, printed, err)
		}
		if diff := cmp.Diff(q, again, samePatterns); diff != "" {
			t.Fatalf("%q changes when it is printed and parsed:\n%s", text, diff)
		}
		for field := range q.EachField {
			if parsed, err := query.ParseField(field.String()); err != nil || *parsed != *field {
				t.Fatalf("field %s is read as %v, %v", field, parsed, err)
			}
		}
	})
}

// checkError holds what every error keeps: it lies within the text, and shows
// in one line of bounded length.
func checkError(t *testing.T, text string, err error) {
	t.Helper()
	fault, ok := errors.AsType[*query.Error](err)
	switch {
	case !ok:
		t.Fatalf("%q: %T is no *query.Error", text, err)
	case fault.Offset < 0 || fault.Offset > len(text) || fault.Line < 1 || fault.Column < 1 || fault.Column > len(text)+1:
		t.Fatalf("%q: an error at byte %d, line %d, column %d", text, fault.Offset, fault.Line, fault.Column)
	case fault.Found == "" || fault.Message == "":
		t.Fatalf("%q: an error without words: %v", text, fault)
	case strings.ContainsAny(fault.Error(), "\n\r") || len(fault.Error()) > 600 || !utf8.ValidString(fault.Error()):
		t.Fatalf("%q: an error that does not read as one line:\n%q", text, fault.Error())
	}
}
