package agenttrace_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// Every piece of Go in the page is what an example runs, so that it works, and
// every example is in the page.
func TestThePageShowsTheExamples(t *testing.T) {
	page, err := os.ReadFile("../../docs/client.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := piecesOf(string(page))
	examples := map[string]string{}
	for _, name := range []string{"example_test.go", "traceql/example_test.go"} {
		for example, code := range examplesIn(t, name) {
			examples[code] = example
		}
	}
	for _, piece := range shown {
		if _, ok := examples[piece]; !ok {
			t.Errorf("no example is\n%s", piece)
		}
	}
	for code, example := range examples {
		if !slices.Contains(shown, code) && example != "Example" { // that of the package's own page
			t.Errorf("%s is not in the page", example)
		}
	}
}

// piecesOf returns what stands in blocks of Go.
func piecesOf(page string) (pieces []string) {
	for {
		_, rest, ok := strings.Cut(page, "```go\n")
		if !ok {
			return pieces
		}
		piece, after, _ := strings.Cut(rest, "```")
		pieces, page = append(pieces, piece), after
	}
}

// examplesIn returns the bodies of examples: behind their first empty line, where
// they have one, up to their output.
func examplesIn(t *testing.T, name string) map[string]string {
	t.Helper()
	source, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Example") {
			body := string(source[files.Position(f.Body.Lbrace).Offset+2 : files.Position(f.Body.Rbrace).Offset])
			body, _, _ = strings.Cut(body, "\t// Output:")
			if _, shown, ok := strings.Cut(body, "\n\n"); ok {
				body = shown
			}
			all[f.Name.Name] = unindented(body)
		}
	}
	return all
}

func unindented(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimPrefix(line, "\t"))
	}
	return b.String()
}
