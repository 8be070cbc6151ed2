package settle_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// event is what happens between two stretches of time.
type event struct {
	Kind   string
	Loop   int           // which of two
	Traces []int         // write: a span of each
	After  time.Duration // how long nothing else happens
}

func events() *rapid.Generator[[]event] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event {
		return event{
			Kind:   rapid.SampledFrom([]string{"write", "write", "write", "write", "crash", "stop", "pause", "fail", "cut"}).Draw(t, "kind"),
			Loop:   rapid.IntRange(0, 1).Draw(t, "loop"),
			Traces: rapid.SliceOfN(rapid.IntRange(0, 7), 1, 6).Draw(t, "traces"),
			After:  rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, 70 * time.Millisecond, time.Second, 7 * time.Second}).Draw(t, "time"),
		}
	}), 1, 40)
}

// TestWhateverHappensEveryTraceSettlesInTheEnd lets two loops be killed, stopped,
// paused and cut off from the store at any moment while spans are written.
func TestWhateverHappensEveryTraceSettlesInTheEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		script := events().Draw(rt, "events")
		config := settle.Config{
			Quiet:      rapid.SampledFrom([]time.Duration{time.Millisecond, 2 * time.Second, 10 * time.Second}).Draw(rt, "quiet"),
			AtMost:     15 * time.Second,
			MaxPending: rapid.SampledFrom([]int{1, 3, 1000}).Draw(rt, "pending"),
		}
		slow := time.Duration(rapid.SampledFrom([]int{1, 20, 120}).Draw(rt, "slow")) * time.Millisecond
		d := newDatabase()
		synctest.Test(t, func(t *testing.T) { play(&stage{database: d, t: t, config: config, slow: slow}, script) })
		d.checkSettled(rt, perToken(1))
		for i, term := range d.terms {
			if i > 0 && term < d.terms[i-1] {
				rt.Errorf("something was stored under lease %d behind lease %d", term, d.terms[i-1])
			}
		}
	})
}

// stage is a database with two loops.
type stage struct {
	*database
	t        *testing.T
	config   settle.Config
	slow     time.Duration // of each call, for each letter of its name
	loops    [2]*running
	troubles [2]trouble
	written  int
}

// trouble is what a loop has with its store.
type trouble struct{ paused, away time.Time } // until then

func play(s *stage, script []event) {
	for i := range s.loops {
		s.begin(i)
	}
	for _, e := range script {
		s.happens(e)
		time.Sleep(e.After)
	}
	time.Sleep(2 * time.Minute)
	// A loop that was paused while it saved the cursor may have put it back, which
	// is no harm. It moves on with the next change.
	s.happens(event{Kind: "write", Traces: []int{0, 1}})
	time.Sleep(time.Minute)
	for _, r := range s.loops {
		r.end()
	}
}

// begin starts a loop. Each of its calls takes a while.
func (s *stage) begin(i int) {
	on := s.connect()
	on.before = func(ctx context.Context, call string) error {
		time.Sleep(time.Duration(len(call)) * s.slow)
		// Without a look at ctx, like a process that is paused.
		time.Sleep(time.Until(s.trouble(i).paused))
		if time.Now().Before(s.trouble(i).away) {
			return repo.ErrUnavailable
		}
		return nil
	}
	s.loops[i] = run(s.t, on, s.config)
}

func (s *stage) trouble(i int) trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.troubles[i]
}

// bother gives a loop trouble.
func (s *stage) bother(i int, t trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubles[i] = t
}

func (s *stage) happens(e event) {
	switch e.Kind {
	case "write":
		var all []model.Record
		for _, trace := range e.Traces {
			// Of each trace, some spans are on the next day.
			n := s.written
			if n%3 == 2 {
				n += 3600
			}
			r := recordOf(span(trace, n))
			r.Span.Project = fmt.Sprint("project ", trace%2)
			all = append(all, r)
			s.written++
		}
		s.write(all...)
	case "crash":
		s.loops[e.Loop].crash()
		s.begin(e.Loop)
	case "stop":
		s.loops[e.Loop].end()
		s.begin(e.Loop)
	case "pause":
		s.bother(e.Loop, trouble{paused: time.Now().Add(10 * time.Second)})
	case "fail":
		s.bother(e.Loop, trouble{away: time.Now().Add(3 * time.Second)})
	case "cut":
		s.cut()
	}
}

// cut cuts the log off where everything before has settled, as far as the
// database can tell.
func (s *stage) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.floor < len(s.entries) {
		c := s.entries[s.floor]
		for _, id := range c.TraceIDs {
			if !s.traces[traceKey{c.Project, id}].isSettled() {
				return
			}
		}
		s.floor++
	}
}
