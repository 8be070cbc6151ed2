// Package agenttrace_test holds the rules about the shape of this repository
// that no compiler checks: who may import whom, and that every package says what
// it is for.
package agenttrace_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/agenttrace/agenttrace/"

// mayImport says, for each folder of product code, which of our packages it may
// import. A folder that is not listed is an error, so that a new one gets its
// rule here. Entries ending in "/..." include what lies below.
var mayImport = map[string][]string{
	"gen/agenttrace/v1":                     {},
	"gen/agenttrace/v1/agenttracev1connect": {"gen/..."},

	"internal/model":             {},
	"internal/otlp":              {"internal/model", "internal/otlp/..."},
	"internal/otlp/wire":         {},
	"internal/otlp/otlpjson":     {"internal/otlp/wire"},
	"internal/otlp/dictionary":   {},
	"internal/sample":            {"internal/model"},
	"internal/query":             {"internal/model"},
	"internal/query/plan":        {"internal/model", "internal/query", "internal/query/match"},
	"internal/query/match":       {"internal/model", "internal/query"},
	"internal/query/series":      {"internal/model", "internal/query", "internal/query/match"},
	"internal/repo":              {"internal/model", "internal/query", "internal/query/plan"},
	"internal/repo/postgres":     {"internal/model", "internal/repo", "internal/otlp", "internal/query", "internal/query/plan"},
	"internal/repo/sqlite":       {"internal/model", "internal/repo", "internal/otlp", "internal/query", "internal/query/plan"},
	"internal/search":            {"internal/model", "internal/repo", "internal/otlp", "internal/query", "internal/query/..."},
	"internal/tail":              {"internal/model", "internal/repo", "internal/otlp", "internal/query", "internal/query/..."},
	"internal/price":             {"internal/model"},
	"internal/runs":              {"internal/model"},
	"internal/settle":            {"internal/model", "internal/otlp", "internal/repo", "internal/runs"},
	"internal/ingest":            {"internal/model", "internal/repo"},
	"internal/retention":         {"internal/model", "internal/repo"},
	"internal/service":           {"internal/model", "internal/repo", "internal/otlp", "internal/ingest", "internal/query", "internal/query/...", "internal/runs", "internal/search", "internal/settle", "internal/tail", "internal/service/...", "gen/..."},
	"internal/service/compress":  {},
	"internal/service/convert":   {"internal/model", "internal/otlp/wire", "internal/query", "internal/query/match", "internal/query/series", "gen/..."},
	"internal/service/fault":     {"internal/ingest", "internal/otlp", "internal/query", "internal/repo", "internal/search"},
	"internal/service/intake":    {"internal/ingest", "internal/model", "internal/otlp"},
	"internal/service/otlpdoor":  {"internal/otlp", "internal/service/..."},
	"internal/service/pagetoken": {"internal/model"},
	"internal/service/stats":     {"internal/model", "internal/repo", "internal/service/convert", "gen/..."},
	"internal/service/tenant":    {"internal/service/fault"},
	"internal/config":            {},
	"internal/obs":               {},

	"clients/go":                               {"gen/..."},
	"clients/go/traceql":                       {},
	"clients/go/tracing":                       {"clients/go/tracing/..."},
	"clients/go/tracing/export":                {"clients/go/tracing/export/internal/..."},
	"clients/go/tracing/export/internal/spill": {},
	"clients/go/tracing/export/internal/wire":  {},
	"clients/go/tracing/export/otlp":           {"clients/go/tracing/export"},
	"clients/go/tracing/internal/otelenv":      {},
	"clients/go/tracing/internal/secrets":      {},
	"clients/go/tracing/modelhttp":             {"clients/go/tracing", "clients/go/tracing/modelhttp/..."},

	"internal/agnodb":                  {"internal/agnodb/convert"},
	"internal/agnodb/convert":          {"internal/otlp/wire"},
	"internal/otlp/otlpfile":           {"internal/otlp/otlpjson", "internal/otlp/wire"},
	"cmd/agenttrace":                   {"clients/go", "clients/go/traceql", "gen/...", "internal/agnodb", "internal/obs", "internal/otlp/otlpfile", "cmd/agenttrace/..."},
	"cmd/agenttrace/internal/draw":     {"cmd/agenttrace/internal/shell", "gen/..."},
	"cmd/agenttrace/internal/shell":    {},
	"cmd/agenttrace/internal/transfer": {"gen/...", "internal/agnodb", "internal/otlp/otlpfile", "internal/otlp/otlpjson", "internal/otlp/wire"},
	"cmd/agenttrace/internal/complete": {},
	"cmd/agenttrace/internal/moment":   {},
	"cmd/agenttrace/internal/doctor":   {"clients/go"},

	"clients/go/tracing/modelhttp/cut":        {},
	"clients/go/tracing/modelhttp/frame":      {"clients/go/tracing/modelhttp/cut"},
	"clients/go/tracing/modelhttp/answer":     {"clients/go/tracing"},
	"clients/go/tracing/modelhttp/answertest": {"clients/go/tracing", "clients/go/tracing/modelhttp/answer", "clients/go/tracing/modelhttp/cut", "clients/go/tracing/modelhttp/frame"},
	"clients/go/tracing/modelhttp/openai":     {"clients/go/tracing", "clients/go/tracing/modelhttp/answer"},
	"clients/go/tracing/modelhttp/anthropic":  {"clients/go/tracing", "clients/go/tracing/modelhttp/answer"},
	"clients/go/tracing/modelhttp/gemini":     {"clients/go/tracing", "clients/go/tracing/modelhttp/answer"},

	"cmd/server":   {"internal/...", "gen/..."},
	"bench":        {"bench/...", "internal/...", "clients/go"},
	"bench/floor":  {"bench/proc"},
	"bench/load":   {"internal/model", "internal/sample"},
	"bench/proc":   {},
	"bench/report": {},
	"bench/send":   {},

	// For tests only.
	"internal/query/querytest": {"internal/model", "internal/query", "internal/otlp"},
	"internal/repo/repotest":   {"internal/model", "internal/repo", "internal/otlp", "internal/query", "internal/query/...", "internal/runs", "internal/search", "internal/settle"},
	"internal/pgtest":          {},
	"internal/e2e":             {"internal/...", "gen/..."},
}

