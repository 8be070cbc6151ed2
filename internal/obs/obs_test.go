package obs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/agenttrace/agenttrace/internal/obs"
)

func TestLoggerDropsWhatIsBelowItsLevel(t *testing.T) {
	var out bytes.Buffer
	log, err := obs.NewLogger(&out, "warn", "json")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Warn("loud", "n", 1)
	var line struct {
		Msg string
		N   int
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Msg != "loud" || line.N != 1 {
		t.Errorf("logged %q (%v), want the warning alone", &out, err)
	}
}

func TestLoggerRefusesUnknownLevelAndFormat(t *testing.T) {
	for _, tt := range [][2]string{{"loud", "text"}, {"info", "xml"}, {"", "text"}, {"info", ""}} {
		if _, err := obs.NewLogger(io.Discard, tt[0], tt[1]); err == nil {
			t.Errorf("level %q and format %q are accepted", tt[0], tt[1])
		}
	}
}

func TestLinkedVersionWins(t *testing.T) {
	if got := obs.ReadBuild("v1.2.3"); got.Version != "v1.2.3" || got.Go == "" {
		t.Errorf("got %+v", got)
	}
	if got := obs.ReadBuild(""); got.Version == "" {
		t.Errorf("got %+v, want some version", got)
	}
	b := obs.Build{Version: "v1", Commit: "abc", Go: "go1"}
	if got, want := b.String(), "agenttrace v1 (commit abc) go1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMetricsSayWhatIsRunning(t *testing.T) {
	registry := obs.NewRegistry(obs.Build{Version: "v1", Commit: "abc", Go: "go1"})
	page := metrics(registry)
	for _, want := range []string{`agenttrace_build_info{commit="abc",go="go1",version="v1"} 1`, "go_goroutines", "process_"} {
		if !strings.Contains(page, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// metrics returns the page that Prometheus would read.
func metrics(r *prometheus.Registry) string {
	answer := httptest.NewRecorder()
	obs.MetricsHandler(r, slog.New(slog.DiscardHandler)).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return answer.Body.String()
}

// clock tells a second more each time.
func clock() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

func TestRequestsAreCountedByRouteAndCode(t *testing.T) {
	for _, tt := range []struct {
		name, path  string
		handle      http.HandlerFunc
		route, code string
	}{
		{"nothing written", "/known", func(http.ResponseWriter, *http.Request) {}, "/known", "200"},
		{"body alone", "/known", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x") }, "/known", "200"},
		{"status", "/known", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); w.WriteHeader(500) }, "/known", "404"},
		{"after an informational status", "/known", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(400) }, "/known", "400"},
		{"unknown path", "/" + strings.Repeat("x", 100), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "other", "404"},
		{"gRPC status in headers", "/known", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Grpc-Status", "14") }, "/known", "unavailable"},
		{"gRPC status in trailers", "/known", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		}, "/known", "ok"},
		{"gRPC status that is none", "/known", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Grpc-Status", "99") }, "/known", "unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			requests := obs.NewRequests(registry, slog.New(slog.DiscardHandler), clock(), []string{"/known"})
			requests.Wrap(tt.handle).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, tt.path, nil))
			page := metrics(registry)
			if want := fmt.Sprintf("agenttrace_http_requests_total{code=%q,route=%q} 1\n", tt.code, tt.route); !strings.Contains(page, want) {
				t.Errorf("metrics lack %s:\n%s", want, page)
			}
			if want := fmt.Sprintf("agenttrace_http_request_seconds_sum{route=%q} 1\n", tt.route); !strings.Contains(page, want) {
				t.Errorf("metrics lack %s:\n%s", want, page)
			}
		})
	}
}

func TestRequestThatPanicsIsCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	requests := obs.NewRequests(registry, slog.New(slog.DiscardHandler), clock(), nil)
	h := requests.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}()
	page := metrics(registry)
	for _, want := range []string{`agenttrace_http_requests_total{code="200",route="other"} 1`, "agenttrace_http_requests_in_flight 0"} {
		if !strings.Contains(page, want) {
			t.Errorf("metrics lack %s:\n%s", want, page)
		}
	}
}

func TestObservedAnswersCanStillStream(t *testing.T) {
	requests := obs.NewRequests(prometheus.NewRegistry(), slog.New(slog.DiscardHandler), time.Now, nil)
	released := make(chan struct{})
	server := httptest.NewServer(requests.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		if _, ok := w.(http.Flusher); !ok {
			t.Error("not a Flusher")
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-released
	})))
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.ReadFull(answer.Body, make([]byte, len("first"))); err != nil {
		t.Error(err)
	}
	close(released)
}

func BenchmarkRequest(b *testing.B) {
	requests := obs.NewRequests(prometheus.NewRegistry(), slog.New(slog.DiscardHandler), time.Now, []string{"/v1/traces"})
	h := requests.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r, w := httptest.NewRequest(http.MethodPost, "/v1/traces", nil), httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}
