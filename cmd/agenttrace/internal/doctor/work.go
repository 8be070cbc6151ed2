package doctor

import (
	"fmt"
	"strings"
	"time"
)

// acceptance says which spans are taken, and for how long they are kept.
func (e *examination) acceptance() Finding {
	const check = "retention"
	a := e.status.GetAcceptance()
	says := "Everything is kept"
	if a.GetRetention() != nil {
		says = fmt.Sprintf("Days older than %s are removed", length(a.GetRetention().AsDuration()))
	}
	if a.GetMaxPast() == nil {
		return ok(check, says+"; spans of any age are taken.")
	}
	past := a.GetMaxPast().AsDuration()
	says += fmt.Sprintf("; spans that started up to %s ago are taken.", length(past))
	switch keep := a.GetRetention(); {
	case keep != nil && past > keep.AsDuration():
		return warning(check, says+" The oldest of them are removed again soon after.", "Set AGENTTRACE_MAX_PAST to AGENTTRACE_RETENTION at most, where the server runs.")
	case past < 24*time.Hour:
		return warning(check, says+" What an agent sends after it was offline for longer is refused.", "Set AGENTTRACE_MAX_PAST to a few days, where the server runs.")
	}
	return ok(check, says)
}

// disk is known where the database is a file of the server's own machine.
func (e *examination) disk() Finding {
	const check = "disk"
	free, total := e.status.GetDatabase().GetDiskFreeBytes(), e.status.GetDatabase().GetDiskTotalBytes()
	if total == 0 {
		return Finding{}
	}
	says := fmt.Sprintf("%s of %s are free where the database is.", size(free), size(total))
	mend := []string{"Free some space, or move the database to a larger disk.", "Let old days be removed: AGENTTRACE_RETENTION, such as 30d, where the server runs."}
	switch {
	case free < fullDisk:
		return failure(check, says+" The next spans may not fit.", mend...)
	case free < lowDisk:
		return warning(check, says, mend...)
	}
	return ok(check, says)
}

func (e *examination) ingest() Finding {
	const check = "ingest"
	in := e.status.GetIngest()
	if in == nil {
		return Finding{}
	}
	says := fmt.Sprintf("%d spans stored since the server started", in.GetStoredSpans())
	if in.GetLastCommitTime() != nil {
		says += ", the last " + e.ago(in.GetLastCommitTime().AsTime())
	}
	says += "."
	if in.GetRejectedSpans() > 0 {
		says += fmt.Sprintf(" %d were refused one by one; their senders were told why.", in.GetRejectedSpans())
	}
	failing := in.GetLastFailureTime() != nil && !in.GetLastFailureTime().AsTime().Before(in.GetLastCommitTime().AsTime())
	switch {
	case failing:
		return failure(check, says+fmt.Sprintf(" The last attempt to store some failed, %s.", e.ago(in.GetLastFailureTime().AsTime())),
			"See the server's log for \"spans not stored\". Senders keep trying: nothing is lost if it is mended soon.")
	case near(in.GetQueueSpans(), in.GetQueueSpansLimit()) || near(in.GetQueueBytes(), in.GetQueueBytesLimit()):
		return warning(check, says+fmt.Sprintf(" The queue is nearly full (%d spans, %s).", in.GetQueueSpans(), size(in.GetQueueBytes())),
			"More comes than the database stores. See docs/operations.md on batches and queue; a faster disk helps most.")
	case in.GetRefusedRequests() > 0:
		return warning(check, says+fmt.Sprintf(" %d requests came when the queue was full, and were told to come back.", in.GetRefusedRequests()),
			"At its peaks more comes than the database stores: raise AGENTTRACE_QUEUE_SPANS and AGENTTRACE_QUEUE_BYTES where the server runs.")
	}
	return ok(check, says)
}

// near reports whether four fifths are used.
func near(used, limit int64) bool { return limit > 0 && used >= limit-limit/5 }

func (e *examination) settling() Finding {
	const check = "settling"
	s := e.status.GetSettling()
	if s == nil || !e.status.GetDatabase().GetReachable() {
		return Finding{}
	}
	switch {
	case s.GetActive() && s.GetLag().AsDuration() > lateSettling:
		return warning(check, fmt.Sprintf("%d traces wait to be worked out, the first for %s too long. Costs and runs lag behind.", s.GetPendingTraces(), length(s.GetLag().AsDuration())),
			"See the server's log for \"settle\". The database may be slow, or one trace very large.")
	case s.GetActive():
		return ok(check, fmt.Sprintf("This server works out whole traces; %d wait.", s.GetPendingTraces()))
	case s.GetHolder() != "":
		return ok(check, "Another server on this database works out whole traces.")
	}
	return warning(check, "No server works out whole traces at this moment: runs, usage and cost of new traces are missing.",
		"It takes some seconds after a start. If it stays so, see the server's log for \"lease\".")
}

// ago writes how long before the server's own clock something was.
func (e *examination) ago(t time.Time) string {
	return length(e.status.GetServer().GetCurrentTime().AsTime().Sub(t)) + " ago"
}

// size writes a number of bytes.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	text := fmt.Sprintf("%.1f", value)
	if unit == 0 || value >= 100 {
		text = fmt.Sprintf("%.0f", value)
	}
	return strings.TrimSuffix(text, ".0") + " " + units[unit]
}
