package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path"
	"reflect"
	"slices"
	"testing"
	"time"

	atclient "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/clients/go/traceql"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
)

// goClient returns a client of a server that waits for a server to come back.
func goClient(t *testing.T, s *server, options ...atclient.Option) *atclient.Client {
	t.Helper()
	options = append([]atclient.Option{
		atclient.WithRetries(1000), atclient.WithBackoff(time.Millisecond, 50*time.Millisecond), atclient.WithTimeout(patience),
	}, options...)
	c, err := atclient.New(s.url(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// eachClient runs a test over Connect and over gRPC.
func eachClient(t *testing.T, test func(t *testing.T, protocol atclient.Option)) {
	t.Helper()
	t.Run("connect", func(t *testing.T) { test(t, atclient.WithConnect()) })
	t.Run("grpc", func(t *testing.T) { test(t, atclient.WithGRPC()) })
}

func TestTheClientReadsWhatIsStored(t *testing.T) {
	all := tell(t, 20)
	eachStore(t, func(t *testing.T, store string) {
		s := startServer(t, "--store="+store)
		for _, body := range all.bodies {
			result, err := goClient(t, s).SendTraces(t.Context(), body)
			if err != nil || result.RejectedSpans > 0 {
				t.Fatalf("sending spans: %v, %v", result, err)
			}
		}
		eachClient(t, func(t *testing.T, protocol atclient.Option) {
			client := goClient(t, s, protocol)
			all.clientLists(t, client)
			all.clientFails(t, client)
			all.clientSendsWhatItExports(t, client, goClient(t, s, protocol, atclient.WithProject("copy")))
			all.clientBreaksOff(t, s, client)
		})
		s.stop()
	})
}

// clientLists compares lists that turn many pages, streams and queries that were
// built with what was sent.
func (all told) clientLists(t *testing.T, client *atclient.Client) {
	t.Helper()
	ctx := t.Context()
	var traces, streamed, listed, spans []string
	for trace, err := range client.Traces(ctx, &atclient.ListTracesRequest{PageSize: 7}) {
		must(t, err)
		traces = append(traces, trace.GetTraceId())
	}
	for trace, err := range client.StreamTraces(ctx, nil) {
		must(t, err)
		streamed = append(streamed, trace.GetTraceId())
	}
	built := traceql.Spans(traceql.Type.Is(traceql.TypeAgent)).Descendants(traceql.Spans(traceql.Type.Is(traceql.TypeTool), traceql.Failed)).String()
	for span, err := range client.Spans(ctx, &atclient.ListSpansRequest{PageSize: 7, Query: built}) {
		must(t, err)
		listed = append(listed, span.GetSpanId())
	}
	for trace := range all.traces {
		for part, err := range client.StreamTrace(ctx, &atclient.StreamTraceRequest{TraceId: trace}) {
			must(t, err)
			for _, span := range part.GetSpans() {
				spans = append(spans, span.GetSpanId())
			}
		}
	}
	failed, _ := all.selected(t, built)
	everySpan, everyTrace := all.selected(t, traceql.Spans().String())
	same(t, "traces in pages", everyTrace, traces)
	same(t, "traces in a stream", everyTrace, streamed)
	same(t, "spans of "+built, failed, listed)
	same(t, "spans of all traces", everySpan, spans)
	all.clientSums(t, client)
}

// clientSums compares runs, sessions and usage in pages with themselves.
func (all told) clientSums(t *testing.T, client *atclient.Client) {
	t.Helper()
	ctx := t.Context()
	var runs, ofSessions, sums int64
	for _, err := range client.Runs(ctx, &atclient.ListRunsRequest{PageSize: 9}) {
		must(t, err)
		runs++
	}
	for session, err := range client.Sessions(ctx, &atclient.ListSessionsRequest{PageSize: 3}) {
		must(t, err)
		n := int64(0)
		for _, err := range client.SessionRuns(ctx, &atclient.GetSessionRequest{SessionId: session.GetSessionId(), PageSize: 2}) {
			must(t, err)
			n++
		}
		if n != session.GetRunCount() {
			t.Errorf("session %s has %d runs, and says %d", session.GetSessionId(), n, session.GetRunCount())
		}
		ofSessions += n
	}
	if runs == 0 || ofSessions == 0 || ofSessions > runs {
		t.Errorf("%d runs, of which %d are of sessions", runs, ofSessions)
	}
	// With a query, what has not settled counts, too.
	req := &atclient.QueryUsageRequest{Query: traceql.Spans().String(), PageSize: 2, GroupBy: []atclient.UsageField{atclient.UsageFieldModel, atclient.UsageFieldTool}}
	for row, err := range client.Usage(ctx, req) {
		must(t, err)
		sums += row.GetUsage().GetTotalTokens()
	}
	page, err := client.QueryUsage(ctx, req)
	must(t, err)
	if total := page.GetTotal().GetUsage().GetTotalTokens(); total == 0 || sums != total {
		t.Errorf("the rows sum up to %d tokens, the total is %d", sums, total)
	}
}

// clientFails asks what has no answer.
func (all told) clientFails(t *testing.T, client *atclient.Client) {
	t.Helper()
	_, err := client.GetTrace(t.Context(), &atclient.GetTraceRequest{TraceId: fmt.Sprintf("%032x", 1)})
	if !atclient.IsNotFound(err) {
		t.Errorf("a trace that nobody sent: %v", err)
	}
	const wrong = "{ type = tool\n  && sesion:id = \"s\" }"
	_, parse := query.Parse(wrong)
	want, _ := errors.AsType[*query.Error](parse)
	for _, err := range client.Traces(t.Context(), &atclient.ListTracesRequest{Query: wrong}) {
		got, ok := errors.AsType[*atclient.QueryError](err)
		if !ok || got.Line != want.Line || got.Column != want.Column || got.Offset != want.Offset || got.Suggestion != "session:id" {
			t.Errorf("a query that is none: %v", err)
		}
	}
	_, err = client.ListSpans(t.Context(), &atclient.ListSpansRequest{TraceId: "1"})
	if e, _ := errors.AsType[*atclient.CallError](err); !atclient.IsInvalid(err) || len(e.Violations) != 1 || e.Violations[0].Field != "trace_id" {
		t.Errorf("an id that is none: %v", err)
	}
	for _, err := range client.TailSpans(t.Context(), &atclient.TailSpansRequest{Since: "?"}) {
		if atclient.Reason(err) != atclient.ReasonCursorExpired {
			t.Errorf("a cursor of nobody: %v", err)
		}
	}
}

// clientSendsWhatItExports copies everything to another project, twice.
func (all told) clientSendsWhatItExports(t *testing.T, from, to *atclient.Client) {
	t.Helper()
	for range 2 { // the second time changes nothing
		for part, err := range from.ExportTraces(t.Context(), nil) {
			must(t, err)
			result, err := to.SendTraces(t.Context(), part.GetTracesData())
			must(t, err)
			if result.RejectedSpans > 0 {
				t.Errorf("rejected: %s", result.Message)
			}
		}
	}
	originals, copies := exported(t, from), exported(t, to)
	if len(originals) == 0 || !reflect.DeepEqual(originals, copies) {
		t.Errorf("the copies are not what was exported: %d spans of %d", len(copies), len(originals))
	}
}

// exported returns all that is known of each span, by its id.
func exported(t *testing.T, client *atclient.Client) map[string]*model.Span {
	t.Helper()
	all := map[string]*model.Span{}
	for part, err := range client.ExportTraces(t.Context(), nil) {
		must(t, err)
		spans, err := otlp.DecodeSpans("", part.GetTracesData())
		must(t, err)
		for _, span := range spans {
			if all[span.SpanID.String()] != nil {
				t.Errorf("span %s is exported twice", span.SpanID)
			}
			all[span.SpanID.String()] = span
		}
	}
	return all
}

// clientBreaksOff leaves tails, and waits until the server has noticed.
func (told) clientBreaksOff(t *testing.T, s *server, client *atclient.Client) {
	t.Helper()
	for range 3 {
		for _, err := range client.TailTraces(t.Context(), nil) {
			must(t, err)
			break
		}
	}
	await(t, "nothing but the question after metrics is under way", func() bool {
		return metric(t, s, "agenttrace_http_requests_in_flight") == 1
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestATailOutlivesItsServer kills the server, and stops it, while it is tailed
// and spans are sent to it. Each span arrives once.
func TestATailOutlivesItsServer(t *testing.T) {
	all := tell(t, 30)
	if len(all.bodies) < 5 {
		t.Fatalf("only %d requests, and the server is to end between them", len(all.bodies))
	}
	eachStore(t, func(t *testing.T, store string) {
		eachClient(t, func(t *testing.T, protocol atclient.Option) {
			s := newServer(t, "--listen="+freeAddress(t), "--store="+store)
			s.start()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			// The project is new to the store, in each protocol.
			sender, reader := inOwnProject(t, s, protocol), inOwnProject(t, s, protocol)
			ready, got := make(chan struct{}), make(chan []string)
			want, _ := all.selected(t, "{ }")
			go func() { got <- follow(ctx, t, reader, ready, len(want)) }()
			<-ready
			for i, body := range all.bodies {
				_, err := sender.SendTraces(ctx, body)
				must(t, err)
				switch i {
				case 1:
					s.kill()
					s.start()
				case 3:
					s.stop()
					s.start()
				}
			}
			same(t, "tailed spans", want, <-got)
			s.stop()
		})
	})
}

func inOwnProject(t *testing.T, s *server, protocol atclient.Option) *atclient.Client {
	t.Helper()
	return goClient(t, s, protocol, atclient.WithProject(path.Base(t.Name())))
}

// follow returns the spans of a tail, up to the nth and all that its message has.
func follow(ctx context.Context, t *testing.T, client *atclient.Client, ready chan<- struct{}, n int) (ids []string) {
	for event, err := range client.TailSpans(ctx, nil) {
		if err != nil {
			t.Errorf("the tail ended after %d of %d spans: %v", len(ids), n, err)
			break
		}
		if event.Heartbeat != nil && ready != nil {
			close(ready)
			ready = nil
		}
		for _, span := range event.Items {
			ids = append(ids, span.GetSpanId())
		}
		if len(ids) >= n {
			break
		}
	}
	slices.Sort(ids)
	return ids
}

// freeAddress returns an address for a server that is started again on it. Its
// port is none of those that the system gives to whoever asks for any.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		must(t, l.Close())
		return address
	}
	t.Fatal("no port is free")
	return ""
}
