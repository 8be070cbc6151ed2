package e2e_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// crashes returns how many times a crash test kills its victim.
func crashes(t *testing.T) int {
	t.Helper()
	text := os.Getenv("AGENTTRACE_CRASHES")
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("AGENTTRACE_CRASHES=%q: want a number of kills", text)
	}
	return n
}

// TestCrashServer kills the server while it writes.
func TestCrashServer(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		random := rand.New(rand.NewPCG(seed(t), 1))
		s := startServer(t, "--store="+store)
		l := startLoad(t, s.url, 6, random)
		for range crashes(t) {
			awaitMoment(t, l, random)
			s.kill()
			s.check()
			s.start()
		}
		awaitMoment(t, l, random)
		l.finish().mustHold(t, reader(t, s, l.project))
		s.stop()
	})
}

// TestCrashPostgres kills the database while the server writes to it. The server
// stays, tells senders to come back, and carries on by itself.
func TestCrashPostgres(t *testing.T) {
	random := rand.New(rand.NewPCG(seed(t), 2))
	c := pgtest.Start(t, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
	s := startServer(t, "--store="+c.DSN("postgres"))
	l := startLoad(t, s.url, 6, random)
	for range crashes(t) {
		awaitMoment(t, l, random)
		killAll(t, c)
		if err := c.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !s.running() {
			t.Fatal("the server did not survive the end of its database")
		}
	}
	awaitMoment(t, l, random)
	await(t, "the server is ready again", s.ready)
	l.finish().mustHold(t, reader(t, s, l.project))
	s.stop()
}

// awaitMoment returns at a random moment after the server has acknowledged some
// more requests: so it works, and is at nobody knows which point of its work.
func awaitMoment(t *testing.T, l *load, random *rand.Rand) {
	t.Helper()
	enough := l.book.acknowledgements() + 1 + random.IntN(200)
	await(t, "requests are acknowledged", func() bool { return l.book.acknowledgements() >= enough })
	// Not a wait for something: chance itself.
	<-time.After(time.Duration(random.IntN(50_000)) * time.Microsecond)
}

// killAll ends a PostgreSQL with all its processes. Those that are left when only
// the first is killed would still finish what they are doing.
func killAll(t *testing.T, c *pgtest.Cluster) {
	t.Helper()
	children := childrenOf(t, c.PID())
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range children {
		// Those that are gone already are as dead as the others.
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// childrenOf lists the processes that pid started, where the system has /proc.
// Elsewhere it finds none.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state parent ...", and the name may hold anything.
		_, after, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
		fields := strings.Fields(after)
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			if child, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}
