package agenttrace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// breaking tails a log of spans over connections that break. A cursor is how many
// spans of the log lie before it. Each connection cuts what is left of the log
// anew into groups, and groups into messages, as servers do that read more of it
// at once.
type breaking struct {
	agenttracev1connect.UnimplementedTailServiceHandler
	mu     sync.Mutex
	spans  int
	limits []int // how many messages each connection sends before it breaks
	how    []int // it breaks
	random *rand.Rand
	since  []string // what was asked for
}

// connection is what one connection does.
type connection struct {
	limit, how int
	messages   []*agenttrace.TailSpansResponse
}

func (b *breaking) connect(since string) connection {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since = append(b.since, since)
	n := len(b.since) - 1
	c := connection{limit: 1 << 30}
	if n < len(b.limits) {
		c.limit, c.how = b.limits[n], b.how[n]
	}
	at, _ := strconv.Atoi(since)
	c.messages = []*agenttrace.TailSpansResponse{{
		Event: &agenttrace.TailSpansResponse_Heartbeat{Heartbeat: &agenttrace.Heartbeat{}}, Cursor: strconv.Itoa(at),
	}}
	for at < b.spans {
		end := min(b.spans, at+1+b.random.IntN(6)) // of the group
		for at < end {
			m := new(agenttrace.SpanBatch)
			for last := min(end, at+1+b.random.IntN(3)); at < last; at++ {
				m.Spans = append(m.Spans, numbered(at))
			}
			c.messages = append(c.messages, &agenttrace.TailSpansResponse{Event: &agenttrace.TailSpansResponse_Batch{Batch: m}})
		}
		c.messages[len(c.messages)-1].Cursor = strconv.Itoa(end)
	}
	return c
}

func numbered(n int) *agenttrace.Span {
	return &agenttrace.Span{TraceId: fmt.Sprintf("%032x", n/4), SpanId: fmt.Sprintf("%016x", n), StartTime: timestamppb.New(time.Unix(int64(n), 0))}
}

func (b *breaking) TailSpans(_ context.Context, r *agenttrace.TailSpansRequest, s *connect.ServerStream[agenttrace.TailSpansResponse]) error {
	c := b.connect(r.GetSince())
	for i, m := range c.messages {
		if i == c.limit {
			return breakOff(c.how)
		}
		if err := s.Send(m); err != nil {
			return err
		}
	}
	return failure(connect.CodeFailedPrecondition, "the test is over")
}

// breakOff ends a tail in one of the ways in which tails end.
func breakOff(how int) error {
	switch how {
	case 0:
		return failure(connect.CodeUnavailable, "the server is stopping")
	case 1:
		return nil
	}
	panic(http.ErrAbortHandler) // the connection breaks
}

func TestATailLosesAndRepeatsNothingOverConnectionsThatBreak(t *testing.T) {
	var now *breaking // the server of the check
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		services{tails: now}.handler().ServeHTTP(w, r)
	}))
	clients := []*agenttrace.Client{
		newClient(t, url), newClient(t, url, agenttrace.WithGRPC()), newClient(t, url, agenttrace.WithGRPCWeb()),
	}
	rapid.Check(t, func(r *rapid.T) {
		now = &breaking{
			spans:  rapid.IntRange(0, 30).Draw(r, "spans"),
			limits: rapid.SliceOfN(rapid.IntRange(1, 12), 0, 6).Draw(r, "limits"),
			how:    rapid.SliceOfN(rapid.IntRange(0, 2), 6, 6).Draw(r, "how"),
			random: rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1)),
		}
		client := rapid.SampledFrom(clients).Draw(r, "client")
		var got, want []string
		for n := range now.spans {
			want = append(want, numbered(n).SpanId)
		}
		var end error
		for event, err := range client.TailSpans(t.Context(), nil) {
			if end = err; err == nil {
				for _, span := range event.Items {
					got = append(got, span.GetSpanId())
				}
			}
		}
		if agenttrace.CodeOf(end) != agenttrace.CodeFailedPrecondition {
			r.Fatalf("the tail ended with %v", end)
		}
		if !slices.Equal(got, want) {
			r.Fatalf("got  %q\nwant %q\nasked for %q", got, want, now.since)
		}
	})
}

