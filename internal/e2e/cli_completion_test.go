//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTheTabKeyCompletes presses it in a bash as a person would.
func TestTheTabKeyCompletes(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--store="+newSQLite(t))
	storeOne(t, s, "default") // of the agent "support"
	rc := filepath.Join(t.TempDir(), "bashrc")
	text := "PS1='$ '\nsource <(agenttrace completion bash)\nbind 'set bell-style none'\necho sourced\n"
	if err := os.WriteFile(rc, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(atTerminal(s.url()), "PATH="+filepath.Dir(cliBinary)+string(os.PathListSeparator)+os.Getenv("PATH"))
	p := openPane(t, 110, 40, env, "bash --noprofile --rcfile "+rc+" -i")
	p.see("sourced")
	for _, c := range []struct {
		keys []string
		want string
	}{
		{[]string{"agenttrace rep", "Tab"}, "$ agenttrace reprice"},
		{[]string{"agenttrace traces --no-f", "Tab"}, "$ agenttrace traces --no-failed"},
		{[]string{"agenttrace traces --order lo", "Tab"}, "$ agenttrace traces --order longest"},
		{[]string{"agenttrace traces --order=ne", "Tab"}, "$ agenttrace traces --order=newest"},
		{[]string{"agenttrace traces --agent sup", "Tab"}, "$ agenttrace traces --agent support"},
		{[]string{"agenttrace traces --agent=sup", "Tab"}, "$ agenttrace traces --agent=support"},
		{[]string{"agenttrace query '{ tool:na", "Tab"}, "$ agenttrace query '{ tool:name"},
		{[]string{"agenttrace completion ", "Tab", "Tab"}, "bash  fish  zsh"},
		{[]string{"agenttrace session", "Tab", "Tab"}, "session   sessions"},
	} {
		p.press("C-l")
		p.press("C-u")
		p.press(c.keys...)
		p.see(c.want)
	}
	s.stop()
}
