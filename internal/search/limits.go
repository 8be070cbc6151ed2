package search

import (
	"fmt"
	"runtime"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Defaults of [Limits], which fill its zero fields.
const (
	DefaultMaxTraces     = 100_000
	DefaultMaxBytes      = 4 << 30
	DefaultMaxTraceBytes = 32 << 20
	DefaultMaxTraceSpans = 50_000
	DefaultMaxSeries     = 1000
	DefaultMaxPoints     = 100_000
)

// Limits bounds what one query may cost. The zero value of each field is its
// default; exceeding one is a [*TooBroad].
type Limits struct {
	MaxRange      time.Duration // of the time that is searched; 0 for any
	MaxTraces     int64         // candidates whose spans are read
	MaxBytes      int64         // of content, decompressed
	MaxTraceBytes int64         // of the content of one trace, decompressed
	MaxTraceSpans int64         // in one trace
	MaxSeries     int           // in an answer to a metrics query
	MaxPoints     int64         // in an answer to a metrics query: series times steps

	// Workers is how many traces are decided at once; default: one for each
	// processor, at most 4.
	Workers int
}

// WithDefaults returns l with its zero fields filled.
func (l Limits) WithDefaults() Limits {
	l.MaxTraces = orDefault(l.MaxTraces, DefaultMaxTraces)
	l.MaxBytes = orDefault(l.MaxBytes, DefaultMaxBytes)
	l.MaxTraceBytes = orDefault(l.MaxTraceBytes, DefaultMaxTraceBytes)
	l.MaxTraceSpans = orDefault(l.MaxTraceSpans, DefaultMaxTraceSpans)
	l.MaxSeries = orDefault(l.MaxSeries, DefaultMaxSeries)
	l.MaxPoints = orDefault(l.MaxPoints, DefaultMaxPoints)
	l.Workers = orDefault(l.Workers, min(runtime.GOMAXPROCS(0), 4))
	return l
}

// orDefault returns n, or the default where n is not a usable bound.
func orDefault[T int | int64](n, otherwise T) T {
	if n <= 0 {
		return otherwise
	}
	return n
}

// The flags that set the limits, without their dashes.
const (
	FlagMaxRange      = "max-query-range"
	FlagMaxTraces     = "max-query-traces"
	FlagMaxBytes      = "max-query-bytes"
	FlagMaxSeries     = "max-query-series"
	FlagMaxPoints     = "max-query-points"
	FlagMaxTraceBytes = "max-trace-bytes"
	FlagMaxTraceSpans = "max-trace-spans"
)

// TooBroad says that a query would cost more than a limit allows.
type TooBroad struct {
	Limit  string // the flag that sets it, without dashes
	Most   int64  // what it allows; of a time range, in nanoseconds
	Advice string // how to ask for less
}

// Error implements error.
func (e *TooBroad) Error() string {
	most := fmt.Sprint(e.Most)
	if e.Limit == FlagMaxRange {
		most = time.Duration(e.Most).String()
	}
	return fmt.Sprintf("the query costs more than --%s allows (%s): %s", e.Limit, most, e.Advice)
}

// traceTooLarge says that a trace cannot be decided, and how to leave it out:
// a store does either without reading any of its spans.
func traceTooLarge(id model.TraceID, flag string, most int64) *TooBroad {
	condition := fmt.Sprintf("trace:id != %q", id)
	if flag == FlagMaxTraceSpans {
		condition = fmt.Sprintf("trace:spanCount <= %d", most)
	}
	return &TooBroad{Limit: flag, Most: most, Advice: fmt.Sprintf(
		"trace %s alone is larger; leave it out by the time range or by a condition such as %s", id, condition)}
}

func (l Limits) tooManyTraces() *TooBroad {
	return &TooBroad{Limit: FlagMaxTraces, Most: l.MaxTraces,
		Advice: "ask for a shorter time range, or add a condition that few traces fulfil, such as one on session:id, agent:id or tool:name"}
}

func (l Limits) tooManyBytes() *TooBroad {
	return &TooBroad{Limit: FlagMaxBytes, Most: l.MaxBytes,
		Advice: "ask for a shorter time range, or add a condition that needs no content, such as one on session:id, agent:id, type or tool:name"}
}

func (l Limits) tooManySeries() *TooBroad {
	return &TooBroad{Limit: FlagMaxSeries, Most: int64(l.MaxSeries),
		Advice: "group by fields with fewer values, or select fewer spans"}
}

func (l Limits) tooManyPoints() *TooBroad {
	return &TooBroad{Limit: FlagMaxPoints, Most: l.MaxPoints,
		Advice: "ask for longer steps or a shorter time range, or group by fields with fewer values"}
}
