//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pane is a terminal in which a person would sit: a shell command runs in it, keys are
// typed, and what is on the screen is read.
type pane struct {
	t      *testing.T
	socket string
}

// openPane runs a shell command in a terminal of a size. The terminal stays when the
// command has ended; the test's end closes it.
func openPane(t *testing.T, width, height int, env []string, command string) *pane {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Fatalf("%v: .ci/ensure-tmux installs it", err)
	}
	p := &pane{t: t, socket: filepath.Join(t.TempDir(), "tmux")}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", p.socket, "kill-server").Run() })
	args := []string{"-S", p.socket, "-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), command + "; exec cat"}
	cmd := exec.CommandContext(t.Context(), "tmux", append([]string{"-u"}, args...)...)
	cmd.Env = append(env, "LANG=C.UTF-8", "SHELL=/bin/sh")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v\n%s", err, out)
	}
	return p
}

// run talks to the terminal.
func (p *pane) run(args ...string) string {
	p.t.Helper()
	out, err := exec.CommandContext(p.t.Context(), "tmux", append([]string{"-u", "-S", p.socket}, args...)...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// press types keys as tmux names them, such as C-c.
func (p *pane) press(keys ...string) {
	p.t.Helper()
	p.run(append([]string{"send-keys"}, keys...)...)
}

// screen returns the text on the screen, without spaces at the ends of lines.
func (p *pane) screen() string {
	p.t.Helper()
	return strings.TrimRight(p.run("capture-pane", "-p"), "\n")
}

// colours returns the text on the screen with the escape sequences of its colours.
func (p *pane) colours() string {
	p.t.Helper()
	return p.run("capture-pane", "-p", "-e")
}

// see waits until all of these texts are on the screen.
func (p *pane) see(texts ...string) {
	p.t.Helper()
	defer func() {
		if p.t.Failed() {
			p.t.Logf("the screen:\n%s", p.screen())
		}
	}()
	await(p.t, fmt.Sprintf("the terminal shows %q", texts), func() bool {
		screen := p.screen()
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}
