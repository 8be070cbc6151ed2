// Package answertest is the test that every collector of answers must pass: the
// same result from a body whole and from a body in any pieces, by a table of
// bodies. It is for tests only.
package answertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/cut"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/frame"
)

// Collector is what is tested.
type Collector interface {
	Document(doc []byte, isCut bool)
	Result() tracing.ModelResult
	Failed() *answer.Failure
	Finished() bool
}

// Case is one body, and what it says.
type Case struct {
	Name    string
	New     func(limit int) Collector
	Body    string
	Want    tracing.ModelResult
	Failure *answer.Failure // nil: none
	Partial bool            // the body does not say that it is at its end
}

// Limit is how much text collectors keep in Run.
const Limit = 1 << 16

// Limits returns what is kept of bodies and documents, of which the named members
// are left out or are files.
func Limits(drop, file func(parent, name string) bool) cut.Limits {
	return cut.Limits{String: Limit, Total: 1 << 20, Drop: drop, File: file}
}

// Kept returns what is kept of a request's body.
func Kept(limits cut.Limits, body string) []byte {
	c := cut.New(limits)
	c.Write([]byte(body))
	return c.Finish()
}

// Feed gives a body in pieces to a collector.
func Feed(limits cut.Limits, c Collector, pieces ...string) {
	s := frame.New(limits, c.Document)
	for _, piece := range pieces {
		s.Write([]byte(piece))
	}
	s.Close()
}

// Run tests a table of bodies, each whole and in pieces.
func Run(t *testing.T, limits cut.Limits, cases []Case) {
	for _, test := range cases {
		t.Run(test.Name, func(t *testing.T) {
			got := test.New(Limit)
			Feed(limits, got, test.Body)
			if diff := cmp.Diff(test.Want, got.Result()); diff != "" {
				t.Errorf("-want +got: %s", diff)
			}
			if diff := cmp.Diff(test.Failure, got.Failed()); diff != "" {
				t.Errorf("failure: %s", diff)
			}
			if got.Finished() == test.Partial {
				t.Errorf("finished: %v", got.Finished())
			}
			rapid.Check(t, func(t *rapid.T) {
				inPieces := test.New(Limit)
				Feed(limits, inPieces, Pieces(t, test.Body)...)
				if diff := cmp.Diff(test.Want, inPieces.Result()); diff != "" {
					t.Errorf("in pieces: %s", diff)
				}
			})
		})
	}
}

// Pieces draws a way to cut a body into pieces.
func Pieces(t *rapid.T, body string) []string {
	var pieces []string
	for rest := body; rest != ""; {
		n := rapid.IntRange(1, len(rest)).Draw(t, "length")
		pieces, rest = append(pieces, rest[:n]), rest[n:]
	}
	return pieces
}

// Bounded holds a result to the limit that its collector was made with, and its
// counts to sense.
func Bounded(t *testing.T, r tracing.ModelResult, limit int) {
	t.Helper()
	size, texts := 0, 0
	for _, m := range r.Messages {
		size, texts = size+len(m.Content)+len(m.Reasoning), texts+2
		for _, call := range m.ToolCalls {
			size, texts = size+len(call.Name)+len(call.Arguments), texts+2
		}
	}
	const note = 64 // what a text says of being cut
	if size > limit+note*texts {
		t.Errorf("%d bytes of text kept", size)
	}
	u := r.Usage
	if min(u.Input, u.CacheRead, u.CacheWrite, u.CacheWrite1h, u.AudioInput, u.Output, u.Reasoning, u.AudioOutput, u.Total) < 0 || u.CacheWrite1h > u.CacheWrite {
		t.Errorf("counts that cannot be: %+v", u)
	}
}
