// Package agenttrace asks an agenttrace server about traces, runs, sessions,
// usage and cost, follows what is arriving, and sends spans.
//
//	client, err := agenttrace.New("http://localhost:4318")
//	for trace, err := range client.Traces(ctx, &agenttrace.ListTracesRequest{Failed: new(true)}) {
//		…
//	}
//
// Requests and answers are the messages of the API; the comments of their fields
// say what they mean, and every type is named here again, so that one import is
// enough. Package traceql beside this one builds queries for them.
//
// # Calls, lists, streams, tails
//
// A method that is named as a call of the API is that call: [Client.GetTrace],
// [Client.ListTraces] for one page, [Client.StreamTraces] for one stream. A list
// that turns its pages by itself has the plural's name: [Client.Traces],
// [Client.Spans], [Client.Runs], [Client.Sessions], [Client.SessionRuns],
// [Client.Usage]. Whatever yields more than one thing is an iterator of things
// and errors; an error is the last that it yields. Breaking the loop off ends the
// call, and the server's work for it. Iterators may be ranged over more than
// once; each time asks anew.
//
// A tail ([Client.TailSpans], [Client.TailTraces]) has no end: it connects again
// when the connection breaks, and goes on where it was.
//
// # Errors
//
// What the server refuses is a [*CallError] with a code, a text that was written to
// be read, and often a reason. IsNotFound and its like ask for the code;
// [QueryError], [TooBroadError], [TraceTooLargeError], [CursorExpiredError] and
// [MessageTooLargeError] say more of some reasons, and are found with
// [errors.As].
//
// # Attempts
//
// All calls may be repeated without harm, writes too: a span that is already
// stored changes nothing. So a call that found the server away, or was told to
// come back later, is tried again, with growing pauses, as [WithRetries] says; a
// stream only until it has delivered something.
package agenttrace
