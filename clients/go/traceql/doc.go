// Package traceql writes queries in TraceQL, the language of the field query of
// agenttrace's requests, so that names, quotes, operators and brackets are right.
//
//	traceql.Spans(traceql.AgentID.Equals("support")).
//		Descendants(traceql.Spans(traceql.Type.Is(traceql.TypeTool), traceql.Failed))
//
// is the query
//
//	{ agent:id = "support" } >> { type = tool && failed }
//
// [Spans] selects spans by conditions, which fields make: intrinsics, which are
// constants such as [Duration] and [ToolName], and attributes ([Attr],
// [SpanAttr] …), of which is said what they hold. A [Spanset] is combined with
// others, goes through stages such as [Spanset.Having], and ends in [Metrics]
// where a time series is asked for. All of them are values: methods return a new
// query, and the one that they were called on stays as it was.
//
// What is built is printed as the server prints it. A few things that have types
// of Go cannot be said in a query: texts that hold NUL, floats that are infinite
// or no number, regular expressions that are none, counts below 1, quantiles
// outside of 0 to 1. Building does not fail on them; the server refuses such a
// query, and says where. Bytes that are no UTF-8 become U+FFFD, as in what the
// server stores.
package traceql
