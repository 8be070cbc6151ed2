package e2e_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// server is one agenttrace server in a process of its own. Its methods belong to
// the test's goroutine, except url and address.
type server struct {
	t    *testing.T
	args []string
	dir  string // working directory
	// trust is what a client needs when the server speaks TLS, else nil.
	trust *tls.Config

	cmd    *exec.Cmd
	out    *capture // standard output
	log    *capture // standard error
	exited chan struct{}
	status error // of the process; read after exited is closed

	mu   sync.Mutex
	host string // host:port of the running process
}

// startServer starts a server on a free port and waits until it is ready. The
// test's end stops it.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	s := newServer(t, append([]string{"--listen=127.0.0.1:0"}, args...)...)
	s.start()
	return s
}

// newServer describes a server without starting it.
func newServer(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, args: args, dir: t.TempDir()}
	t.Cleanup(func() {
		if s.running() {
			s.kill()
		}
		s.check()
	})
	return s
}

// listening finds an address in what the server prints at its start.
var listening = regexp.MustCompile(`127\.0\.0\.1:([1-9][0-9]*)`)

// start starts the process, anew after a stop or kill.
func (s *server) start() {
	s.t.Helper()
	s.out, s.log, s.exited = new(capture), new(capture), make(chan struct{})
	cmd := exec.Command(serverBinary, s.args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, environment(), s.out, s.log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
	go func(exited chan struct{}) {
		s.status = cmd.Wait()
		close(exited)
	}(s.exited)

	var found string
	await(s.t, "the server prints where it listens", func() bool {
		found = listening.FindString(s.out.String())
		return found != "" || !s.running()
	})
	s.mu.Lock()
	s.host = found
	s.mu.Unlock()
	await(s.t, "the server is ready", func() bool { return s.ready() || !s.running() })
	if !s.running() {
		s.t.Fatalf("the server ended at its start: %v\n%s", s.status, s.out)
	}
}

func (s *server) running() bool {
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

func (s *server) ready() bool {
	transport := &http.Transport{TLSClientConfig: s.trust, DisableKeepAlives: true}
	res, err := (&http.Client{Transport: transport}).Get(s.url() + "/readyz")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// address returns host:port of the process that was started last.
func (s *server) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host
}

func (s *server) url() string {
	if s.trust != nil {
		return "https://" + s.address()
	}
	return "http://" + s.address()
}

// signal sends a signal and does not wait for what comes of it.
func (s *server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Fatal(err)
	}
}

// stop asks the server to end and demands that it does so cleanly.
func (s *server) stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	s.ended(patience)
	if s.status != nil {
		s.t.Errorf("the server ended with %v after SIGTERM, want exit code 0", s.status)
	}
}

// kill ends the server without giving it a chance to do anything.
func (s *server) kill() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	s.ended(patience)
}

// ended waits for the process's end, and returns how long that took.
func (s *server) ended(within time.Duration) time.Duration {
	s.t.Helper()
	begun := time.Now()
	select {
	case <-s.exited:
	case <-time.After(within):
		s.signal(syscall.SIGQUIT) // its goroutines go to the log
		<-s.exited
		s.t.Errorf("the server did not end within %v", within)
	}
	return time.Since(begun)
}

// check looks for what no server may print, and shows the log of a failed test.
func (s *server) check() {
	if s.log == nil {
		return
	}
	log := s.log.String()
	for _, bad := range []string{"panic:", "DATA RACE", "fatal error:"} {
		if strings.Contains(log, bad) {
			s.t.Errorf("the server's log has %q", bad)
		}
	}
	if s.t.Failed() {
		lines := strings.Split(strings.TrimSpace(log), "\n")
		const most = 200
		s.t.Logf("the server's log, its last %d lines:\n%s", most, strings.Join(lines[max(0, len(lines)-most):], "\n"))
	}
}

// capture keeps what a process prints.
type capture struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.Write(p)
}

func (c *capture) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}

// stores make an empty database each; the text is for --store.
var stores = map[string]func(t *testing.T) string{
	"sqlite":   newSQLite,
	"postgres": func(t *testing.T) string { return pgtest.Database(t) },
}

// eachStore runs a test on both stores side by side.
func eachStore(t *testing.T, test func(t *testing.T, store string)) {
	t.Helper()
	for name, empty := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, empty(t))
		})
	}
}

func newSQLite(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}