// scripted is a tail whose connections send what is written down.
type scripted struct {
	agenttracev1connect.UnimplementedTailServiceHandler
	connections []func(s *connect.ServerStream[agenttrace.TailTracesResponse]) error
	since       recorder[string]
}

func (s *scripted) TailTraces(_ context.Context, r *agenttrace.TailTracesRequest, stream *connect.ServerStream[agenttrace.TailTracesResponse]) error {
	s.since.add(r.GetSince())
	n := len(s.since.seen())
	if n > len(s.connections) {
		return failure(connect.CodeFailedPrecondition, "the test is over")
	}
	return s.connections[n-1](stream)
}

// sends returns a connection that sends messages and ends with an error.
func sends(err error, messages ...*agenttrace.TailTracesResponse) func(*connect.ServerStream[agenttrace.TailTracesResponse]) error {
	return func(s *connect.ServerStream[agenttrace.TailTracesResponse]) error {
		for _, m := range messages {
			if err := s.Send(m); err != nil {
				return err
			}
		}
		return err
	}
}

func beat(cursor string) *agenttrace.TailTracesResponse {
	return &agenttrace.TailTracesResponse{Event: &agenttrace.TailTracesResponse_Heartbeat{Heartbeat: &agenttrace.Heartbeat{}}, Cursor: cursor}
}

func dropped(spans int64, cursor string) *agenttrace.TailTracesResponse {
	return &agenttrace.TailTracesResponse{Event: &agenttrace.TailTracesResponse_Dropped{Dropped: &agenttrace.Dropped{Spans: spans}}, Cursor: cursor}
}

func batch(cursor string, traces ...*agenttrace.Trace) *agenttrace.TailTracesResponse {
	return &agenttrace.TailTracesResponse{Event: &agenttrace.TailTracesResponse_Batch{Batch: &agenttrace.TraceBatch{Traces: traces}}, Cursor: cursor}
}

func trace(id string, spans int64) *agenttrace.Trace {
	return &agenttrace.Trace{TraceId: id, SpanCount: spans}
}

// told is what a tail says, in a line for each event.
func told(t *testing.T, s *scripted, req *agenttrace.TailTracesRequest, options ...agenttrace.TailOption) (lines []string, end error) {
	t.Helper()
	client := newClient(t, serve(t, services{tails: s}.handler()))
	for event, err := range client.TailTraces(t.Context(), req, options...) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, lineOf(event))
	}
	return lines, nil
}

func lineOf(event *agenttrace.TailEvent[*agenttrace.Trace]) string {
	var line string
	switch {
	case event.Heartbeat != nil:
		line = "beat"
	case event.Dropped != nil:
		line = fmt.Sprintf("dropped %d", event.Dropped.GetSpans())
	case event.Interrupted != nil:
		line = fmt.Sprintf("interrupted %d %v", event.Interrupted.Attempt, agenttrace.CodeOf(event.Interrupted.Err))
		if event.Interrupted.Lost {
			line += " lost"
		}
	}
	for _, trace := range event.Items {
		line += fmt.Sprintf("%s:%d ", trace.GetTraceId(), trace.GetSpanCount())
	}
	return line + "@" + event.Cursor
}

