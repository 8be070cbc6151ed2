//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCommandsInTheDocumentsWork types what the documents say into a shell, at
// one server, in the order in which they stand.
func TestCommandsInTheDocumentsWork(t *testing.T) {
	s := startServer(t, "--store="+newSQLite(t))
	path := []string{filepath.Dir(cliBinary), filepath.Dir(grpcurl(t)), os.Getenv("PATH")}
	env := append(environment(), "PATH="+strings.Join(path, string(os.PathListSeparator)), "AGENTTRACE_SERVER="+s.url(), "OTEL_EXPORTER_OTLP_ENDPOINT="+s.url())

	pages := []string{"README.md", "docs/api.md", "docs/agno.md", "docs/cli.md", "docs/doctor.md", "docs/moving.md", "docs/tracing.md"}
	for _, name := range pages {
		text, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		commands := commandsIn(string(text))
		if len(commands) == 0 {
			t.Errorf("%s: found no commands", name)
		}
		dir := t.TempDir() // what one command writes, a later one may read
		for _, command := range commands {
			shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", addressIn.ReplaceAllString(command, s.address()))
			shell.Env, shell.Dir = env, dir
			out, err := shell.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %s\n%v\n%s", name, command, err, out)
			}
			if strings.Contains(string(out), `"code":`) {
				t.Errorf("%s: %s\nanswers an error: %s", name, command, out)
			}
		}
	}
	s.stop()
}

// addressIn finds the default addresses of the server in a command.
var addressIn = regexp.MustCompile(`(localhost|127\.0\.0\.1):431[78]`)

// typed finds a line that is typed into a shell.
var typed = regexp.MustCompile(`^(curl|grpcurl|agenttrace) `)

// commandsIn returns the curl, grpcurl and agenttrace commands in a document's code
// blocks, indented or fenced as sh, each with the lines that its backslashes and quotes open.
// One with an ellipsis has something to be filled in, and is left out.
func commandsIn(markdown string) []string {
	var commands []string
	fenced, open := false, false // open: the last command goes on
	for line := range strings.Lines(markdown) {
		code := fenced || strings.HasPrefix(line, "    ") // four spaces, not a tab
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			fenced, open = line == "```sh", false
			continue
		case open:
			commands[len(commands)-1] += "\n" + line
		case code && typed.MatchString(line):
			commands = append(commands, line)
		default:
			continue
		}
		quotes := strings.Count(commands[len(commands)-1], "'")
		open = strings.HasSuffix(line, `\`) || quotes%2 == 1
	}
	return slices.DeleteFunc(commands, func(command string) bool { return strings.Contains(command, "…") })
}
