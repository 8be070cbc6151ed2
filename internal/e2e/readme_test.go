//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// goProgram finds the complete Go programs in a document.
var goProgram = regexp.MustCompile("(?ms)^```go\n(package main\n.*?)^```$")

// TestGoProgramsInTheReadmeRun runs them one after the other against one server:
// the agent first, whose session the second asks for.
func TestGoProgramsInTheReadmeRun(t *testing.T) {
	s := startServer(t, "--store="+newSQLite(t))
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs := goProgram.FindAllStringSubmatch(string(text), -1)
	if len(programs) != 2 {
		t.Fatalf("the README has %d Go programs, want an agent and one that asks", len(programs))
	}
	var printed string
	for i, program := range programs {
		run := exec.CommandContext(t.Context(), buildAsPartOfTheModule(t, i, addressIn.ReplaceAllString(program[1], s.address())))
		run.Env = append(environment(), "OTEL_EXPORTER_OTLP_ENDPOINT="+s.url())
		out, err := run.CombinedOutput()
		if err != nil {
			t.Fatalf("program %d: %v\n%s", i+1, err, out)
		}
		printed = string(out)
	}
	if want := regexp.MustCompile(`^Weather Agent [0-9a-f]{32} failed: false\n$`); !want.MatchString(printed) {
		t.Errorf("the program that asks prints %q, want %s", printed, want)
	}
	s.stop()
}

// buildAsPartOfTheModule builds a program that is in no file of the repository as
// if it were, so that its imports are found, and returns the binary.
func buildAsPartOfTheModule(t *testing.T, number int, program string) string {
	t.Helper()
	dir := t.TempDir()
	source, overlay, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "program")
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	place := "readme" + strconv.Itoa(number)
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, place, "main.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{source: program, overlay: string(replaced)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", binary, "./"+place)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s\n%s", err, strings.TrimSpace(string(out)), program)
	}
	return binary
}
