package agenttrace_test

import (
	"io"
	"net"
	"net/http"
	"testing"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// breaks are the ways in which a connection breaks: after some of an answer, which
// has the first byte of an envelope, its length and some of a message, the server
// lets go of it or the system takes it away.
var breaks = map[string]broken{
	"before an answer": {}, "in a header": {beginning: "\x00\x00"}, "in a message": {beginning: "\x00\x00\x00\x00\x09ab"},
	"reset": {reset: true}, "reset in a message": {beginning: "\x00\x00\x00\x00\x09ab", reset: true},
}

type broken struct {
	beginning string
	reset     bool
}

// once breaks the connection of the first request.
func (b broken) once(asked *recorder[string], next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.add(r.URL.Path)
		if len(asked.seen()) > 1 {
			next.ServeHTTP(w, r)
			return
		}
		if b.beginning != "" {
			w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
			_, _ = io.WriteString(w, b.beginning)
			_ = http.NewResponseController(w).Flush()
		}
		if conn := r.Context().Value(connectionOf{}).(*net.TCPConn); b.reset {
			_ = conn.SetLinger(0) // closing discards what was not read, and says so
			_ = conn.Close()
		}
		panic(http.ErrAbortHandler)
	})
}

func TestACallWhoseConnectionBreaksIsMadeAgain(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		for when, b := range breaks {
			asked := new(recorder[string])
			client := newClient(t, serve(t, b.once(asked, new(headersOf).noting())), protocol)
			res, err := client.GetSpan(t.Context(), nil)
			if err != nil || res.GetSpan().GetName() != "here" || len(asked.seen()) != 2 {
				t.Errorf("%s: got %v, %v after %d attempts", when, res, err, len(asked.seen()))
			}
			asked = new(recorder[string])
			client = newClient(t, serve(t, b.once(asked, new(headersOf).noting())), protocol)
			messages := 0
			for _, err := range client.StreamTrace(t.Context(), nil) {
				if err != nil {
					t.Errorf("%s: %v", when, err)
				}
				messages++
			}
			if messages != 1 || len(asked.seen()) != 2 {
				t.Errorf("%s: %d messages after %d attempts", when, messages, len(asked.seen()))
			}
			asked = new(recorder[string])
			client = newClient(t, serve(t, b.once(asked, new(headersOf).noting())), protocol, agenttrace.WithRetries(0))
			if _, err := client.GetSpan(t.Context(), nil); !agenttrace.IsUnavailable(err) {
				t.Errorf("%s: %v", when, err)
			}
		}
	})
}
