package tracing_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page is what people read about the package.
const page = "../../../docs/tracing.md"

// Every name that the page mentions is there, and every option, helper and switch
// of the package is on the page.
func TestThePageTellsOfThisPackage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	exported := exportedFunctions(t)
	mentioned := map[string]bool{}
	for _, found := range regexp.MustCompile(`tracing\.([A-Z]\w*)`).FindAllStringSubmatch(string(text), -1) {
		name := found[1]
		mentioned[name] = true
		if _, ok := exported[name]; !ok {
			t.Errorf("%s tells of tracing.%s, which is not there", page, name)
		}
	}
	for name, isFunction := range exported {
		if isFunction && !mentioned[name] && name != "Default" {
			t.Errorf("%s does not tell of tracing.%s", page, name)
		}
	}
	for _, s := range switches {
		if !strings.Contains(string(text), "`"+s.variable+"`") {
			t.Errorf("%s does not tell of %s", page, s.variable)
		}
	}
}

// exportedFunctions returns the exported names of the package, and which of them
// are functions.
func exportedFunctions(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					found[d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
						found[s.Name.Name] = false
					}
				}
			}
		}
	}
	return found
}
