package export_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
)

func TestOutageIsReportedOnceAMinuteWithAdvice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := &export.Fault{Kind: export.Misconfigured, Message: "HTTP 401", Advice: "check the token"}
		b := &backend{answer: always(fault)}
		var heard logs
		var reports []export.Report
		p := start(t, b, export.Options{Log: heard.logger(), RetryMax: time.Second, OnReport: func(r export.Report) { reports = append(reports, r) }})
		end(p, "s", 5)
		time.Sleep(30 * time.Second)
		text := heard.String()
		mustBe(t, "lines", strings.Count(text, "\n"), 1)
		for _, part := range []string{"level=ERROR", "HTTP 401: check the token", "held=5", "backend=backend"} {
			if !strings.Contains(text, part) {
				t.Errorf("no %q in %s", part, text)
			}
		}
		b.become(nil)
		time.Sleep(5 * time.Second)
		stop(t, p, time.Second)
		mustBe(t, "lines at the end", strings.Count(heard.String(), "\n"), 2)
		if len(reports) != 2 || reports[0].Event != export.BackendAway || reports[1].Event != export.BackendBack || reports[1].Stats.Delivered != 0 {
			t.Fatalf("reports %+v", reports)
		}
		if got, ok := errors.AsType[*export.Fault](reports[0].Err); !ok || got != fault {
			t.Errorf("error %v", reports[0].Err)
		}
	})
}

func TestAnotherReasonIsReportedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard logs
		b := &backend{answer: always(down)}
		p := start(t, b, export.Options{Log: heard.logger(), RetryMax: time.Second})
		end(p, "s", 5)
		time.Sleep(5 * time.Second)
		b.become(always(&export.Fault{Kind: export.Misconfigured, Message: "HTTP 404", Advice: "another path"}))
		time.Sleep(5 * time.Second)
		mustBe(t, "lines", strings.Count(heard.String(), "\n"), 2)
		b.become(nil)
		stop(t, p, time.Minute)
	})
}

func TestLossesAreReportedInFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sum := map[export.Event]int64{}
		calls := map[export.Event]int{}
		slow := func(context.Context, []string) error {
			time.Sleep(time.Second) // none is answered while others are still ending
			return refused
		}
		p := start(t, &backend{answer: slow}, export.Options{
			MaxQueueSize: 10, MaxExportBatchSize: 10,
			OnReport: func(r export.Report) {
				sum[r.Event] += r.Spans
				calls[r.Event]++
			},
		})
		for range 30 {
			end(p, "s", 15)
			time.Sleep(2 * time.Second)
		}
		s := stop(t, p, time.Second)
		mustBe(t, "rejected", s.Rejected, 300)
		mustBe(t, "dropped", s.Dropped, export.Dropped{QueueFull: 150})
		mustBe(t, "rejected by reports", sum[export.SpansRejected], s.Rejected)
		mustBe(t, "dropped by reports", sum[export.SpansDropped], s.Dropped.Total())
		if calls[export.SpansRejected] > 3 || calls[export.SpansDropped] > 3 {
			t.Errorf("%v reports in a minute", calls)
		}
	})
}
