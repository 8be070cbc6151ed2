//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// front is an address that stays when the server behind it is killed and started
// again, on another port.
func front(t *testing.T, s *server) string {
	t.Helper()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			target, _ := url.Parse(s.url())
			r.SetURL(target)
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	f := httptest.NewUnstartedServer(proxy)
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.Start()
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f.URL
}

// arrive stores a span with a name, now.
func arrive(t *testing.T, s *server, n int, name string, failed bool) {
	t.Helper()
	span := fixedSpan(n, 1, 0, name, toolSpan, 0, 120)
	if failed {
		raised(span, "TimeoutError", "too slow")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := agenttracev1connect.NewIngestServiceClient(newClient(t), s.url()).WriteSpans(ctx, &agenttracev1.WriteSpansRequest{Spans: []*agenttracev1.Span{span}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestATailGoesOnWhenTheServerComesBack watches a terminal as a person would, while
// the server is killed and started again.
func TestATailGoesOnWhenTheServerComesBack(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		s := startServer(t, "--store="+store, "--max-past=36500d")
		p := openPane(t, 110, 30, atTerminal(front(t, s)), "trap : INT; "+cliBinary+" tail; echo code $?")
		p.see("listening to")
		arrive(t, s, 1, "first_tool", true)
		p.see("TRACE", "✗", "first_tool", "TimeoutError")
		s.kill()
		p.see("not connected")
		s.start()
		arrive(t, s, 2, "second_tool", false)
		p.see("connected again; nothing was missed", "✓", "second_tool")
		if screen := p.screen(); strings.Count(screen, "first_tool") != 1 || strings.Count(screen, "not connected") != 1 {
			t.Errorf("something is there twice:\n%s", screen)
		}
		p.press("C-c")
		p.see("code 0")
		s.stop()
	})
}

func TestATailSaysWhatItCannotDo(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--store="+newSQLite(t))
	for _, c := range []struct {
		code int
		args []string
		says string
	}{
		{2, []string{"tail", "{ type = tool } >> { }"}, "want one pair of braces"},
		{2, []string{"tail", "{ typ = tool }"}, "^"},
		{2, []string{"tail", "--cursor-file", "/"}, "--cursor-file"},
		{2, []string{"tail", "--cursor", "nonsense"}, `cannot go on from "nonsense"`},
		{4, []string{"tail", "--server", "http://127.0.0.1:1"}, "no server at"},
	} {
		code, out, err := commandLine(t, s, c.args...)
		if code != c.code || out != "" || !strings.Contains(err, c.says) {
			t.Errorf("%v ends with %d, prints %q and says\n%s\nwant %d and %q", c.args, code, out, err, c.code, c.says)
		}
	}
	s.stop()
}

// TestATailKeepsItsPlaceInAFile ends a tail, stores more, and tails again.
func TestATailKeepsItsPlaceInAFile(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--store="+newSQLite(t), "--max-past=36500d")
	place := filepath.Join(t.TempDir(), "place")
	args := []string{"tail", "--json", "--cursor-file", place, "-n", "2"}
	cmd := exec.CommandContext(t.Context(), cliBinary, args...)
	var out, notes capture
	cmd.Env, cmd.Stdout, cmd.Stderr = append(environment(), "AGENTTRACE_SERVER="+s.url()), &out, &notes
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the tail has begun", func() bool { return strings.Contains(notes.String(), "listening to") })
	arrive(t, s, 1, "one", false)
	arrive(t, s, 2, "two", false)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, notes.String())
	}
	mustName(t, out.String(), "one", "two")
	if cursor, err := os.ReadFile(place); err != nil || len(cursor) < 2 {
		t.Fatalf("the file holds %q, %v", cursor, err)
	}
	arrive(t, s, 3, "three", false)
	arrive(t, s, 4, "four", true)
	code, printed, said := commandLine(t, s, args...)
	if code != 0 {
		t.Errorf("ends with %d: %s", code, said)
	}
	mustName(t, printed, "three", "four")
	now := cursorOf(t, s)
	arrive(t, s, 5, "five", false)
	arrive(t, s, 6, "six", true)
	code, printed, said = commandLine(t, s, "tail", "--json", "--traces", "--failed", "-n", "1", "--cursor", now)
	if code != 0 {
		t.Errorf("--traces ends with %d: %s", code, said)
	}
	mustName(t, printed, "six")
	s.stop()
}

// cursorOf returns where a tail that begins now would go on from.
func cursorOf(t *testing.T, s *server) string {
	t.Helper()
	tails := agenttracev1connect.NewTailServiceClient(newClient(t), s.url())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := tails.TailSpans(ctx, &agenttracev1.TailSpansRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	cursor := stream.Msg().GetCursor()
	return cursor
}

func mustName(t *testing.T, lines string, names ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(lines) {
		var item struct{ Name string }
		if err := json.Unmarshal([]byte(line), &item); err != nil {
			t.Fatalf("not JSON: %s: %v", line, err)
		}
		got = append(got, item.Name)
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("printed %v, want %v", got, names)
	}
}

// TestRepricingShowsHowFarItIsAndMayBeBrokenOff sits at a terminal while a server that
// is in no hurry computes costs again.
func TestRepricingShowsHowFarItIsAndMayBeBrokenOff(t *testing.T) {
	t.Parallel()
	s := serverWithFixedSpans(t, newSQLite(t))
	code, out, said := commandLine(t, s, "reprice", "--since", "2026-01-01")
	if code != 0 || !strings.Contains(out, "3 traces looked at; 0 of them cost something else now.") || !strings.Contains(out, "before  $0.0") || said != "" {
		t.Errorf("ends with %d and prints\n%s%s", code, out, said)
	}
	code, out, _ = commandLine(t, s, "reprice", "--json")
	var last struct {
		Traces string
		Done   bool
	}
	if err := json.Unmarshal([]byte(out), &last); err != nil || code != 0 || last.Traces != "3" || !last.Done {
		t.Errorf("--json ends with %d and prints %s, %v", code, out, err)
	}

	slow := newUnhurried(t)
	p := openPane(t, 110, 20, atTerminal(slow), "trap : INT; "+cliBinary+" reprice --since 30d; echo code $?")
	p.see("pricing traces: 1.2k done, 34 cost something else now, back to 2026-03-14")
	p.press("C-c")
	p.see("Broken off after 1.2k traces", "agenttrace reprice --until 2026-03-14T15:09:27Z --since '30d'", "code 130")
	if got := p.screen(); strings.Contains(got, "pricing traces:") {
		t.Errorf("progress is left on the screen:\n%s", got)
	}
	s.stop()
}

// unhurried is a server that says once how far it is, and then no more.
type unhurried struct {
	agenttracev1connect.UnimplementedUsageServiceHandler
}

func newUnhurried(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(agenttracev1connect.NewUsageServiceHandler(&unhurried{}))
	f := httptest.NewServer(mux)
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f.URL
}

// Reprice implements agenttracev1connect.UsageServiceHandler.
func (*unhurried) Reprice(ctx context.Context, _ *agenttracev1.RepriceRequest, stream *connect.ServerStream[agenttracev1.RepriceResponse]) error {
	err := stream.Send(&agenttracev1.RepriceResponse{Traces: 1234, ChangedTraces: 34, TimeReached: timestamppb.New(toldAt)})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}
