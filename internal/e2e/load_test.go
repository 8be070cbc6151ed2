package e2e_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// load is several senders that keep a server busy, and what they were told.
type load struct {
	target  func() string // base URL of the server as it is now
	project string
	book    *ledger
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// startLoad starts senders, each with a connection of its own, half of them over
// gRPC. They send until finish.
func startLoad(t *testing.T, target func() string, senders int, random *rand.Rand) *load {
	t.Helper()
	sending, stop := context.WithCancel(t.Context())
	l := &load{target: target, project: "load", book: newLedger(), stop: stop}
	doors := protobufDoors()
	for i := range senders {
		one := &sender{load: l, door: doors[i%len(doors)], client: newClient(t), random: rand.New(rand.NewPCG(random.Uint64(), random.Uint64()))}
		l.wg.Go(func() { one.run(t, sending) })
	}
	t.Cleanup(func() { stop(); l.wg.Wait() })
	return l
}

// finish lets each sender end what it is sending, and returns what was sent.
func (l *load) finish() *ledger {
	l.stop()
	l.wg.Wait()
	return l.book
}

// sender is a process that emits spans. Its traces grow over several requests.
type sender struct {
	load   *load
	door   door
	client *http.Client
	random *rand.Rand
	open   []*growing
}

// growing is a trace of which not every span has been sent.
type growing struct {
	id    []byte
	start time.Time
	root  []byte // id of its root, which is sent first
	spans int
	// split traces have spans on both sides of the last midnight.
	split bool
}

func (s *sender) run(t *testing.T, sending context.Context) {
	for sending.Err() == nil {
		message := s.request()
		s.load.book.sent(message)
		if s.deliver(t, sending, encode(t, message)) {
			s.load.book.acknowledged(message)
		}
	}
}

// deliver repeats the same bytes until they are acknowledged, as exporters do.
// As they do too, it sometimes goes away before the answer, and sometimes gives
// up: then nothing is known.
func (s *sender) deliver(t *testing.T, sending context.Context, body []byte) bool {
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		timeout := patience
		if s.random.IntN(20) == 0 {
			timeout = time.Duration(s.random.IntN(10_000)) * time.Microsecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		a := s.door.send(ctx, s.client, s.load.target(), s.load.project, body)
		cancel()
		switch {
		case a.acknowledged && a.rejected == 0:
			return true
		case !a.again:
			t.Errorf("%s: an answer that makes a sender drop its spans: %d rejected, %s %v", s.door.name, a.rejected, a.message, a.err)
			return false
		}
		if sending.Err() != nil || s.random.IntN(50) == 0 {
			return false
		}
		select {
		case <-time.After(wait):
		case <-sending.Done():
		}
	}
}

// request makes spans of one to three traces.
func (s *sender) request() *coltracepb.ExportTraceServiceRequest {
	var spans []*tracepb.Span
	for range 1 + s.random.IntN(3) {
		if len(s.open) < 3 {
			s.open = append(s.open, s.newTrace())
		}
		i := s.random.IntN(len(s.open))
		for range 1 + s.random.IntN(10) {
			spans = append(spans, s.span(s.open[i]))
		}
		if s.open[i].spans > 30 {
			s.open = append(s.open[:i], s.open[i+1:]...)
		}
	}
	return requestOf(spans...)
}

// requestOf wraps spans in a message.
func requestOf(spans ...*tracepb.Span) *coltracepb.ExportTraceServiceRequest {
	return &coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", "load")}},
		ScopeSpans: []*tracepb.ScopeSpans{{Scope: &commonpb.InstrumentationScope{Name: "e2e"}, Spans: spans}},
	}}}
}

// newTrace begins a trace so long ago that its spans, which start and take up to a
// second each, have ended: what is asked about all until now finds them.
func (s *sender) newTrace() *growing {
	g := &growing{id: s.newID(16), root: s.newID(8), start: time.Now().Add(-2 * time.Second), split: s.random.IntN(8) == 0}
	if g.split {
		g.start = g.start.UTC().Truncate(24 * time.Hour)
	}
	return g
}

// span makes the next span of a trace: the root, then calls of models and tools
// below it, some of which fail.
func (s *sender) span(g *growing) *tracepb.Span {
	start := g.start.Add(time.Duration(s.random.IntN(1e9)))
	if g.split && s.random.IntN(2) == 0 {
		start = g.start.Add(-time.Duration(1 + s.random.IntN(1e9)))
	}
	span := &tracepb.Span{
		TraceId: g.id, SpanId: s.newID(8), ParentSpanId: g.root, Kind: tracepb.Span_SPAN_KIND_INTERNAL, Name: "find_parcel",
		StartTimeUnixNano: uint64(start.UnixNano()), EndTimeUnixNano: uint64(start.UnixNano()) + s.random.Uint64N(1e9),
		Attributes: []*commonpb.KeyValue{text("openinference.span.kind", "TOOL"), text("tool.name", "find_parcel")},
	}
	switch {
	case g.spans == 0:
		span.SpanId, span.ParentSpanId, span.Name = g.root, nil, "Support_Agent.run"
		span.Attributes = []*commonpb.KeyValue{text("openinference.span.kind", "AGENT"), text("agno.agent.id", "support")}
	case s.random.IntN(2) == 0:
		span.Name = "OpenAIChat.invoke"
		span.Attributes = []*commonpb.KeyValue{
			text("openinference.span.kind", "LLM"), text("llm.model_name", "gpt-4o-mini"), number("llm.token_count.prompt", s.random.Int64N(1000)),
			text("input.value", strings.Repeat(fmt.Sprintf("The same conversation %x, again. ", g.id), s.random.IntN(30))),
		}
	case s.random.IntN(10) == 0:
		span.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "no such parcel"}
	}
	g.spans++
	return span
}

// encode is for any goroutine.
func encode(t *testing.T, message proto.Message) []byte {
	body, err := proto.Marshal(message)
	if err != nil {
		t.Errorf("encode: %v", err)
	}
	return body
}

// newSender returns a maker of spans that does not send by itself.
func newSender(a, b uint64) *sender {
	return &sender{random: rand.New(rand.NewPCG(a, b))}
}

// newID makes an id that is not zero.
func (s *sender) newID(length int) []byte {
	id := make([]byte, 0, length)
	for len(id) < length {
		id = binary.BigEndian.AppendUint64(id, s.random.Uint64()|1)
	}
	return id
}

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}}
}
