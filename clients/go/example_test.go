package agenttrace_test

import (
	"errors"
	"fmt"
	"log"
	"os"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/clients/go/traceql"
)

// docs/client.md shows what stands between the first empty line of each of these
// and its output.

func ExampleNew() {
	fmt.Println("client of")

	client, err := agenttrace.New("https://traces.example.com",
		agenttrace.WithToken(os.Getenv("AGENTTRACE_TOKEN")),
		agenttrace.WithProject("shop"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(client.URL())
	// Output:
	// client of
	// https://traces.example.com
}

func ExampleClient_Traces() {
	ctx, client, stop := demo()
	defer stop()

	for trace, err := range client.Traces(ctx, &agenttrace.ListTracesRequest{Failed: new(true)}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(trace.GetName(), trace.GetDuration().AsDuration(), trace.GetFirstError().GetMessage())
	}
	// Output:
	// Support_Agent.run 2.1s no such order
	// Research_Team.run 31s rate limited
}

func ExampleClient_Traces_query() {
	ctx, client, stop := demo()
	defer stop()

	query := traceql.Spans(traceql.AgentID.Equals("support")).
		Descendants(traceql.Spans(traceql.Type.Is(traceql.TypeTool), traceql.Failed)).
		String()
	fmt.Println(query)
	for trace, err := range client.Traces(ctx, &agenttrace.ListTracesRequest{Query: query}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(trace.GetTraceId())
		break
	}
	// Output:
	// { agent:id = "support" } >> { type = tool && failed }
	// 5b8efff798038103d269b633813fc60c
}

func ExampleClient_GetTrace() {
	ctx, client, stop := demo()
	defer stop()

	res, err := client.GetTrace(ctx, &agenttrace.GetTraceRequest{TraceId: "5b8efff798038103d269b633813fc60c"})
	if _, tooLarge := errors.AsType[*agenttrace.TraceTooLargeError](err); tooLarge {
		fmt.Println("StreamTrace has no limit")
	}
	for _, span := range res.GetSpans() {
		fmt.Printf("%*s%s failed: %v\n", 2*span.GetDepth(), "", span.GetName(), span.GetFailed())
	}
	// Output:
	// Support_Agent.run failed: false
	//   OpenAIChat.invoke failed: false
	//   refund failed: true
}

func ExampleClient_Runs() {
	ctx, client, stop := demo()
	defer stop()

	for run, err := range client.Runs(ctx, &agenttrace.ListRunsRequest{AgentId: "support", Failed: new(true)}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(run.GetIdentity().GetAgentId(), run.GetError().GetMessage())
	}
	// Output: support no such order
}

func ExampleClient_SessionRuns() {
	ctx, client, stop := demo()
	defer stop()

	for run, err := range client.SessionRuns(ctx, &agenttrace.GetSessionRequest{SessionId: "session-1"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(run.GetSpanName())
	}
	// Output:
	// Support_Agent.run
	// Support_Agent.run
}

func ExampleClient_Usage() {
	ctx, client, stop := demo()
	defer stop()

	for row, err := range client.Usage(ctx, &agenttrace.QueryUsageRequest{
		GroupBy: []agenttrace.UsageField{agenttrace.UsageFieldModel},
	}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %d tokens, $%.4f\n", row.GetLabels()[0].GetValue(), row.GetUsage().GetTotalTokens(), float64(row.GetCost().GetNanoUsd())/1e9)
	}
	// Output:
	// gpt-4o: 91200 tokens, $0.4100
	// gpt-4o-mini: 120000 tokens, $0.0324
}

func ExampleClient_QueryMetrics() {
	ctx, client, stop := demo()
	defer stop()

	res, err := client.QueryMetrics(ctx, &agenttrace.QueryMetricsRequest{
		Query: traceql.Spans(traceql.Type.Is(traceql.TypeLLM)).SumOverTime(traceql.UsageTotal).By(traceql.ModelName).String(),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, series := range res.GetSeries() {
		for _, point := range series.GetPoints() {
			fmt.Println(series.GetLabels()[0].GetValue().GetStringValue(), point.GetTime().AsTime().Format("15:04"), point.GetValue())
		}
	}
	// Output: gpt-4o 12:00 1280
}

func ExampleClient_StreamTraces() {
	ctx, client, stop := demo()
	defer stop()

	progress := agenttrace.OnProgress(func(p *agenttrace.Progress) {
		fmt.Println("looked at", p.GetTraces(), "traces")
	})
	for trace, err := range client.StreamTraces(ctx, &agenttrace.StreamTracesRequest{Query: `{ content:input : "refund" }`}, progress) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("found", trace.GetName())
	}
	// Output:
	// found Support_Agent.run
	// found Research_Team.run
	// looked at 1200 traces
}

func ExampleClient_TailSpans() {
	ctx, client, stop := demo()
	defer stop()

	for event, err := range client.TailSpans(ctx, &agenttrace.TailSpansRequest{Query: "{ type = tool && failed }"}) {
		if err != nil {
			log.Fatal(err)
		}
		if event.Dropped != nil {
			fmt.Println("too slow, missed", event.Dropped.GetSpans(), "spans")
		}
		for _, span := range event.Items {
			fmt.Println(span.GetToolUse().GetName())
		}
		if len(event.Items) > 0 {
			break
		}
	}
	// Output:
	// too slow, missed 21000 spans
	// refund
}

func ExampleClient_ExportTraces() {
	ctx, client, stop := demo()
	defer stop()

	for part, err := range client.ExportTraces(ctx, &agenttrace.ExportTracesRequest{AgentId: "support"}) {
		if err != nil {
			log.Fatal(err)
		}
		result, err := client.SendTraces(ctx, part.GetTracesData()) // or another client
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("sent", part.GetSpanCount(), "spans, rejected", result.RejectedSpans)
	}
	// Output: sent 7 spans, rejected 0
}

func ExampleClient_Reprice() {
	ctx, client, stop := demo()
	defer stop()

	for state, err := range client.Reprice(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(state.GetChangedTraces(), "of", state.GetTraces(), "traces cost something else now, done:", state.GetDone())
	}
	// Output: 31 of 1200 traces cost something else now, done: true
}

func ExampleQueryError() {
	ctx, client, stop := demo()
	defer stop()

	_, err := client.ListTraces(ctx, &agenttrace.ListTracesRequest{Query: `{ sesion:id = "s-1" }`})
	if e, ok := errors.AsType[*agenttrace.QueryError](err); ok {
		fmt.Printf("line %d, column %d: did you mean %s?\n", e.Line, e.Column, e.Suggestion)
	}
	// Output: line 1, column 3: did you mean session:id?
}

func ExampleIsNotFound() {
	ctx, client, stop := demo()
	defer stop()

	_, err := client.GetTrace(ctx, &agenttrace.GetTraceRequest{RunId: "run-9"})
	switch {
	case agenttrace.IsNotFound(err):
		fmt.Println("no such run")
	case agenttrace.IsUnavailable(err):
		fmt.Println("the server is away, and stayed away")
	case err != nil:
		log.Fatal(err)
	}
	// Output: no such run
}
