package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a running server process.
type server struct {
	cmd     *exec.Cmd
	grpcURL string
	httpURL string
	log     *bytes.Buffer
}

func buildServer(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "server")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/server").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build ./cmd/server: %w\n%s", err, out)
	}
	return binary, nil
}

func startServer(ctx context.Context, binary, store string, opts options) (*server, error) {
	grpcAddr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	httpAddr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &server{grpcURL: "http://" + grpcAddr, httpURL: "http://" + httpAddr, log: new(bytes.Buffer)}
	args := append([]string{"--store", store, "--listen", grpcAddr + "," + httpAddr, "--log-level", "warn"}, opts.server...)
	s.cmd = exec.Command(binary, args...)
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
		resp, err := http.Get(s.httpURL + "/readyz")
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

func (s *server) cpu() time.Duration { return processCPU(s.cmd.Process.Pid) }

// peakMemory returns the most resident memory that the server had, in bytes.
func (s *server) peakMemory() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// forgetPeak makes what peakMemory returns begin anew (Linux, proc(5),
// clear_refs).
func (s *server) forgetPeak() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0)
}

// clockTick is the kernel's unit of CPU time in /proc, 1/100 s on every Linux.
const clockTick = 10 * time.Millisecond

// processCPU returns the CPU time that a process used, with that of its children
// that have ended; 0 where the system does not say.
func processCPU(pid int) time.Duration {
	fields := procStat(pid)
	var ticks int64
	for i := 11; i <= 14 && i < len(fields); i++ { // utime stime cutime cstime
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

// treeCPU returns the CPU time of a process and all its children, ended or not.
func treeCPU(pid int) time.Duration {
	total := processCPU(pid)
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if fields := procStat(child); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			total += processCPU(child)
		}
	}
	return total
}

// procStat returns the fields of /proc/PID/stat behind the command's name: state,
// parent, and so on.
func procStat(pid int) []string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.Fields(rest)
}
