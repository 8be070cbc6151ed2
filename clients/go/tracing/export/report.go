package export

import (
	"context"
	"log/slog"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"
)

// reportEvery is how often the same thing is said again at most.
const reportEvery = time.Minute

// Event is what a [Report] is about.
type Event string

// Events that are reported.
const (
	// BackendAway: spans cannot be delivered for now; they are kept.
	BackendAway Event = "backend away"
	// BackendBack: spans are delivered again.
	BackendBack Event = "backend back"
	// SpansDropped: there was no room for spans, or no time left.
	SpansDropped Event = "spans dropped"
	// SpansRejected: the backend refused spans for good.
	SpansRejected Event = "spans rejected"
	// DiskFailing: files cannot be written, read or removed.
	DiskFailing Event = "disk failing"
	// SpansAdopted: files of a process that ended will be delivered.
	SpansAdopted Event = "spans adopted"
)

// Report is something that a person should know.
type Report struct {
	Event Event
	// Spans is how many spans it is about, since the last report of the same event.
	Spans int64
	// Err is the reason, where there is one; a [*Fault] when it came from the backend.
	Err error
	// Stats is where the spans were at that time.
	Stats Stats
}

// reporter logs, and calls OnReport. It belongs to the loop's goroutine.
type reporter struct {
	ctx         context.Context // for handlers of the logger that look into it
	queue       *queue
	destination string
	log         *slog.Logger
	call        func(Report)

	next        map[string]time.Time // by what is said, when it may be said again
	awaySince   time.Time            // zero while the backend is there
	toldAway    bool                 // somebody was told that it is not
	told        int64                // dropped spans that were reported
	unsaid      int64                // rejected spans that were not
	lastRefusal *Fault
}

func newReporter(ctx context.Context, q *queue, destination string, o Options) *reporter {
	return &reporter{ctx: ctx, queue: q, destination: destination, log: o.Log, call: o.OnReport, next: map[string]time.Time{}}
}

// may reports whether it is time to say something again.
func (r *reporter) may(what string, now time.Time) bool {
	if now.Before(r.next[what]) {
		return false
	}
	r.next[what] = now.Add(reportEvery)
	return true
}

// say logs a report and passes it on.
func (r *reporter) say(level slog.Level, text string, report Report, attributes ...slog.Attr) {
	report.Stats = r.queue.look()
	attributes = append(attributes, slog.String("backend", r.destination))
	if report.Err != nil {
		attributes = append(attributes, slog.String("error", report.Err.Error()))
	}
	attributes = append(attributes, slog.Int64("held", report.Stats.Held), slog.Int64("on_disk", report.Stats.Spilled),
		slog.Int64("delivered", report.Stats.Delivered), slog.Int64("rejected", report.Stats.Rejected), slog.Int64("dropped", report.Stats.Dropped.Total()))
	r.log.LogAttrs(r.ctx, level, text, attributes...)
	if r.call != nil {
		r.call(report)
	}
}

// away says why the backend cannot be reached: at once when the reason is a new
// one, else now and then.
func (r *reporter) away(fault *Fault, now time.Time) {
	if r.awaySince.IsZero() {
		r.awaySince = now
	}
	if !r.may("away "+fault.Kind.String()+fault.Advice, now) {
		return
	}
	r.toldAway = true
	level := slog.LevelWarn
	if fault.Kind == Misconfigured {
		level = slog.LevelError
	}
	r.say(level, "tracing: spans cannot be delivered; they are kept and tried again", Report{Event: BackendAway, Err: fault})
}

// back says that the backend is there, if anybody was told that it was not.
func (r *reporter) back(now time.Time) {
	since := r.awaySince
	r.awaySince = time.Time{}
	if !r.toldAway {
		return
	}
	r.toldAway = false
	r.say(slog.LevelInfo, "tracing: spans are delivered again", Report{Event: BackendBack}, slog.Duration("after", now.Sub(since)))
}

// dropped says how many spans were given up since it was last said.
func (r *reporter) dropped(now time.Time) {
	total := r.queue.look().Dropped.Total()
	if total == r.told || !r.may("dropped", now) {
		return
	}
	r.sayDropped(total)
}

func (r *reporter) sayDropped(total int64) {
	spans := total - r.told
	r.told = total
	r.say(slog.LevelWarn, "tracing: spans are dropped", Report{Event: SpansDropped, Spans: spans}, slog.Int64("spans", spans))
}

// rejected says what the backend refused.
func (r *reporter) rejected(fault *Fault, spans int64, now time.Time) {
	if spans == 0 && fault.Message == "" {
		return
	}
	r.unsaid += spans
	r.lastRefusal = fault
	if r.may("rejected", now) {
		r.sayRejected()
	}
}

func (r *reporter) sayRejected() {
	spans := r.unsaid
	r.unsaid = 0
	r.say(slog.LevelWarn, "tracing: the backend rejected spans", Report{Event: SpansRejected, Spans: spans, Err: r.lastRefusal}, slog.Int64("spans", spans))
}

// disk says that files make trouble.
func (r *reporter) disk(err error, now time.Time) {
	if r.may("disk", now) {
		r.say(slog.LevelWarn, "tracing: spans cannot wait on disk as they should; memory is used instead", Report{Event: DiskFailing, Err: err})
	}
}

// adopted says what was found of processes that ended.
func (r *reporter) adopted(found spill.Found, now time.Time) {
	if found.Files == 0 && found.Torn == 0 {
		return
	}
	if r.may("adopted", now) {
		r.say(slog.LevelInfo, "tracing: spans of a process that ended will be delivered",
			Report{Event: SpansAdopted, Spans: int64(found.Spans)}, slog.Int("spans", found.Spans), slog.Int("torn_files", found.Torn))
	}
}

// last says at the end what was held back.
func (r *reporter) last() {
	if total := r.queue.look().Dropped.Total(); total > r.told {
		r.sayDropped(total)
	}
	if r.unsaid > 0 {
		r.sayRejected()
	}
}
