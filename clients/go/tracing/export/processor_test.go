package export_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
)

func TestSpansAreSentWhenTheirTimeHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(backend)
		p := start(t, b, export.Options{ScheduleDelay: 3 * time.Second})
		begun := time.Now()
		end(p, "s", 10)
		synctest.Wait()
		mustBe(t, "requests at once", len(b.requests()), 0)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		mustBe(t, "requests", fmt.Sprint(b.sizes()), "[10]")
		mustBe(t, "time of the request", b.requests()[0].Sub(begun), 3*time.Second)
		stop(t, p, time.Second)
		mustBe(t, "closed", b.closed, true)
	})
}

// A span that ends while a request is under way waits for its own time, not for that of
// the spans before it.
func TestSpansThatKeepEndingShareRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: func(context.Context, []string) error {
			time.Sleep(30 * time.Millisecond)
			return nil
		}}
		p := start(t, b, export.Options{ScheduleDelay: time.Second})
		for i := range 500 {
			p.OnEnd(named(fmt.Sprint(i)))
			time.Sleep(10 * time.Millisecond)
		}
		stop(t, p, time.Second)
		mustBe(t, "spans", b.has(), 500)
		if n := len(b.requests()); n > 6 {
			t.Errorf("500 spans in 5 s took %d requests, of %v: want one a second", n, b.sizes())
		}
	})
}

func TestFullBatchIsSentAtOnce(t *testing.T) {
	for name, o := range map[string]export.Options{
		"by count": {MaxExportBatchSize: 10},
		"by bytes": {MaxExportBatchBytes: 10 * 1000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := new(backend)
				o.ScheduleDelay = time.Hour
				p := start(t, b, o)
				for range 10 {
					p.OnEnd(named(strings.Repeat("n", 240))) // 1008 bytes by estimate
				}
				synctest.Wait()
				mustBe(t, "spans taken", p.Stats().Delivered >= 9, true)
				stop(t, p, time.Second)
			})
		})
	}
}

func TestWithoutBatchesSpansAreSentAtOnceAndAsynchronously(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(backend)
		p := start(t, b, export.Options{NoBatch: true, ScheduleDelay: time.Hour})
		for i := range 5 {
			p.OnEnd(named(fmt.Sprint(i)))
			synctest.Wait()
		}
		mustBe(t, "requests", fmt.Sprint(b.sizes()), "[1 1 1 1 1]")
		stop(t, p, time.Second)
	})
}

func TestNewestIsDroppedAndCountedWhenMemoryIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: hang}
		p := start(t, b, export.Options{MaxQueueSize: 100, MaxExportBatchSize: 10})
		end(p, "kept", 100)
		end(p, "lost", 30)
		synctest.Wait()
		mustBe(t, "dropped", p.Stats().Dropped, export.Dropped{QueueFull: 30})
		b.become(nil)
		stats := stop(t, p, time.Minute)
		mustBe(t, "delivered", stats.Delivered, 100)
		for name := range b.taken {
			if !strings.HasPrefix(name, "kept") {
				t.Errorf("%s was delivered", name)
			}
		}
	})
}

func TestMemoryIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: hang}
		p := start(t, b, export.Options{MaxQueueBytes: 1 << 20})
		large := tracetest.SpanStubFromReadOnlySpan(named("large"))
		large.Attributes = []attribute.KeyValue{attribute.String("input.value", strings.Repeat("x", 100_000))}
		for range 15 {
			p.OnEnd(large.Snapshot())
		}
		end(p, "small", 10)
		mustBe(t, "dropped", p.Stats().Dropped, export.Dropped{QueueBytes: 5})
		if held := p.Stats().HeldBytes; held > 1<<20 || held < 1_000_000 {
			t.Errorf("%d bytes are held", held)
		}
		b.become(nil)
		mustBe(t, "delivered", stop(t, p, time.Minute).Delivered, 20)
	})
}

