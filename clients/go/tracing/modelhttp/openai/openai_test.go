package openai_test

import (
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answertest"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/openai"
)

func kept(body string) []byte {
	return answertest.Kept(answertest.Limits(openai.IsBulk, openai.IsFile), body)
}

// events writes the data of events as a stream.
func events(data ...string) string {
	return "data: " + strings.Join(data, "\n\ndata: ") + "\n\n"
}

func chat(limit int) answertest.Collector       { return openai.NewChat(limit) }
func response(limit int) answertest.Collector   { return openai.NewResponse(limit) }
func embeddings(limit int) answertest.Collector { return openai.NewEmbeddings(limit) }

func TestAnswers(t *testing.T) {
	for _, cases := range [][]answertest.Case{chatAnswers, chatStreams, responseAnswers, otherAnswers} {
		answertest.Run(t, answertest.Limits(openai.IsBulk, openai.IsFile), cases)
	}
}

func FuzzOpenAIStream(f *testing.F) {
	for _, cases := range [][]answertest.Case{chatAnswers, chatStreams, responseAnswers, otherAnswers} {
		for _, test := range cases {
			f.Add([]byte(test.Body))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 1 << 10
		for _, collector := range []func(int) answertest.Collector{chat, response, embeddings} {
			c := collector(limit)
			answertest.Feed(answertest.Limits(openai.IsBulk, openai.IsFile), c, string(body))
			answertest.Bounded(t, c.Result(), limit)
		}
	})
}

func FuzzOpenAIRequest(f *testing.F) {
	for _, test := range requests {
		f.Add([]byte(test.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := kept(string(body))
		for _, read := range []func([]byte) tracing.ModelCall{openai.ChatCall, openai.CompletionCall, openai.ResponsesCall, openai.EmbeddingsCall} {
			read(kept)
		}
	})
}
