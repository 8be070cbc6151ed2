package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// log is a server whose cursors are "1" and "2": five spans lie behind the first,
// of which the last three come in a second message, and none behind the other.
type log struct {
	agenttracev1connect.UnimplementedTailServiceHandler
}

func (log) TailSpans(ctx context.Context, r *agenttrace.TailSpansRequest, s *connect.ServerStream[agenttrace.TailSpansResponse]) error {
	send := func(cursor string, names ...string) error {
		batch := new(agenttrace.SpanBatch)
		for _, name := range names {
			batch.Spans = append(batch.Spans, &agenttrace.Span{TraceId: strings.Repeat("1", 32), SpanId: strings.Repeat(name, 16), Name: name})
		}
		return s.Send(&agenttrace.TailSpansResponse{Event: &agenttrace.TailSpansResponse_Batch{Batch: batch}, Cursor: cursor})
	}
	switch r.GetSince() {
	case "", "2":
		if err := s.Send(&agenttrace.TailSpansResponse{Event: &agenttrace.TailSpansResponse_Heartbeat{Heartbeat: new(agenttrace.Heartbeat)}, Cursor: "2"}); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	case "1":
		if err := send("", "a", "b"); err != nil {
			return err
		}
		return send("2", "c", "d", "e")
	}
	return expired()
}

// expired is what a server says to a cursor that it does not know.
func expired() error {
	err := connect.NewError(connect.CodeOutOfRange, errors.New("what was stored behind it is gone"))
	detail, detailErr := connect.NewErrorDetail(&errdetails.ErrorInfo{Reason: agenttrace.ReasonCursorExpired, Domain: "agenttrace"})
	if detailErr != nil {
		return detailErr
	}
	err.AddDetail(detail)
	return err
}

func serveLog(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(agenttracev1connect.NewTailServiceHandler(log{}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestATailOfSoManyEndsWhereItsCursorCanGoOn(t *testing.T) {
	server := serveLog(t)
	place := filepath.Join(t.TempDir(), "place")
	if err := os.WriteFile(place, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, notes := typed(t.Context(), nil, "tail", "--server", server, "--json", "-n", "1", "--cursor-file", place)
	if code != exitOK || strings.Count(out, "\n") != 5 {
		t.Errorf("ends with %d, prints\n%s%s\nwant all five that the cursor goes past", code, out, notes)
	}
	if cursor, err := os.ReadFile(place); string(cursor) != "2\n" || err != nil {
		t.Errorf("the file holds %q, %v", cursor, err)
	}
	for n, want := range map[string]int{"1": 1, "2": 2, "4": 4} {
		if code, out, _ := typed(t.Context(), nil, "tail", "--server", server, "--json", "-n", n, "--cursor", "1"); code != exitOK || strings.Count(out, "\n") != want {
			t.Errorf("-n %s ends with %d, prints\n%s", n, code, out)
		}
	}
}

func TestACursorThatIsNoneIsAnError(t *testing.T) {
	server := serveLog(t)
	code, out, notes := typed(t.Context(), nil, "tail", "--server", server, "--timeout", "10s", "--cursor", "nonsense")
	if code != exitUsage || out != "" || !strings.Contains(notes, `--cursor: the server cannot go on from "nonsense"`) {
		t.Errorf("ends with %d, says\n%s%s", code, out, notes)
	}
	const precious = `{"traceId":"5b8efff798038103d269b633813fc60c"}` + "\n"
	file := filepath.Join(t.TempDir(), "errors.jsonl")
	if err := os.WriteFile(file, []byte(precious), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, notes = typed(t.Context(), nil, "tail", "--server", server, "--timeout", "10s", "--cursor-file", file)
	if code != exitUsage || out != "" || !strings.Contains(notes, "holds something else than a cursor") {
		t.Errorf("ends with %d, says\n%s%s", code, out, notes)
	}
	if kept, err := os.ReadFile(file); string(kept) != precious || err != nil {
		t.Errorf("the file holds %q, %v", kept, err)
	}
}
