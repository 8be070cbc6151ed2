package export

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"
)

// Defaults of [Options]. Those of OpenTelemetry (2,048 spans, 512 to a request,
// every 5 seconds, no limit in bytes) suit spans of a few hundred bytes; a span of
// a model call has the whole conversation in it.
const (
	// DefaultMaxQueueSize is four times OpenTelemetry's: an agent's spans come in
	// bursts, and it is MaxQueueBytes that bounds memory.
	DefaultMaxQueueSize = 8192
	// DefaultMaxQueueBytes is 64 MiB.
	DefaultMaxQueueBytes = 64 << 20
	// DefaultMaxExportBatchSize is OpenTelemetry's.
	DefaultMaxExportBatchSize = 512
	// DefaultMaxExportBatchBytes is 3 MiB: agenttrace takes 64 MiB, but 4 MiB is what
	// gRPC servers take unless told otherwise.
	DefaultMaxExportBatchBytes = 3 << 20
	// DefaultScheduleDelay is a second: people watch agents at work.
	DefaultScheduleDelay = time.Second
	// DefaultExportTimeout is OpenTelemetry's.
	DefaultExportTimeout = 10 * time.Second
	// DefaultRetryMin and DefaultRetryMax bound the wait between two attempts.
	DefaultRetryMin = 250 * time.Millisecond
	DefaultRetryMax = 30 * time.Second
	// DefaultMaxSpillBytes is 256 MiB.
	DefaultMaxSpillBytes = 256 << 20
)

// Options bound and shape the way of spans to a backend. The zero value is ready
// for use: every field that is zero has the default of its name.
type Options struct {
	// MaxQueueSize is how many spans are held in memory at most, those of requests
	// that are under way included.
	MaxQueueSize int
	// MaxQueueBytes is how much memory these spans may take, by estimate. Encoded
	// requests come on top: at most two of MaxExportBatchBytes.
	MaxQueueBytes int
	// MaxExportBatchSize is how many spans go into one request at most. When so many
	// wait they are sent at once. Lowered to MaxQueueSize where that is less.
	MaxExportBatchSize int
	// MaxExportBatchBytes is how large a request gets at most, by estimate and before
	// compression. A larger span goes alone.
	MaxExportBatchBytes int
	// ScheduleDelay is how long a span waits at most for others to share its request.
	ScheduleDelay time.Duration
	// NoBatch sends what there is as soon as the backend is free, without waiting for
	// more. It is as asynchronous as the rest.
	NoBatch bool
	// ExportTimeout is how long the backend has for one request. The default is the
	// sender's wish, else ten seconds. It also bounds ForceFlush and Shutdown when
	// their context has no deadline.
	ExportTimeout time.Duration
	// RetryMin and RetryMax are the first and the longest wait after a failure.
	RetryMin time.Duration
	RetryMax time.Duration

	// SpillDir is a folder for requests that wait while the backend is away; it is
	// made when it is not there. Any number of processes may share one. Empty: spans
	// wait in memory only. What it holds is what the spans hold: it is created for
	// the user alone. Only [New] spills.
	SpillDir string
	// MaxSpillBytes is how much this processor keeps there at most, including what it
	// has adopted from processes that ended.
	MaxSpillBytes int64

	// Log gets what a person should know: the backend is away, is back, spans were
	// dropped or rejected, the disk fails. Each at its beginning and then at most
	// once a minute with counts. The default is [slog.Default]; [slog.DiscardHandler]
	// silences it.
	Log *slog.Logger
	// OnReport is called with the same, from the loop's goroutine: it should return
	// soon, and must not call ForceFlush or Shutdown.
	OnReport func(Report)

	// disk is where files go; tests put faults there.
	disk spill.Disk
}

// withDefaults fills what is zero and refuses what makes no sense.
func (o Options) withDefaults(wish time.Duration) (Options, error) {
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"MaxQueueSize", int64(o.MaxQueueSize)}, {"MaxQueueBytes", int64(o.MaxQueueBytes)},
		{"MaxExportBatchSize", int64(o.MaxExportBatchSize)}, {"MaxExportBatchBytes", int64(o.MaxExportBatchBytes)},
		{"ScheduleDelay", int64(o.ScheduleDelay)}, {"ExportTimeout", int64(o.ExportTimeout)},
		{"RetryMin", int64(o.RetryMin)}, {"RetryMax", int64(o.RetryMax)}, {"MaxSpillBytes", o.MaxSpillBytes},
	} {
		if n.value < 0 {
			return o, fmt.Errorf("export: %s is %d, want a positive value, or 0 for the default", n.name, n.value)
		}
	}
	o.MaxQueueSize = cmp.Or(o.MaxQueueSize, DefaultMaxQueueSize)
	o.MaxQueueBytes = cmp.Or(o.MaxQueueBytes, DefaultMaxQueueBytes)
	o.MaxExportBatchSize = min(cmp.Or(o.MaxExportBatchSize, DefaultMaxExportBatchSize), o.MaxQueueSize)
	o.MaxExportBatchBytes = min(cmp.Or(o.MaxExportBatchBytes, DefaultMaxExportBatchBytes), o.MaxQueueBytes)
	o.ScheduleDelay = cmp.Or(o.ScheduleDelay, DefaultScheduleDelay)
	o.ExportTimeout = cmp.Or(o.ExportTimeout, wish, DefaultExportTimeout)
	o.RetryMin = cmp.Or(o.RetryMin, DefaultRetryMin)
	o.RetryMax = max(cmp.Or(o.RetryMax, DefaultRetryMax), o.RetryMin)
	o.MaxSpillBytes = cmp.Or(o.MaxSpillBytes, DefaultMaxSpillBytes)
	o.Log = cmp.Or(o.Log, slog.Default())
	if o.disk == nil {
		o.disk = spill.OS{}
	}
	return o, nil
}
