package obs

import (
	"cmp"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// otherRoute stands for every path that no door has, so that a scanner cannot
// fill the registry.
const otherRoute = "other"

// Requests counts and times the requests of one handler. Create it with
// [NewRequests].
type Requests struct {
	log      *slog.Logger
	now      func() time.Time
	routes   map[string]bool
	inFlight prometheus.Gauge
	total    *prometheus.CounterVec   // by route and code
	seconds  *prometheus.HistogramVec // by route
}

// NewRequests registers the metrics of requests in r. Routes are the paths that
// get numbers of their own; all others share one.
func NewRequests(r prometheus.Registerer, log *slog.Logger, now func() time.Time, routes []string) *Requests {
	f := promauto.With(r)
	q := &Requests{
		log:    log,
		now:    now,
		routes: make(map[string]bool, len(routes)),
		inFlight: f.NewGauge(prometheus.GaugeOpts{Namespace: "agenttrace", Subsystem: "http", Name: "requests_in_flight",
			Help: "Requests being answered."}),
		total: f.NewCounterVec(prometheus.CounterOpts{Namespace: "agenttrace", Subsystem: "http", Name: "requests_total",
			Help: "Requests answered, by path and code: the gRPC status where there is one, else the HTTP status."}, []string{"route", "code"}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{Namespace: "agenttrace", Subsystem: "http", Name: "request_seconds",
			Help: "Time from the headers of a request to the end of its answer.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16)}, []string{"route"}),
	}
	for _, route := range routes {
		q.routes[route] = true
	}
	return q
}

// Wrap returns next with every request observed. It logs them at level debug:
// who needs a line for each request pays for it. What failed inside, and under
// which id its caller was told of it, is for next to log.
func (q *Requests) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := q.now()
		route := otherRoute
		if q.routes[r.URL.Path] {
			route = r.URL.Path
		}
		answer := &answer{ResponseWriter: w}
		q.inFlight.Inc()
		defer func() { // also when next panics
			q.observe(r, route, answer.code(), q.now().Sub(start))
		}()
		next.ServeHTTP(answer, r)
	})
}

func (q *Requests) observe(r *http.Request, route, code string, took time.Duration) {
	q.inFlight.Dec()
	q.total.WithLabelValues(route, code).Inc()
	q.seconds.WithLabelValues(route).Observe(took.Seconds())
	q.log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.String("code", code), slog.Duration("took", took), slog.String("remote", r.RemoteAddr))
}

// answer watches the status of a response. Embedding hides what else the
// writer can do: Flush is here because callers look for http.Flusher, the rest
// is found through Unwrap.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.status = cmp.Or(a.status, http.StatusOK)
	return a.ResponseWriter.Write(b)
}

// Flush implements http.Flusher.
func (a *answer) Flush() {
	a.status = cmp.Or(a.status, http.StatusOK)
	if f, ok := a.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// grpcCodes are the names of the gRPC status codes, by number.
var grpcCodes = [...]string{"ok", "canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists",
	"permission_denied", "resource_exhausted", "failed_precondition", "aborted", "out_of_range", "unimplemented", "internal",
	"unavailable", "data_loss", "unauthenticated"}

// code is the gRPC status that the handler left in its headers or trailers, the
// HTTP status otherwise.
func (a *answer) code() string {
	h := a.Header()
	status := cmp.Or(h.Get("Grpc-Status"), h.Get(http.TrailerPrefix+"Grpc-Status"))
	if status == "" {
		return strconv.Itoa(cmp.Or(a.status, http.StatusOK))
	}
	n, err := strconv.Atoi(strings.TrimSpace(status))
	if err != nil || n < 0 || n >= len(grpcCodes) {
		return "unknown"
	}
	return grpcCodes[n]
}