// onlyHere says which folders may import a library that must not spread.
var onlyHere = map[string][]string{
	"github.com/jackc/pgx/":          {"internal/repo/postgres", "internal/agnodb", "internal/pgtest", "bench"},
	"modernc.org/sqlite":             {"internal/repo/sqlite", "internal/agnodb", "bench"},
	"connectrpc.com/":                {"internal/service", "cmd/server", "clients/go", "cmd/agenttrace/internal/doctor", "gen"},
	"go.opentelemetry.io/otel":       {"clients/go/tracing"}, // what observes agents; the server observes itself by other means
	"github.com/alecthomas/kong":     {"internal/config", "cmd"},
	"golang.org/x/term":              {"cmd/agenttrace/internal/shell"},
	"github.com/rivo/uniseg":         {"cmd/agenttrace/internal/shell"},
	"google.golang.org/grpc":         {}, // tests only
	"go.opentelemetry.io/proto/otlp": {}, // tests only; clashes with the slim module in one process
}

// forTestsOnly are packages that product code must not import.
var forTestsOnly = []string{"internal/repo/repotest", "internal/query/querytest", "internal/pgtest", "internal/e2e", "clients/go/tracing/modelhttp/answertest"}

type goFile struct {
	name    string
	imports []string
	doc     string
}

func TestEveryImportFollowsTheRule(t *testing.T) {
	for dir, files := range productFiles(t) {
		allowed, known := mayImport[dir]
		if !known {
			t.Errorf("%s: no import rule; add one to mayImport", dir)
			continue
		}
		for _, file := range files {
			for _, imp := range file.imports {
				if ours, ok := strings.CutPrefix(imp, module); ok && !matches(allowed, ours) {
					t.Errorf("%s imports %s, which %s may not", file.name, ours, dir)
				}
				if ours, ok := strings.CutPrefix(imp, module); ok && slices.Contains(forTestsOnly, ours) && dir != "bench" && !slices.Contains(forTestsOnly, dir) {
					t.Errorf("%s imports %s, which is for tests only", file.name, ours)
				}
				for lib, dirs := range onlyHere {
					if strings.HasPrefix(imp, lib) && !slices.ContainsFunc(dirs, func(d string) bool { return dir == d || strings.HasPrefix(dir, d+"/") }) {
						t.Errorf("%s imports %s, which only %v may", file.name, imp, dirs)
					}
				}
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for dir, files := range productFiles(t) {
		if strings.HasPrefix(dir, "gen/") {
			continue
		}
		if !slices.ContainsFunc(files, func(f goFile) bool { return len(f.doc) > 20 }) {
			t.Errorf("%s: no package comment", dir)
		}
	}
}

func matches(allowed []string, pkg string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		if below, ok := strings.CutSuffix(a, "/..."); ok {
			return strings.HasPrefix(pkg, below+"/")
		}
		return a == pkg
	})
}

// productFiles parses every Go file that is not a test, by folder. It reads the
// files itself: a test that asks the go command passes from the test cache after
// a forbidden import was added.
func productFiles(t *testing.T) map[string][]goFile {
	t.Helper()
	dirs := map[string][]goFile{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "node_modules" || name == "examples") {
			return filepath.SkipDir // examples is a module of its own, outside of the rule
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		slash := filepath.ToSlash(name)
		dirs[path.Dir(slash)] = append(dirs[path.Dir(slash)], goFile{name: slash, imports: importsOf(parsed), doc: parsed.Doc.Text()})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) < 5 {
		t.Fatalf("found only %d folders with Go files; is this run from the repository's root?", len(dirs))
	}
	return dirs
}

func importsOf(file *ast.File) []string {
	var imports []string
	for _, spec := range file.Imports {
		if imp, err := strconv.Unquote(spec.Path.Value); err == nil {
			imports = append(imports, imp)
		}
	}
	return imports
}
