//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"
)

// moving is the command line in a directory of its own, beside a server.
type moving struct {
	t      *testing.T
	dir    string
	server string // URL
}

func movingAt(t *testing.T, s *server) moving { return moving{t, t.TempDir(), s.url()} }

// command describes a run of the program that has not begun.
func (m moving) command(args ...string) (cmd *exec.Cmd, out, complaints *bytes.Buffer) {
	out, complaints = new(bytes.Buffer), new(bytes.Buffer)
	cmd = exec.CommandContext(m.t.Context(), cliBinary, args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = append(environment(), "AGENTTRACE_SERVER="+m.server, "TZ=UTC"), m.dir, out, complaints
	return cmd, out, complaints
}

// run runs the program, which is to end with this exit code.
func (m moving) run(code int, args ...string) (stdout, stderr string) {
	m.t.Helper()
	cmd, out, complaints := m.command(args...)
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		m.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		m.t.Fatalf("agenttrace %s ended with %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, complaints)
	}
	return out.String(), complaints.String()
}

// kill runs the program on a line, and kills it where the line is held, once a
// file is there that it makes.
func (m moving) kill(l *line, bytes int, made string, args ...string) {
	m.t.Helper()
	held := l.holdAfter(bytes)
	cmd, _, complaints := m.command(args...)
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	<-held
	await(m.t, made+" is there", func() bool {
		_, err := os.Stat(filepath.Join(m.dir, made))
		return err == nil
	})
	if err := cmd.Process.Kill(); err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		m.t.Fatalf("it was done before it could be killed: %s", complaints)
	}
	l.cut()
}

// write writes a file.
func (m moving) write(name, content string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(content), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// bytesOf returns every span of a file, with its resource and scope, as they are
// on the wire.
func (m moving) bytesOf(name string) []string {
	m.t.Helper()
	file, err := os.Open(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	defer file.Close()
	reader, err := otlpfile.NewReader(file)
	if err != nil {
		m.t.Fatal(err)
	}
	defer reader.Close()
	var all []string
	for {
		piece, err := reader.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(all)
			return all
		}
		if err != nil {
			m.t.Fatal(err)
		}
		parts, err := otlpfile.Parts(piece, 1, 1) // a span each
		if err != nil {
			m.t.Fatal(err)
		}
		for _, part := range parts {
			all = append(all, string(part))
		}
	}
}

// meaningOf is bytesOf, as deterministic bytes of what the spans say.
func (m moving) meaningOf(name string) []string {
	m.t.Helper()
	all := m.bytesOf(name)
	for i, data := range all {
		again, err := proto.MarshalOptions{Deterministic: true}.Marshal(m.parsed(data))
		if err != nil {
			m.t.Fatal(err)
		}
		all[i] = string(again)
	}
	slices.Sort(all)
	return all
}

func (m moving) parsed(data string) *tracepb.ResourceSpans {
	m.t.Helper()
	message := new(tracepb.ResourceSpans)
	if err := proto.Unmarshal([]byte(data), message); err != nil {
		m.t.Fatal(err)
	}
	return message
}

// bulkTraces is how many traces bulk stores.
const bulkTraces = 16

// bulk stores traces of a megabyte each: a few of them are worth a mark.
func bulk(t *testing.T, s *server) {
	t.Helper()
	sender, client := newSender(seed(t), 8), newClient(t)
	noise := make([]byte, 768<<10) // compresses badly, so that a line holds up what it is to
	for range bulkTraces {
		for i := 0; i < len(noise); i += 8 {
			binary.LittleEndian.PutUint64(noise[i:], sender.random.Uint64())
		}
		trace := sender.newTrace()
		span := sender.span(trace)
		span.Name = base64.StdEncoding.EncodeToString(noise)
		mustStore(t, exportGRPC(t.Context(), client, s.url(), "default", encode(t, requestOf(span, sender.span(trace)))))
	}
}

// line is a way to a server that can be held up: it hands on so many bytes of
// answers, and no more until it is cut.
type line struct {
	listener net.Listener
	target   string
	work     sync.WaitGroup

	mu   sync.Mutex
	left int
	held chan struct{} // closed when no byte is left; nil where nothing is held up
	open []net.Conn
}

func newLine(t *testing.T, s *server) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, target: s.address()}
	l.work.Go(l.accept)
	t.Cleanup(func() { listener.Close(); l.cut(); l.work.Wait() })
	return l
}

// holdAfter lets so many bytes of answers through.
func (l *line) holdAfter(bytes int) (held chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left, l.held = bytes, make(chan struct{})
	return l.held
}

func (l *line) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.target)
		if err != nil {
			client.Close()
			continue
		}
		l.mu.Lock()
		l.open = append(l.open, client, server)
		l.mu.Unlock()
		l.work.Go(func() { _, _ = io.Copy(server, client); server.Close() })
		l.work.Go(func() { l.answers(client, server) })
	}
}

// answers hands on what the server says. When the line is held, the connection
// stays open and silent.
func (l *line) answers(client, server net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			client.Close()
			return
		}
		if l.isHeld(n) {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (l *line) isHeld(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		return false
	}
	if l.left -= n; l.left >= 0 {
		return false
	}
	select {
	case <-l.held:
	default:
		close(l.held)
	}
	return true
}

// cut breaks all connections; those to come are held up no more.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		c.Close()
	}
	l.open, l.held = nil, nil
}
