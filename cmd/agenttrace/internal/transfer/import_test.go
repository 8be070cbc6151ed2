package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	tracev1 "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// taker is a server that takes messages.
type taker struct {
	mu     sync.Mutex
	got    map[string]int // spans
	sizes  []int
	busy   int
	most   int // messages at once
	answer func(n int) (rejected int64, why string, err error)
	calls  int
}

func (s *taker) send(ctx context.Context, data []byte) (int64, string, error) {
	s.mu.Lock()
	s.calls++
	n := s.calls
	s.busy++
	s.most = max(s.most, s.busy)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.busy--
		s.mu.Unlock()
	}()
	select {
	case <-time.After(10 * time.Millisecond):
	case <-ctx.Done():
		return 0, "", ctx.Err()
	}
	if s.answer != nil {
		if rejected, why, err := s.answer(n); err != nil || rejected > 0 {
			return rejected, why, err
		}
	}
	var m tracev1.TracesData
	if err := proto.Unmarshal(data, &m); err != nil {
		return 0, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, len(data))
	if s.got == nil {
		s.got = map[string]int{}
	}
	for _, rs := range m.GetResourceSpans() {
		for _, span := range rs.GetScopeSpans()[0].GetSpans() {
			s.got[fmt.Sprintf("%x/%x", span.GetTraceId()[0], span.GetSpanId()[0])]++
		}
	}
	return 0, "", nil
}

func (s *taker) into() *Import {
	return &Import{gather: 8192, largest: 16384, Send: s.send, Passing: func(err error) (bool, time.Duration) { return errors.Is(err, errGone), 0 }}
}

// many yields n pieces of about size bytes.
func many(n, size int) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		for i := range n {
			p := Piece{ResourceSpans: piece(byte(i+1), 1, int64(i)+1, strings.Repeat("n", size)), Spans: 1, Position: fmt.Sprint(i + 1), Traces: 1}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func TestEverySpanIsSentOnceInMessagesWithinTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &taker{}
		done, err := s.into().Run(t.Context(), many(100, 1000))
		if err != nil || done.Spans != 100 || done.Traces != 100 || len(s.got) != 100 {
			t.Fatalf("%+v, %d spans arrived, %v", done, len(s.got), err)
		}
		for _, size := range s.sizes {
			if size > 8192+20 || len(s.sizes) > 20 {
				t.Errorf("%d messages, one of %d bytes", len(s.sizes), size)
			}
		}
		if s.most < 2 || s.most > inFlight {
			t.Errorf("%d messages at once, want 2 to %d", s.most, inFlight)
		}
	})
}

func TestOneLargePieceIsDividedAndASpanThatIsTooLargeIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &tracev1.ResourceSpans{ScopeSpans: []*tracev1.ScopeSpans{{}}}
		for n := range 20_000 {
			m.ScopeSpans[0].Spans = append(m.ScopeSpans[0].Spans, &tracev1.Span{TraceId: bytes.Repeat([]byte{1}, 16), SpanId: []byte{byte(n), byte(n >> 8)}, StartTimeUnixNano: 1})
		}
		large, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		pieces := func(yield func(Piece, error) bool) {
			_ = yield(Piece{ResourceSpans: large}, nil) && yield(Piece{ResourceSpans: piece(2, 1, 1, strings.Repeat("x", 5<<20))}, nil)
		}
		s := &taker{}
		x := s.into()
		x.gather, x.largest = messageBytes, 5<<20
		done, err := x.Run(t.Context(), pieces)
		if err != nil || done.Spans != 20_000 || done.Rejected != 1 || len(done.Reasons) != 1 || len(s.sizes) != 3 {
			t.Errorf("%+v in %d messages, %v", done, len(s.sizes), err)
		}
	})
}

func TestABusyServerIsWaitedForAndOneThatStaysAwayIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &taker{answer: func(n int) (int64, string, error) {
			if n%3 != 0 {
				return 0, "", errGone
			}
			return 0, "", nil
		}}
		if done, err := s.into().Run(t.Context(), many(50, 1000)); err != nil || done.Spans != 50 || len(s.got) != 50 {
			t.Errorf("%+v, %v", done, err)
		}
		away := &taker{answer: func(int) (int64, string, error) { return 0, "", errGone }}
		begun := time.Now()
		if _, err := away.into().Run(t.Context(), many(50, 1000)); !errors.Is(err, errGone) {
			t.Error(err)
		}
		if waited := time.Since(begun); waited < patience || waited > 2*patience {
			t.Errorf("waited %v for a server that is away, want about %v", waited, patience)
		}
	})
}

