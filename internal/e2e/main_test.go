package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// repository is the root of the repository, seen from this package.
const repository = "../.."

// patience bounds every wait for something that takes milliseconds when all is
// well: it is only ever spent when a test is about to fail.
const patience = 60 * time.Second

// serverBinary and cliBinary are the paths of the programs, built by TestMain.
var serverBinary, cliBinary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "agenttrace-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)

	serverBinary, cliBinary = filepath.Join(dir, "server"), filepath.Join(dir, "agenttrace")
	if err := build(serverBinary, "./cmd/server"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The command line is not run under the race detector, where a start costs half a
	// second of a processor and there are hundreds: what of it runs side by side is
	// tested under the detector in its own packages. The files of its tests say so.
	if !raceEnabled() {
		if err := build(cliBinary, "./cmd/agenttrace"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// build makes a program with the flags that this test was built with, so that what
// they share is compiled once.
func build(binary, pkg string) error {
	args := []string{"build", "-o", binary}
	for _, name := range []string{"-race", "-gcflags"} {
		if value := setting(name); value != "" {
			args = append(args, name+"="+value)
		}
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = repository
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// raceEnabled reports whether the tests run under the race detector; the server
// then does, too.
func raceEnabled() bool { return setting("-race") == "true" }

// setting returns the flag of that name with which this test was built, or nothing.
func setting(name string) string {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == name {
			return s.Value
		}
	}
	return ""
}

// await polls until done holds, and fails the test when it does not in time.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for wait := time.Millisecond; !done(); wait = min(2*wait, 50*time.Millisecond) {
		select {
		case <-time.After(wait):
		case <-deadline.C:
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

// environment is this process's, without what would configure the server or an
// exporter behind a test's back.
func environment() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AGENTTRACE_") && !strings.HasPrefix(entry, "OTEL_") {
			env = append(env, entry)
		}
	}
	return env
}

// seed returns the number from which a test's random choices follow, and logs it.
func seed(t *testing.T) uint64 {
	t.Helper()
	chosen := uint64(time.Now().UnixNano())
	if text := os.Getenv("AGENTTRACE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("AGENTTRACE_SEED: %v", err)
		}
		chosen = n
	}
	t.Logf("repeat with AGENTTRACE_SEED=%d", chosen)
	return chosen
}
