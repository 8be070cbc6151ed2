package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/agenttrace/agenttrace/bench/proc"
)

// server is a running server process. Either address serves everything.
type server struct {
	cmd  *exec.Cmd
	grpc string // grpc://HOST:PORT
	http string // http://HOST:PORT
	log  *bytes.Buffer
}

func buildServer(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "server")
	out, err := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", binary, "./cmd/server").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build ./cmd/server: %w\n%s", err, out)
	}
	return binary, nil
}

// neverSettle keeps the server from settling: what settles meanwhile would blur
// what storing costs.
var neverSettle = []string{"--settle-after=24h", "--settle-at-most=24h"}

// anyAge lets the server take spans of as many days as it is sent.
const anyAge = "--max-past=1000d"

// start runs the server on a store, with flags of its own and those of the
// command line.
func (b *bench) start(ctx context.Context, store string, flags ...string) (*server, error) {
	addresses := make([]string, 2)
	for i := range addresses {
		var err error
		if addresses[i], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	s := &server{grpc: "grpc://" + addresses[0], http: "http://" + addresses[1], log: new(bytes.Buffer)}
	args := []string{"--store", store, "--listen", strings.Join(addresses, ","), "--log-level", "warn", anyAge}
	s.cmd = exec.Command(b.binary, slices.Concat(args, flags, b.server)...)
	s.cmd.Stderr = s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.waitReady(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("%w\n%s", err, s.log)
	}
	return s, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		resp, err := http.Get(s.http + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("the server did not become ready")
		}
	}
}

// stop drains the server and waits for it. A second call does nothing.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

func (s *server) pid() int { return s.cmd.Process.Pid }

func (s *server) cpu() time.Duration { return proc.CPU(s.pid()) }

// waitSettled returns when the server has settled so many spans since its start.
func (s *server) waitSettled(ctx context.Context, spans int) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		settled, err := s.metric(ctx, "agenttrace_settle_spans_total")
		if err != nil {
			return err
		}
		pending, err := s.metric(ctx, "agenttrace_settle_pending_traces")
		if err != nil {
			return err
		}
		if int(settled) >= spans && pending == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%v of %d spans have settled, %v traces wait: %w\n%s", settled, spans, pending, ctx.Err(), s.log)
		}
	}
}

// metric reads one number without labels.
func (s *server) metric(ctx context.Context, name string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("the server has no metric %s", name)
}
