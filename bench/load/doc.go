// Package load makes the requests that the benchmark sends: made-up runs of
// Agno agents, encoded before the clock starts, the same ones for the same seed.
//
// Many processes export at once, each with many runs under way, so that a
// request holds parts of many traces and a trace arrives over several requests.
// Most traces have 8 to 40 spans; one in each larger template has 2,000.
//
// Encoding millions of spans would take as many gigabytes. So a [Load] has one
// template of some ten thousand spans, and repeats it: for each repetition it
// overwrites, in place, what makes a span another one (its ids and times, and the
// ids of its session and run). That costs nanoseconds a span while the clock
// runs, and no copy.
package load
