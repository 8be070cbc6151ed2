package agenttrace_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module     = "github.com/agenttrace/agenttrace/"
	repository = "../.."
)

// Who imports the client gets the standard library, the generated messages, Connect
// and protobuf, and of what the generated messages need the rules of validation and
// a few functions to encode and decode. The
// test reads the files itself: one that asks the go command passes from the test
// cache after an import was added.
func TestTheClientDependsOnGeneratedCodeConnectAndProtobufOnly(t *testing.T) {
	seen := map[string]bool{}
	visit(t, seen, "clients/go")
	if !seen["gen/agenttrace/v1"] || !seen["gen/agenttrace/v1/agenttracev1connect"] {
		t.Errorf("the imports were not followed: %v", seen)
	}
	visit(t, seen, "clients/go/traceql")
}

func visit(t *testing.T, seen map[string]bool, dir string) {
	t.Helper()
	if seen[dir] {
		return
	}
	seen[dir] = true
	for _, imported := range importsOf(t, dir) {
		ours, isOurs := strings.CutPrefix(imported, module)
		switch {
		case isOurs && strings.HasPrefix(ours, "gen/"):
			visit(t, seen, ours)
		case !strings.Contains(strings.Split(imported, "/")[0], "."): // the standard library's
		case imported == "connectrpc.com/connect", strings.HasPrefix(imported, "google.golang.org/protobuf/"):
		case strings.HasPrefix(dir, "gen/") && strings.HasPrefix(imported, "buf.build/gen/go/bufbuild/protovalidate/"):
		case strings.HasPrefix(dir, "gen/") && strings.HasPrefix(imported, "github.com/planetscale/vtprotobuf/"):
		default:
			t.Errorf("%s imports %s", dir, imported)
		}
	}
}

func importsOf(t *testing.T, dir string) (all []string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(repository, dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(repository, dir, name), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, path)
		}
	}
	return all
}
