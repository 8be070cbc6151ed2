package ingest

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// window is which start times are sensible. It is computed once for each
// request, so that all its spans are judged by the same clock reading.
type window struct {
	past, future     time.Duration
	earliest, latest int64
}

func (c *Config) window() window {
	now := c.Now().UnixNano()
	w := window{past: c.MaxPast, future: c.MaxFuture, earliest: math.MinInt64, latest: math.MaxInt64}
	if c.MaxPast >= 0 {
		w.earliest = now - int64(c.MaxPast)
	}
	if c.MaxFuture >= 0 && int64(c.MaxFuture) < math.MaxInt64-now {
		w.latest = now + int64(c.MaxFuture)
	}
	return w
}

// split returns the places of the records inside the window, and a rejection
// for each of the others.
func (w *window) split(records []model.Record, m *Metrics) (inside []int, rejected []Rejection) {
	inside = make([]int, 0, len(records))
	for i := range records {
		start := records[i].Span.StartNano
		switch {
		case start < w.earliest:
			m.rejected.WithLabelValues(reasonTooOld).Inc()
			rejected = append(rejected, Rejection{i, fmt.Sprintf(
				"start_time %s is older than the %s this server accepts", timestamp(start), length(w.past))})
		case start > w.latest:
			m.rejected.WithLabelValues(reasonInFuture).Inc()
			rejected = append(rejected, Rejection{i, fmt.Sprintf(
				"start_time %s is more than %s in the future", timestamp(start), length(w.future))})
		default:
			inside = append(inside, i)
		}
	}
	return inside, rejected
}

func timestamp(nano int64) string {
	return time.Unix(0, nano).UTC().Format(time.RFC3339Nano)
}

// length writes a bound as people would say it.
func length(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d > day && d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + " days"
	case d > time.Hour && d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + " hours"
	default:
		return d.String()
	}
}