func TestWhatTheServerRefusesIsCountedWithItsReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &taker{answer: func(int) (int64, string, error) { return 2, "too old", nil }}
		done, err := s.into().Run(t.Context(), many(1, 10))
		if err != nil || done.Rejected != 2 || len(done.Reasons) != 1 || done.Reasons[0] != "too old" {
			t.Errorf("%+v, %v", done, err)
		}
		broken := errors.New("malformed")
		s = &taker{answer: func(int) (int64, string, error) { return 0, "", broken }}
		if _, err := s.into().Run(t.Context(), many(50, 1000)); !errors.Is(err, broken) || s.calls > 2*inFlight {
			t.Errorf("%v after %d calls", err, s.calls)
		}
	})
}

// A position is remembered only when everything before it has been taken, and an
// import that goes on there completes what is missing.
func TestAnImportThatWasInterruptedGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		w, err := otlpfile.NewWriter(&file, otlpfile.Format{Zstd: true})
		if err != nil {
			t.Fatal(err)
		}
		for p := range many(60, 1000) {
			if err := w.Write(p.ResourceSpans); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "state")
		s := &taker{}
		for runs := 1; ; runs++ {
			memory, err := OpenMemory(path, "here", time.Now)
			if err != nil {
				t.Fatal(err)
			}
			position, done := memory.At("file", 5)
			if done || runs > 100 {
				t.Fatal(position, done, runs)
			}
			var calls atomic.Int64
			fatal := errors.New("killed")
			s.answer = func(int) (int64, string, error) {
				if calls.Add(1) > 2 {
					return 0, "", fatal
				}
				return 0, "", nil
			}
			x := s.into()
			x.Remember = func(at string) error { position = at; return memory.Put("file", 5, at, false) }
			pieces, err := FromFile(bytes.NewReader(file.Bytes()), position)
			if err != nil {
				t.Fatal(err)
			}
			_, err = x.Run(t.Context(), pieces)
			if saveErr := memory.Save(); saveErr != nil {
				t.Fatal(saveErr)
			}
			if err == nil {
				if err := memory.Put("file", 5, position, true); err != nil || runs < 3 || position != "60" {
					t.Error(err, runs, position)
				}
				break
			}
			if !errors.Is(err, fatal) {
				t.Fatal(err)
			}
		}
		if len(s.got) != 60 {
			t.Errorf("%d spans arrived, want 60", len(s.got))
		}
		for target, want := range map[string]bool{"here": true, "elsewhere": false} {
			memory, err := OpenMemory(path, target, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			if _, done := memory.At("file", 5); done != want {
				t.Errorf("done at %s: %v", target, done)
			}
			if _, done := memory.At("file", 6); done {
				t.Error("another file of that name is done")
			}
		}
	})
}

func TestWhatComesBeforeADamageIsSentAndADryRunSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		damaged := append(tracesData(piece(1, 1, 1, "n"), piece(2, 1, 2, "n")), 0x12, 0)
		s := &taker{}
		pieces, err := FromFile(bytes.NewReader(damaged), "")
		if err != nil {
			t.Fatal(err)
		}
		var where *otlpfile.Error
		if done, err := s.into().Run(t.Context(), pieces); !errors.As(err, &where) || done.Spans != 2 || len(s.got) != 2 {
			t.Errorf("%+v, %v", done, err)
		}
		dry := &taker{}
		x := dry.into()
		x.DryRun = true
		if done, err := x.Run(t.Context(), many(10, 10)); err != nil || done.Spans != 10 || dry.calls != 0 {
			t.Errorf("%+v, %v, %d calls", done, err, dry.calls)
		}
	})
}

func TestAnImportEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &taker{answer: func(n int) (int64, string, error) {
			if n == 3 {
				cancel()
			}
			return 0, "", errGone
		}}
		if _, err := s.into().Run(ctx, many(1000, 1000)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
