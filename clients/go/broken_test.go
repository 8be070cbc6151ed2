package agenttrace_test

import (
	"io"
	"net/http"
	"testing"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// beginnings are what an answer has when its connection breaks: the first byte of
// an envelope, its length and some of a message.
var beginnings = map[string]string{
	"before an answer": "", "in a header": "\x00\x00", "in a message": "\x00\x00\x00\x00\x09ab",
}

// breakingOnce breaks the connection of the first request after some of an answer.
func breakingOnce(beginning string, asked *recorder[string], next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.add(r.URL.Path)
		if len(asked.seen()) > 1 {
			next.ServeHTTP(w, r)
			return
		}
		if beginning != "" {
			w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
			_, _ = io.WriteString(w, beginning)
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	})
}

func TestACallWhoseConnectionBreaksIsMadeAgain(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		for when, beginning := range beginnings {
			asked := new(recorder[string])
			client := newClient(t, serve(t, breakingOnce(beginning, asked, new(headersOf).noting())), protocol)
			res, err := client.GetSpan(t.Context(), nil)
			if err != nil || res.GetSpan().GetName() != "here" || len(asked.seen()) != 2 {
				t.Errorf("%s: got %v, %v after %d attempts", when, res, err, len(asked.seen()))
			}
			asked = new(recorder[string])
			client = newClient(t, serve(t, breakingOnce(beginning, asked, new(headersOf).noting())), protocol)
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
			client = newClient(t, serve(t, breakingOnce(beginning, asked, new(headersOf).noting())), protocol, agenttrace.WithRetries(0))
			if _, err := client.GetSpan(t.Context(), nil); !agenttrace.IsUnavailable(err) {
				t.Errorf("%s: %v", when, err)
			}
		}
	})
}
