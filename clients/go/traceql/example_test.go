package traceql_test

import (
	"fmt"
	"time"

	. "github.com/agenttrace/agenttrace/clients/go/traceql"
)

func Example() {
	failed := Spans(Type.Is(TypeTool), Failed)
	fmt.Println(failed)
	fmt.Println(Spans(AgentID.Equals("support")).Descendants(Spans(ToolName.Equals("refund"), Duration.Greater(2*time.Second))))
	fmt.Println(Spans(Type.Is(TypeLLM)).Having(Count().Greater(Int(20))))
	fmt.Println(Spans(Type.Is(TypeLLM)).SumOverTime(UsageTotal).By(ModelName))
	// Output:
	// { type = tool && failed }
	// { agent:id = "support" } >> { tool:name = "refund" && duration > 2s }
	// { type = llm } | count() > 20
	// { type = llm } | sum_over_time(usage:total) by (model:name)
}

func ExampleSpans() {
	fmt.Println(Spans())
	fmt.Println(Spans(Root(), Or(Status.Is(StatusError), UsageTotal.AtLeast(10_000))))
	fmt.Println(Spans(ContentInput.Contains("refund"), Not(Service.In("shop", "desk"))))
	// Output:
	// { }
	// { nestedSetParent < 0 && (status = error || usage:total >= 10000) }
	// { content:input : "refund" && !(service = "shop" || service = "desk") }
}

func ExampleAttr() {
	fmt.Println(Spans(Attr("price").Float().Greater(3), SpanAttr("customer name").Text().Matches(`A.*"`)))
	fmt.Println(Spans(ResourceAttr("k8s.pod.name").Present(), Attr("cache.hit").Bool()))
	// Output:
	// { .price > 3.0 && span."customer name" =~ "A.*\"" }
	// { resource.k8s.pod.name != nil && .cache.hit }
}

func ExampleNumber_Compare() {
	fmt.Println(Spans(UsageOutput.Compare(Greater, Int(4).Times(UsageInput))))
	fmt.Println(Spans(Duration.DividedBy(TraceDuration).Compare(Greater, Float(0.8))))
	// Output:
	// { usage:output > 4 * usage:input }
	// { duration / trace:duration > 0.8 }
}

func ExampleSpanset_Relate() {
	retrieved, answered := Spans(Type.Is(TypeRetriever)), Spans(Type.Is(TypeLLM))
	fmt.Println(retrieved.Relate(Follower().None(), answered))
	fmt.Println(Spans(UserID.Equals("u-17")).Relate(Descendant().Both(), Spans(Failed)))
	fmt.Println(retrieved.Then(answered).And(Spans(Type.Is(TypeGuardrail), Failed)))
	// Output:
	// { type = retriever } !then { type = llm }
	// { user:id = "u-17" } &>> { failed }
	// ({ type = retriever } then { type = llm }) && { type = guardrail && failed }
}

func ExampleSpanset_Having() {
	fmt.Println(Spans().Having(Max(Duration).Greater(Avg(Duration).Times(Int(3)))))
	fmt.Println(Spans(Status.Is(StatusError)).By(Service).Having(Count().Greater(Int(1))).Select(Name, Attr("tenant")))
	fmt.Println(Spans(Type.Is(TypeTool)).Repeat(5))
	// Output:
	// { } | max(duration) > avg(duration) * 3
	// { status = error } | by(service) | count() > 1 | select(name, .tenant)
	// { type = tool } | repeat(5)
}

func ExampleMetrics() {
	fmt.Println(Spans(Type.Is(TypeLLM)).QuantileOverTime(Duration, 0.5, 0.95).By(ModelName))
	fmt.Println(Spans().AvgOverTime(TraceDuration).By(Service).Greater(Lasting(2 * time.Second)))
	fmt.Println(Spans(Type.Is(TypeLLM)).SumOverTime(UsageCost).By(ModelName).TopK(5))
	// Output:
	// { type = llm } | quantile_over_time(duration, 0.5, 0.95) by (model:name)
	// { } | avg_over_time(trace:duration) by (service) > 2s
	// { type = llm } | sum_over_time(usage:cost) by (model:name) | topk(5)
}