func TestATailTellsOfEverythingThatHappens(t *testing.T) {
	s := &scripted{connections: []func(*connect.ServerStream[agenttrace.TailTracesResponse]) error{
		sends(away, beat("1"), batch("2", trace("a", 1)), dropped(7, "9"), batch("", trace("b", 1), trace("c", 1))),
		sends(away, beat("9"), batch("", trace("b", 1)), batch("10", trace("c", 2))), // c has grown meanwhile
		sends(away),
		sends(away, beat("10"), batch("11", trace("a", 2))),
	}}
	got, end := told(t, s, nil)
	want := []string{
		"beat@1", "a:1 @2", "dropped 7@9", "b:1 c:1 @", "interrupted 1 unavailable@",
		"beat@9", "c:2 @10", "interrupted 1 unavailable@",
		"interrupted 2 unavailable@",
		"beat@10", "a:2 @11", "interrupted 1 unavailable@",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if agenttrace.CodeOf(end) != agenttrace.CodeFailedPrecondition {
		t.Errorf("ended with %v", end)
	}
	if since := s.since.seen(); !slices.Equal(since, []string{"", "9", "10", "10", "11"}) {
		t.Errorf("went on from %q", since)
	}
}

// A batch of which all was delivered before tells its cursor all the same.
func TestACursorIsToldEvenOfWhatCameBefore(t *testing.T) {
	s := &scripted{connections: []func(*connect.ServerStream[agenttrace.TailTracesResponse]) error{
		sends(away, beat("1"), batch("", trace("a", 1)), batch("", trace("b", 1))),
		sends(away, beat("1"), batch("", trace("a", 1)), batch("2", trace("b", 1))),
	}}
	got, _ := told(t, s, &agenttrace.TailTracesRequest{Since: "1"})
	want := []string{"beat@1", "a:1 @", "b:1 @", "interrupted 1 unavailable@", "beat@1", "@2", "interrupted 1 unavailable@"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestAnExpiredCursor(t *testing.T) {
	expired := failure(connect.CodeOutOfRange, "gone", info("CURSOR_EXPIRED", nil))
	connections := []func(*connect.ServerStream[agenttrace.TailTracesResponse]) error{
		sends(expired), sends(nil, beat("20"), batch("", trace("a", 1))),
	}
	from := &agenttrace.TailTracesRequest{Since: "3"}
	_, end := told(t, &scripted{connections: connections}, from)
	if _, ok := errors.AsType[*agenttrace.CursorExpiredError](end); !ok {
		t.Errorf("ended with %v", end)
	}
	s := &scripted{connections: connections}
	got, _ := told(t, s, from, agenttrace.TailPastExpiry())
	want := []string{"interrupted 1 out_of_range lost@", "beat@20", "a:1 @", "interrupted 1 unavailable@"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if since := s.since.seen(); !slices.Equal(since, []string{"3", "", "20"}) {
		t.Errorf("went on from %q", since)
	}
}

func TestATailThatCannotBeginEnds(t *testing.T) {
	s := &scripted{connections: slices.Repeat([]func(*connect.ServerStream[agenttrace.TailTracesResponse]) error{sends(away)}, 100)}
	client := newClient(t, serve(t, services{tails: s}.handler()), agenttrace.WithRetries(2))
	var end error
	for _, err := range client.TailTraces(t.Context(), nil) {
		end = err
	}
	if !agenttrace.IsUnavailable(end) || len(s.since.seen()) != 3 {
		t.Errorf("ended with %v after %d attempts", end, len(s.since.seen()))
	}
}

func TestATailGivesUpWhereItIsTold(t *testing.T) {
	connections := slices.Repeat([]func(*connect.ServerStream[agenttrace.TailTracesResponse]) error{sends(away)}, 100)
	connections[0] = sends(nil, beat("1"))
	for attempts := range 3 {
		s := &scripted{connections: connections}
		_, end := told(t, s, nil, agenttrace.TailAttempts(attempts))
		if !agenttrace.IsUnavailable(end) || len(s.since.seen()) != 1+attempts {
			t.Errorf("ended with %v after %d connections", end, len(s.since.seen()))
		}
	}
	s := &scripted{connections: connections}
	if _, end := told(t, s, nil); agenttrace.CodeOf(end) != agenttrace.CodeFailedPrecondition {
		t.Errorf("gave up untold: %v", end)
	}
}

func TestATailThatIsRefusedEnds(t *testing.T) {
	for code := connect.CodeCanceled; code <= connect.CodeUnauthenticated; code++ {
		if code == connect.CodeUnavailable {
			continue
		}
		s := &scripted{connections: []func(*connect.ServerStream[agenttrace.TailTracesResponse]) error{sends(failure(code, "no"))}}
		if _, end := told(t, s, nil); agenttrace.CodeOf(end) != code {
			t.Errorf("ended with %v, want %v", end, code)
		}
		if n := len(s.since.seen()); n != 1 {
			t.Errorf("%v: %d attempts", code, n)
		}
	}
}
