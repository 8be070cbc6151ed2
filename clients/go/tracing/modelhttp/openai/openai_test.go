package openai_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/cut"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/frame"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/openai"
)

// collector is any of those of the package.
type collector interface {
	Document([]byte, bool)
	Result() tracing.ModelResult
	Failed() *answer.Failure
	Finished() bool
}

var limits = cut.Limits{String: 1 << 16, Total: 1 << 20, Drop: openai.IsBulk, File: openai.IsFile}

// read feeds a body, cut where pieces say, into a collector.
func read(c collector, pieces ...string) collector {
	s := frame.New(limits, c.Document)
	for _, piece := range pieces {
		s.Write([]byte(piece))
	}
	s.Close()
	return c
}

// request is what is kept of a request's body.
func request(body string) []byte {
	c := cut.New(limits)
	c.Write([]byte(body))
	return c.Finish()
}

// events writes the data of events as a stream.
func events(data ...string) string {
	return "data: " + strings.Join(data, "\n\ndata: ") + "\n\n"
}

func chat() collector     { return openai.NewChat(1 << 16) }
func response() collector { return openai.NewResponse(1 << 16) }

type answerTest struct {
	name    string
	new     func() collector
	body    string
	want    tracing.ModelResult
	failure *answer.Failure
	partial bool
}

func TestAnswers(t *testing.T) {
	for _, tests := range [][]answerTest{chatAnswers, chatStreams, responseAnswers, otherAnswers} {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				got := read(test.new(), test.body)
				if diff := cmp.Diff(test.want, got.Result()); diff != "" {
					t.Errorf("-want +got: %s", diff)
				}
				if diff := cmp.Diff(test.failure, got.Failed()); diff != "" {
					t.Errorf("failure: %s", diff)
				}
				if got.Finished() == test.partial {
					t.Errorf("finished: %v", got.Finished())
				}
			})
		}
	}
}

func TestAnswersInPiecesAreTheSame(t *testing.T) {
	for _, tests := range [][]answerTest{chatAnswers, chatStreams, responseAnswers, otherAnswers} {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					var pieces []string
					for rest := test.body; rest != ""; {
						n := rapid.IntRange(1, len(rest)).Draw(t, "length")
						pieces, rest = append(pieces, rest[:n]), rest[n:]
					}
					if diff := cmp.Diff(test.want, read(test.new(), pieces...).Result()); diff != "" {
						t.Error(diff)
					}
				})
			})
		}
	}
}

func FuzzOpenAIStream(f *testing.F) {
	for _, tests := range [][]answerTest{chatAnswers, chatStreams, responseAnswers, otherAnswers} {
		for _, test := range tests {
			f.Add([]byte(test.body))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, c := range []collector{openai.NewChat(1 << 10), openai.NewResponse(1 << 10), openai.NewEmbeddings(1 << 10)} {
			result := read(c, string(body)).Result()
			checkBounds(t, result, 1<<10)
		}
	})
}

func FuzzOpenAIRequest(f *testing.F) {
	for _, test := range requests {
		f.Add([]byte(test.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := request(string(body))
		for _, read := range []func([]byte) tracing.ModelCall{openai.ChatCall, openai.CompletionCall, openai.ResponsesCall, openai.EmbeddingsCall} {
			read(kept)
		}
	})
}

// checkBounds holds a result to the limit of its text, and its counts to sense.
func checkBounds(t *testing.T, r tracing.ModelResult, limit int) {
	t.Helper()
	size := 0
	for _, m := range r.Messages {
		size += len(m.Content) + len(m.Reasoning)
		for _, call := range m.ToolCalls {
			size += len(call.Name) + len(call.Arguments)
		}
	}
	// Each of the texts may say that it was cut.
	if most := limit + 64*(2*128+2*256); size > most {
		t.Errorf("%d bytes of text kept", size)
	}
	u := r.Usage
	for _, n := range []int64{u.Input, u.CacheRead, u.CacheWrite, u.CacheWrite1h, u.AudioInput, u.Output, u.Reasoning, u.AudioOutput, u.Total} {
		if n < 0 {
			t.Errorf("a negative count: %+v", u)
		}
	}
}
