package export

import (
	"testing"
	"time"
)

// A span may end at any step of the loop. Between refreshDue and ready nothing
// has noted since when it waits.
func TestASpanThatEndsWhileTheLoopLooksIsNotDue(t *testing.T) {
	l := &loop{queue: newQueue(Options{MaxQueueSize: 10}), o: Options{ScheduleDelay: time.Second}}
	now := time.Now()
	l.refreshDue(now)
	ended := level{spans: 1}
	if l.ready(ended, now) {
		t.Error("a span that nobody has seen waiting is due")
	}
	l.queue.n = 1
	l.refreshDue(now)
	if l.ready(ended, now.Add(time.Second-1)) || !l.ready(ended, now.Add(time.Second)) {
		t.Error("it is not due a ScheduleDelay later")
	}
}