func TestEveryKindOfValueCounts(t *testing.T) {
	const size = 40_000
	text := strings.Repeat("x", size)
	for name, value := range map[string]attribute.Value{
		"string":  attribute.StringValue(text),
		"strings": attribute.StringSliceValue([]string{text[:size/2], text[size/2:]}),
		"bytes":   attribute.ByteSliceValue([]byte(text)),
		"bools":   attribute.BoolSliceValue(make([]bool, size)),
		"ints":    attribute.Int64SliceValue(make([]int64, size/8)),
		"doubles": attribute.Float64SliceValue(make([]float64, size/8)),
		"list":    attribute.SliceValue(attribute.SliceValue(attribute.StringValue(text))),
		"map":     attribute.MapValue(attribute.Map("a", attribute.String("b", text))),
	} {
		for _, place := range []string{"span", "event", "link"} {
			t.Run(name+" of a "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := start(t, new(backend), export.Options{ScheduleDelay: time.Hour})
					stub := tracetest.SpanStubFromReadOnlySpan(named("x"))
					attributes := []attribute.KeyValue{{Key: "k", Value: value}}
					switch place {
					case "span":
						stub.Attributes = attributes
					case "event":
						stub.Events = []sdktrace.Event{{Attributes: attributes}}
					case "link":
						stub.Links = []sdktrace.Link{{Attributes: attributes}}
					}
					p.OnEnd(stub.Snapshot())
					if got := p.Stats().HeldBytes; got < size || got > size+2000 {
						t.Errorf("%d bytes, want at least the %d of the value and little more", got, size)
					}
					stop(t, p, time.Second)
				})
			})
		}
	}
}

func TestWhatTheBackendDoesDecides(t *testing.T) {
	tooMany := func(_ context.Context, names []string) error {
		if len(names) > 3 {
			return &export.Fault{Kind: export.TooLarge}
		}
		return nil
	}
	poisoned := func(_ context.Context, names []string) error {
		if len(names) > 1 || names[0] == "sa00" {
			return &export.Fault{Kind: export.TooLarge}
		}
		return nil
	}
	times := func(n int, err error) func(context.Context, []string) error {
		return func(context.Context, []string) error {
			if n--; n >= 0 {
				return err
			}
			return nil
		}
	}
	for name, test := range map[string]struct {
		answer              func(context.Context, []string) error
		delivered, rejected int64
		requests            int64
	}{
		"takes it":                 {answer: nil, delivered: 20, requests: 1},
		"refuses":                  {answer: always(refused), rejected: 20, requests: 1},
		"takes a part":             {answer: always(&export.Fault{Kind: export.Partial, Rejected: 3}), delivered: 17, rejected: 3, requests: 1},
		"rejects more than came":   {answer: always(&export.Fault{Kind: export.Partial, Rejected: 100}), rejected: 20, requests: 1},
		"takes it with a remark":   {answer: always(&export.Fault{Kind: export.Partial, Message: "deprecated"}), delivered: 20, requests: 1},
		"wants less at once":       {answer: tooMany, delivered: 20, requests: 15},
		"wants one span never":     {answer: poisoned, delivered: 19, rejected: 1, requests: 39},
		"is away for a while":      {answer: times(7, down), delivered: 20, requests: 8},
		"fails for a while":        {answer: times(4, &export.Fault{Kind: export.Doubtful}), delivered: 20, requests: 5},
		"fails always":             {answer: always(&export.Fault{Kind: export.Doubtful}), rejected: 20, requests: 5},
		"is unknown for a while":   {answer: times(3, &export.Fault{Kind: export.Misconfigured}), delivered: 20, requests: 4},
		"returns some other error": {answer: times(3, errors.New("oops")), delivered: 20, requests: 4},
		"panics":                   {answer: func(context.Context, []string) error { panic("oops") }, rejected: 20, requests: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &backend{answer: test.answer}
				p := start(t, b, export.Options{})
				end(p, "s", 20)
				time.Sleep(time.Hour)
				stats := stop(t, p, time.Second)
				mustBe(t, "delivered", stats.Delivered, test.delivered)
				mustBe(t, "rejected", stats.Rejected, test.rejected)
				mustBe(t, "requests", stats.Requests, test.requests)
			})
		})
	}
}

func TestWaitsDoubleUpToALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: always(down)}
		p := start(t, b, export.Options{RetryMin: time.Second, RetryMax: 8 * time.Second})
		end(p, "s", 1)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		asked := b.requests()
		for i, most := range []time.Duration{1, 2, 4, 8, 8, 8, 8, 8} {
			most *= time.Second
			if wait := asked[i+1].Sub(asked[i]); wait < most/2 || wait > most {
				t.Errorf("wait %d was %v, want between %v and %v", i, wait, most/2, most)
			}
		}
		b.become(nil)
		stop(t, p, time.Minute)
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: always(&export.Fault{Kind: export.Away, RetryAfter: 90 * time.Second})}
		p := start(t, b, export.Options{})
		end(p, "s", 1)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		for i, at := range b.requests()[1:] {
			if wait := at.Sub(b.requests()[i]); wait < 90*time.Second {
				t.Errorf("asked again after %v", wait)
			}
		}
		b.become(nil)
		stop(t, p, time.Minute)
	})
}

