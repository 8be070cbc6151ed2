package query_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
)

var update = flag.Bool("update", false, "write testdata anew")

func TestExamplesArePrintedCanonically(t *testing.T) {
	for _, e := range querytest.Examples() {
		q, err := query.Parse(e.Text)
		if err != nil {
			t.Errorf("%s\n%v", e.Text, err)
			continue
		}
		want := e.Canonical
		if want == "" {
			want = e.Text
		}
		if got := q.String(); got != want {
			t.Errorf("%s\nis printed\n%s, want\n%s", e.Text, got, want)
		}
		again, err := query.Parse(q.String())
		if err != nil {
			t.Errorf("%s\nis printed\n%s\n%v", e.Text, q, err)
		} else if diff := cmp.Diff(q, again, samePatterns); diff != "" {
			t.Errorf("%s\nchanges when it is printed and parsed:\n%s", e.Text, diff)
		}
	}
}

func TestFaultsAreFoundWhereTheyAre(t *testing.T) {
	for _, f := range querytest.Faults() {
		text, offset := f.Query()
		_, err := query.Parse(text)
		fault, ok := errors.AsType[*query.Error](err)
		if !ok {
			t.Errorf("%s\nis accepted, %v", text, err)
			continue
		}
		if fault.Offset != offset || fault.Suggestion != f.Suggestion {
			t.Errorf("%s\nerror at byte %d, want %d; suggestion %q, want %q\n%v", text, fault.Offset, offset, fault.Suggestion, f.Suggestion, fault)
		}
		before := text[:offset]
		lineStart := strings.LastIndex(before, "\n") + 1
		if fault.Line != 1+strings.Count(before, "\n") || fault.Column != 1+utf8.RuneCountInString(before[lineStart:]) {
			t.Errorf("%s\nbyte %d is said to be in line %d, column %d", text, offset, fault.Line, fault.Column)
		}
	}
}

// TestErrorsReadWell holds what people read: look at the differences when you
// write the file anew with -update.
func TestErrorsReadWell(t *testing.T) {
	const file = "testdata/errors.golden"
	var b strings.Builder
	for _, f := range querytest.Faults() {
		text, _ := f.Query()
		_, err := query.Parse(text)
		fmt.Fprintf(&b, "%s\n    %v\n", strings.NewReplacer("\x00", "␀").Replace(f.Text), err)
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("errors changed (-file +now):\n%s", diff)
	}
}
