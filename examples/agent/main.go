// Command agent is a small agent with one tool, every step of which is traced. It
// needs neither a model nor a key: without OPENAI_BASE_URL and OPENAI_API_KEY it
// talks to a model that is made up.
//
//	go run ./agent                       # a made-up model
//	OPENAI_API_KEY=sk-… go run ./agent   # OpenAI
//	OPENAI_BASE_URL=http://localhost:11434/v1 MODEL=qwen3 go run ./agent
//
// Its spans go where OTEL_EXPORTER_OTLP_ENDPOINT says, or to an agenttrace on this
// machine.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/examples/fakemodel"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Getenv, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run asks the agent the question in args, and prints its answer and where it is
// traced.
func run(ctx context.Context, getenv func(string) string, args []string, out io.Writer) (err error) {
	shutdown, err := tracing.Setup(ctx, tracing.ServiceName("weather-example"))
	if err != nil {
		return err
	}
	defer func() {
		if lost := shutdown(context.WithoutCancel(ctx)); err == nil {
			err = lost
		}
	}()
	model, stop, err := chooseModel(getenv)
	if err != nil {
		return err
	}
	defer stop()
	question := strings.Join(args, " ")
	if question == "" {
		question = "What is the weather in Paris?"
	}
	answer, traceID, err := newAgent(model).ask(ctx, question)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n\nagenttrace trace %s\n", answer, traceID)
	return err
}

// modelServer is where a model is, and how to ask for it.
type modelServer struct{ url, key, name string }

// chooseModel returns the model that the environment names, or a made-up one,
// which runs until stop is called.
func chooseModel(getenv func(string) string) (m modelServer, stop func(), err error) {
	m = modelServer{url: getenv("OPENAI_BASE_URL"), key: getenv("OPENAI_API_KEY"), name: getenv("MODEL")}
	if m.name == "" {
		m.name = "gpt-4o-mini"
	}
	if m.url != "" || m.key != "" {
		return m, func() {}, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return m, nil, err
	}
	server := &http.Server{Handler: fakemodel.Handler()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with Close
	}()
	m.url, m.key = "http://"+listener.Addr().String()+"/v1", "made-up"
	return m, func() { _ = server.Close(); <-done }, nil
}
