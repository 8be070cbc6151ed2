package pgtest

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed supervise.sh
var superviseScript string

// startTimeout is how long a server may take to answer: a crashed one recovers
// first, on machines that do much else.
const startTimeout = 2 * time.Minute

// Cluster is a private PostgreSQL server that listens on a Unix socket only.
type Cluster struct {
	dir      string
	shell    *exec.Cmd
	commands io.WriteCloser
	answers  *bufio.Reader
	pid      int // of the server, as the shell last started it
}

// Start gives t a server of its own, to kill and restart, with additional
// settings such as "fsync=on". It is stopped and removed when t is done.
func Start(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	c, err := Launch(t.Context(), append(fastSettings(), settings...)...)
	if err != nil {
		t.Fatalf("no PostgreSQL for this test: %v\n%s", err, advice)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Errorf("stop the PostgreSQL of this test: %v", err)
		}
	})
	return c
}

// fastSettings are for data that nobody needs after the test. A server that is
// killed loses nothing by them, only a machine that loses its power would.
func fastSettings() []string {
	return []string{
		"fsync=off", "full_page_writes=off", "autovacuum=on",
		"max_connections=300", "shared_buffers=128MB", "max_wal_size=1GB",
	}
}

// DSN returns the URL of a database of the cluster. The database "postgres"
// always exists.
func (c *Cluster) DSN(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/" + database,
		RawQuery: url.Values{"host": {c.dir}}.Encode(),
	}
	return u.String()
}

// PID returns the process id of the server, for measuring what it consumes.
func (c *Cluster) PID() int { return c.pid }

// Kill ends the server as kill -9 does.
func (c *Cluster) Kill() error {
	_, err := c.command("kill")
	return err
}

// Restart starts a killed server again and waits until it answers.
func (c *Cluster) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.start(); err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.answering(ctx)
		if err == nil {
			return nil
		}
		// The processes of a killed server notice its end a moment later,
		// and until they have gone no other can start in the same directory.
		if alive, aliveErr := c.command("running"); aliveErr != nil {
			return errors.Join(err, aliveErr)
		} else if alive == "no" {
			if err := c.start(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("server does not answer: %w\n%s", err, c.log())
		case <-tick.C:
		}
	}
}

func (c *Cluster) start() error {
	answer, err := c.command("start")
	if err != nil {
		return err
	}
	c.pid, err = strconv.Atoi(answer)
	return err
}

func (c *Cluster) answering(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.DSN("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Launch makes a cluster in a new directory and starts it, for programs that are no
// test. Its settings are PostgreSQL's defaults but for those given. The caller
// stops it.
func Launch(ctx context.Context, settings ...string) (*Cluster, error) {
	return launch(ctx, os.TempDir(), settings)
}

func launch(ctx context.Context, parent string, settings []string) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, "agenttrace-pg-")
	if err != nil {
		return nil, err
	}
	c, err := supervise(dir, bin, settings)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.initialise(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) initialise(ctx context.Context) error {
	code, err := c.command("initdb")
	if err != nil {
		return err
	}
	if code != "0" {
		return fmt.Errorf("initdb ended with code %s:\n%s", code, c.log())
	}
	return c.Restart(ctx)
}

// supervise starts the shell that owns the server. It gets a session of its
// own, so that an interrupt at the terminal reaches the test alone, and shares
// no output with it, since `go test` waits until all writers have gone.
func supervise(dir, bin string, settings []string) (*Cluster, error) {
	args := []string{"-c", superviseScript, "supervise", dir, bin, "-k", dir, "-c", "listen_addresses="}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	cmd := exec.Command("/bin/sh", args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := dropPrivileges(cmd, dir); err != nil {
		return nil, err
	}
	commands, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Cluster{dir: dir, shell: cmd, commands: commands, answers: bufio.NewReader(answers)}, nil
}

func (c *Cluster) command(name string) (string, error) {
	if _, err := fmt.Fprintln(c.commands, name); err != nil {
		return "", err
	}
	line, err := c.answers.ReadString('\n')
	return strings.TrimSpace(line), err
}

// Stop ends the server and removes all that it stored. It waits for the end of
// the shell, which is the end of its answers.
func (c *Cluster) Stop() error {
	if err := c.commands.Close(); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, c.answers)
	return errors.Join(err, c.shell.Wait())
}

func (c *Cluster) log() string {
	text, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// binaries finds the directory of initdb and postgres.
func binaries() (string, error) {
	var places []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			places = append(places, filepath.Dir(path))
		}
	}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	// The newest first; versions have two digits for as long as this matters.
	slices.Sort(installed)
	slices.Reverse(installed)
	for _, dir := range append(places, installed...) {
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("initdb and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin")
}
