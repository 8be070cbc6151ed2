//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// slow stands before a server and keeps its answers back until it is told to go on.
type slow struct {
	*httptest.Server
	goOn func()
}

func newSlow(t *testing.T, s *server) *slow {
	t.Helper()
	target, err := url.Parse(s.url())
	if err != nil {
		t.Fatal(err)
	}
	released := make(chan struct{})
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	proxy.ErrorLog = log.New(io.Discard, "", 0) // a command that is broken off is no news
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-released:
			proxy.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	goOn := sync.OnceFunc(func() { close(released) })
	t.Cleanup(func() {
		goOn()
		front.Close()
	})
	return &slow{Server: front, goOn: goOn}
}

// atTerminal is the environment of a person who has set no more than where the server
// is.
func atTerminal(server string) []string {
	return append(environment(), "AGENTTRACE_SERVER="+server, "TZ=UTC", "TERM=xterm-256color", "NO_COLOR=", "COLUMNS=")
}

func TestATerminalShowsProgressAndThenTheResultAlone(t *testing.T) {
	t.Parallel()
	s := serverWithFixedSpans(t, newSQLite(t))
	front := newSlow(t, s)
	p := openPane(t, 100, 30, atTerminal(front.URL), cliBinary+" query '{ type = tool }'; echo code $?")
	p.see("searching, 1 s")
	if got := p.screen(); strings.Contains(got, "\n") {
		t.Errorf("while it searches, the screen has more than one line:\n%s", got)
	}
	front.goOn()
	p.see("find_refund", "查询", "code 0")
	if got := p.screen(); strings.Contains(got, "searching") {
		t.Errorf("progress is left on the screen:\n%s", got)
	}
	s.stop()
}

// redFailure is a red name after tmux has put its own sequences around it.
var redFailure = regexp.MustCompile(`\x1b\[31m(\x1b\[49m)?✗ find_refund`)

func TestATerminalShowsColoursInItsOwnWidth(t *testing.T) {
	t.Parallel()
	s := serverWithFixedSpans(t, newSQLite(t))
	p := openPane(t, 90, 40, atTerminal(s.url()), cliBinary+" trace "+fixedTraceID(1)+"; echo code $?")
	p.see("✗ TimeoutError", "code 0")
	if got := p.colours(); !redFailure.MatchString(got) {
		t.Errorf("what failed is not red: %q", got)
	}
	// A line that is too wide goes on in the next one, which then has no branches.
	_, piped, _ := commandLine(t, s, "trace", fixedTraceID(1), "--width", "90")
	if got, want := strings.Count(p.screen(), "\n"), strings.Count(piped, "\n"); got != want {
		t.Errorf("the screen has %d lines, want %d:\n%s", got, want, p.screen())
	}

	for name, env := range map[string]string{"NO_COLOR": "NO_COLOR=1", "a dumb terminal": "TERM=dumb"} {
		plain := openPane(t, 90, 40, append(atTerminal(s.url()), env), env+" "+cliBinary+" trace "+fixedTraceID(1)+"; echo code $?")
		plain.see("✗ TimeoutError", "code 0")
		if got := plain.colours(); strings.Contains(got, "\x1b[") {
			t.Errorf("with %s there are colours: %q", name, got)
		}
	}
	s.stop()
}

func TestHostileContentDoesNotTakeTheTerminalOver(t *testing.T) {
	t.Parallel()
	s := serverWithFixedSpans(t, newSQLite(t))
	p := openPane(t, 90, 60, atTerminal(s.url()), "echo begin; "+cliBinary+" trace last --content; echo code $?")
	p.see("begin", "␛[2J", "code 0") // ESC [2J would have cleared the screen
	if got := p.run("display-message", "-p", "#{pane_title}"); strings.Contains(got, "owned") {
		t.Errorf("the title of the window is %q", got)
	}
	s.stop()
}

func TestCtrlCEndsACommand(t *testing.T) {
	t.Parallel()
	s := serverWithFixedSpans(t, newSQLite(t))
	front := newSlow(t, s)
	p := openPane(t, 100, 30, atTerminal(front.URL), "trap : INT; "+cliBinary+" query '{ }'; echo code $?")
	p.see("searching, ")
	p.press("C-c")
	p.see("code 130")
	if got := p.screen(); strings.Contains(got, "searching") {
		t.Errorf("progress is left on the screen:\n%s", got)
	}
	s.stop()
}
