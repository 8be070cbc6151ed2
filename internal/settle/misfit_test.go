package settle_test

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// TestTraceThatCannotSettleStopsNoOther has one among others that is wrong.
func TestTraceThatCannotSettleStopsNoOther(t *testing.T) {
	const bad = 5
	errChecksum := errors.New("checksum does not match")
	one := otlp.EncodeSpans([]*model.Span{span(bad, 0)})
	for _, tt := range []struct {
		name   string
		config settle.Config
		spoil  func(*database, *model.Span) // the database, and each span of the trace
		reason string
	}{
		{"too many spans", settle.Config{MaxTraceSpans: 5}, func(*database, *model.Span) {}, "too_large"},
		{"too many bytes", settle.Config{MaxTraceBytes: 4 << 10}, func(_ *database, s *model.Span) {
			s.Body = &model.Body{Input: model.Content{Value: string(make([]byte, 500))}}
		}, "too_large"},
		{"the prices panic", settle.Config{}, func(_ *database, s *model.Span) {
			if s.Type == model.TypeLLM {
				s.Model = "broken"
			}
		}, "damaged"},
		{"content that is not OTLP", settle.Config{}, func(d *database, _ *model.Span) {
			d.spoil(traceID(bad), wrong{damaged: []byte("not OTLP")})
		}, "damaged"},
		{"content that is not there", settle.Config{}, func(d *database, _ *model.Span) {
			d.spoil(traceID(bad), wrong{damaged: []byte{}})
		}, "damaged"},
		{"fewer spans than there should be", settle.Config{}, func(d *database, _ *model.Span) {
			d.spoil(traceID(bad), wrong{damaged: one})
		}, "damaged"},
		{"the store cannot read it", settle.Config{}, func(d *database, _ *model.Span) {
			d.spoil(traceID(bad), wrong{unreadable: errChecksum})
		}, "damaged"},
		{"the store cannot keep it", settle.Config{}, func(d *database, _ *model.Span) {
			d.spoil(traceID(bad), wrong{unstorable: repo.ErrRefused})
		}, "damaged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, lines, registry := newDatabase(), newLog(), prometheus.NewPedanticRegistry()
				tt.config.Log, tt.config.Metrics = slog.New(lines), settle.NewMetrics(registry)
				r := run(t, d.connect(), tt.config)
				for turn := range 3 {
					var all []model.Record
					for i := range 10 {
						if i != bad {
							all = append(all, records(i, turn, 1)...)
						}
					}
					for i := range 10 {
						s := span(bad, 10*turn+i)
						tt.spoil(d, s)
						all = append(all, recordOf(s))
					}
					d.write(all...)
					time.Sleep(2 * enough)
				}
				r.end()
				if d.isSettled(project, bad) {
					t.Error("the trace settled")
				}
				delete(d.traces, traceKey{project, traceID(bad)})
				d.checkSettled(t, perToken(1))
				if got := metric(t, registry, "agenttrace_settle_failures_total", tt.reason); got != 1 {
					t.Errorf("%v traces were counted as %s, want 1", got, tt.reason)
				}
				if n := lines.lines["trace does not settle"]; n != 1 {
					t.Errorf("the trace was logged %d times, want once", n)
				}
			})
		})
	}
}

func TestTraceThatIsKnownToBeTooLargeIsNotRead(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config settle.Config
		reads  int
	}{
		{"by its spans, which are known before", settle.Config{MaxTraceSpans: 9}, 0},
		{"by its bytes, which are known from the first time", settle.Config{MaxTraceBytes: 1000}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDatabase()
				r := run(t, d.connect(), tt.config)
				for i := range 5 {
					d.write(records(1, 10*i, 10)...)
					time.Sleep(enough)
				}
				r.end()
				if n := d.read[traceID(1)]; n != tt.reads {
					t.Errorf("read %d times, want %d", n, tt.reads)
				}
			})
		})
	}
}

func TestTraceThatFailedForAPassingReasonSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.spoil(traceID(1), wrong{unreadable: errors.New("no reason that is known")})
		r := run(t, d.connect(), settle.Config{})
		d.write(append(records(1, 0, 4), records(2, 0, 4)...)...)
		time.Sleep(settle.DefaultQuiet + 20*time.Millisecond)
		d.spoil(traceID(1), wrong{})
		time.Sleep(enough)
		r.end()
		d.checkSettled(t, perToken(1))
	})
}

// TestTraceThatTheStoreIsAlwaysAwayForStopsNoOther has one of which storing takes
// longer than the database allows: that looks like a database that is away, which
// it is not.
func TestTraceThatTheStoreIsAlwaysAwayForStopsNoOther(t *testing.T) {
	const bad = 5
	for name, how := range map[string]wrong{"reading": {unreadable: repo.ErrUnavailable}, "storing": {unstorable: repo.ErrUnavailable}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDatabase()
				d.spoil(traceID(bad), how)
				r := run(t, d.connect(), settle.Config{})
				for i := range 10 {
					d.write(records(i, 0, 4)...)
				}
				time.Sleep(time.Hour)
				d.write(records(11, 0, 4)...)
				time.Sleep(enough)
				r.end()
				if d.isSettled(project, bad) {
					t.Error("the trace settled")
				}
				delete(d.traces, traceKey{project, traceID(bad)})
				d.checkSettled(t, perToken(1))
			})
		})
	}
}
