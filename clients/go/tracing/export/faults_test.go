package export_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
	"github.com/agenttrace/agenttrace/clients/go/tracing/export/otlp"
)

// collector is a server on a real socket, with something wrong until it is
// mended. It notes which spans it has stored, and how many requests came.
type collector struct {
	mu     sync.Mutex
	broken http.HandlerFunc // nil when nothing is wrong
	stored map[string]int
	calls  int
	came   chan struct{} // a token when a request came
	quit   chan struct{}
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	broken := c.broken
	c.calls++
	c.mu.Unlock()
	select {
	case c.came <- struct{}{}:
	default:
	}
	if broken != nil {
		broken(w, r)
		return
	}
	c.store(r)
}

func (c *collector) store(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range namesIn(body) {
		c.stored[name]++
	}
}

func (c *collector) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = nil
}

func (c *collector) has() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.stored)
}

// runCollector serves on an address of its own.
func runCollector(t *testing.T) (*collector, string) {
	t.Helper()
	c := &collector{stored: map[string]int{}, came: make(chan struct{}, 1), quit: make(chan struct{})}
	server := httptest.NewServer(c)
	t.Cleanup(func() {
		close(c.quit)
		server.Close()
	})
	return c, server.URL
}

// faults are what can be wrong with a server.
func faults(c *collector) map[string]http.HandlerFunc {
	answer := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	return map[string]http.HandlerFunc{
		"hanging": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-r.Context().Done():
			case <-c.quit:
			}
		},
		"dying before it reads": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"dying after it stored": func(_ http.ResponseWriter, r *http.Request) {
			c.store(r)
			panic(http.ErrAbortHandler)
		},
		"dying in its answer": func(w http.ResponseWriter, r *http.Request) {
			c.store(r)
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		},
		"answering 401": answer(401),
		"answering 403": answer(403),
		"answering 404": answer(404),
		"answering 429": answer(429, "Retry-After", "0"),
		"answering 503": answer(503),
		"answering 502": answer(502),
	}
}

// quick are options that make a test with real sockets fast.
var quick = export.Options{
	MaxQueueSize: 1000, MaxExportBatchSize: 50, ScheduleDelay: time.Millisecond,
	ExportTimeout: 200 * time.Millisecond, RetryMin: time.Millisecond, RetryMax: 5 * time.Millisecond,
}

// TestServerInTrouble has an agent that ends spans while its server is in
// trouble, and a server that recovers: everything accepted is delivered, whatever
// the trouble was, from memory and from disk.
func TestServerInTrouble(t *testing.T) {
	model, _ := runCollector(t)
	for name := range faults(model) {
		for _, spill := range []bool{false, true} {
			t.Run(name+map[bool]string{false: ", memory", true: ", disk"}[spill], func(t *testing.T) {
				t.Parallel()
				c, url := runCollector(t)
				c.broken = faults(c)[name]
				o := quick
				if spill {
					o.SpillDir = t.TempDir()
				}
				p := start(t, sendTo(t, otlp.Config{Endpoint: url}), o)
				end(p, "during ", 500)
				for range 3 { // it has failed for sure
					<-c.came
				}
				end(p, "later ", 400)
				mustAddUp(t, p.Stats())
				c.mend()
				end(p, "after ", 100)
				s := stop(t, p, time.Minute)
				mustBe(t, "dropped or rejected", s.Dropped.Total()+s.Rejected, 0)
				if spill && s.Spilled > 0 { // at the end nobody waits for files
					p = start(t, sendTo(t, otlp.Config{Endpoint: url}), o)
					s2 := waitFor(t, p, func(s export.Stats) bool { return s.Adopted == s.Delivered && s.Adopted > 0 })
					mustBe(t, "adopted", s2.Adopted, s.Spilled)
					stop(t, p, time.Minute)
				} else {
					mustBe(t, "delivered", s.Delivered, 1000)
				}
				mustBe(t, "different spans stored", c.has(), 1000)
			})
		}
	}
}

// waitFor flushes until a processor's counts are as they should be.
func waitFor(t *testing.T, p *export.Processor, enough func(export.Stats) bool) export.Stats {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if s := p.Stats(); enough(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %+v", p.Stats())
		}
	}
}

func TestServerThatRefusesIsNotAskedAgain(t *testing.T) {
	c, url := runCollector(t)
	c.broken = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }
	p := start(t, sendTo(t, otlp.Config{Endpoint: url}), quick)
	end(p, "s", 50)
	if err := p.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.mend()
	end(p, "t", 50)
	s := stop(t, p, time.Minute)
	mustBe(t, "rejected", s.Rejected, 50)
	mustBe(t, "delivered", s.Delivered, 50)
	mustBe(t, "stored", c.has(), 50)
}

func TestServerThatTakesLittleAtOnceGetsLittle(t *testing.T) {
	c, url := runCollector(t)
	c.broken = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(body) > 1000 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.store(r)
	}
	p := start(t, sendTo(t, otlp.Config{Endpoint: url}), quick)
	end(p, "s", 200)
	p.OnEnd(named(strings.Repeat("huge", 1000)))
	s := stop(t, p, time.Minute)
	mustBe(t, "rejected", s.Rejected, 1)
	mustBe(t, "delivered", s.Delivered, 200)
	mustBe(t, "stored", c.has(), 200)
}

func TestPartialSuccessIsCountedBySpan(t *testing.T) {
	c, url := runCollector(t)
	c.broken = func(w http.ResponseWriter, r *http.Request) {
		c.store(r)
		answer, err := proto.Marshal(&coltracepb.ExportTraceServiceResponse{PartialSuccess: &coltracepb.ExportTracePartialSuccess{RejectedSpans: 4, ErrorMessage: "too old"}})
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(answer)
	}
	var heard logs
	o := quick
	o.Log = heard.logger()
	p := start(t, sendTo(t, otlp.Config{Endpoint: url}), o)
	end(p, "s", 50)
	s := stop(t, p, time.Minute)
	mustBe(t, "rejected", s.Rejected, 4*s.Requests)
	mustBe(t, "delivered", s.Delivered, 50-4*s.Requests)
	if !strings.Contains(heard.String(), "too old") {
		t.Errorf("the log does not say why: %s", heard.String())
	}
}

// TestServerThatIsNotThereYet starts listening on an address after spans have
// ended: nothing is lost, and one line tells what to do.
func TestServerThatIsNotThereYet(t *testing.T) {
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := reserved.Addr().String()
	reserved.Close()
	var heard logs
	o := quick
	o.Log = heard.logger()
	p := start(t, sendTo(t, otlp.Config{Endpoint: "http://" + address}), o)
	end(p, "s", 100)
	waitFor(t, p, func(s export.Stats) bool { return s.Failures >= 5 })

	c := &collector{stored: map[string]int{}, came: make(chan struct{}, 1)}
	late, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(c)
	server.Listener.Close()
	server.Listener = late
	server.Start()
	defer server.Close()
	mustBe(t, "delivered", stop(t, p, time.Minute).Delivered, 100)
	if text := heard.String(); strings.Count(text, "cannot be delivered") != 1 || !strings.Contains(text, "start the backend") || !strings.Contains(text, "delivered again") {
		t.Errorf("the log: %s", text)
	}
}