func TestRequestThatTakesTooLongIsHalved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, names []string) error {
			select {
			case <-time.After(time.Duration(len(names)) * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		b := &backend{answer: slow}
		p := start(t, b, export.Options{ExportTimeout: 10 * time.Second})
		for i := range 32 {
			p.OnEnd(named(fmt.Sprint(i) + strings.Repeat("x", 20_000)))
		}
		time.Sleep(time.Hour)
		mustBe(t, "delivered", stop(t, p, time.Second).Delivered, 32)
		mustBe(t, "requests", fmt.Sprint(b.sizes()), "[8 8 8 8]")
	})
}

func TestSpansThatAreNotSampledAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := start(t, new(backend), export.Options{})
		stub := tracetest.SpanStub{Name: "x", SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}})}
		p.OnEnd(stub.Snapshot())
		p.OnEnd(nil)
		p.OnStart(t.Context(), nil)
		mustBe(t, "ended", stop(t, p, time.Second).Ended, 0)
	})
}

func TestOptionsThatMakeNoSenseAreNamed(t *testing.T) {
	for name, o := range map[string]export.Options{
		"MaxQueueSize": {MaxQueueSize: -1}, "MaxQueueBytes": {MaxQueueBytes: -1}, "MaxExportBatchSize": {MaxExportBatchSize: -1},
		"MaxExportBatchBytes": {MaxExportBatchBytes: -1}, "ScheduleDelay": {ScheduleDelay: -1}, "ExportTimeout": {ExportTimeout: -1},
		"RetryMin": {RetryMin: -1}, "RetryMax": {RetryMax: -1}, "MaxSpillBytes": {MaxSpillBytes: -1},
	} {
		if _, err := export.New(t.Context(), new(backend), o); err == nil || !strings.Contains(err.Error(), name+" is -1") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := export.New(t.Context(), nil, export.Options{}); err == nil {
		t.Error("no error without a sender")
	}
	if _, err := export.NewFor(t.Context(), nil, export.Options{}); err == nil {
		t.Error("no error without an exporter")
	}
	if _, err := export.NewFor(t.Context(), tracetest.NewInMemoryExporter(), export.Options{SpillDir: "x"}); err == nil || !strings.Contains(err.Error(), "SpillDir") {
		t.Errorf("error %v, want one about SpillDir", err)
	}
}

// exporter is one of the SDK.
type exporter struct {
	tracetest.InMemoryExporter
	err error
}

func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if e.err != nil {
		return e.err
	}
	return e.InMemoryExporter.ExportSpans(ctx, spans)
}

func TestExporterOfTheSDKIsQueuedTheSameWay(t *testing.T) {
	for name, test := range map[string]struct {
		err                 error
		delivered, rejected int64
	}{
		"works": {nil, 25, 0},
		"fails": {errors.New("it tried for a minute"), 0, 25},
		"says":  {&export.Fault{Kind: export.Partial, Rejected: 5}, 10, 15},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &exporter{err: test.err}
				p, err := export.NewFor(t.Context(), e, export.Options{MaxExportBatchSize: 10, Log: new(logs).logger()})
				if err != nil {
					t.Fatal(err)
				}
				end(p, "s", 25)
				stats := stop(t, p, time.Second)
				mustBe(t, "delivered", stats.Delivered, test.delivered)
				mustBe(t, "rejected", stats.Rejected, test.rejected)
			})
		})
	}
}

func TestSeveralExportersGetTheSameIDs(t *testing.T) {
	a, b := tracetest.NewInMemoryExporter(), tracetest.NewInMemoryExporter()
	var options []sdktrace.TracerProviderOption
	for _, e := range []*tracetest.InMemoryExporter{a, b} {
		p, err := export.NewFor(t.Context(), e, export.Options{})
		if err != nil {
			t.Fatal(err)
		}
		options = append(options, sdktrace.WithSpanProcessor(p))
	}
	provider := sdktrace.NewTracerProvider(options...)
	_, span := provider.Tracer("t").Start(t.Context(), "s")
	span.End()
	if err := provider.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	gotA, gotB := a.GetSpans(), b.GetSpans()
	if len(gotA) != 1 || len(gotB) != 1 || !gotA[0].SpanContext.Equal(gotB[0].SpanContext) {
		t.Errorf("one has %v, the other %v", gotA, gotB)
	}
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}
