// Package e2e tests the whole server over real sockets: the binary is built once
// and runs as a process of its own, on both stores, and is used the way senders
// and readers use it. It has tests only.
//
// The server must be another process, for two reasons. Crash tests kill it with
// no chance to clean up. And the OpenTelemetry exporters, with which the tests
// send, bring OTLP's full protobuf types, which cannot live in one process with
// the slim ones that the server uses.
//
// Nothing in here reads a result through the code that it tests: what has to
// come back is computed from the bytes that were sent by means of OTLP's own
// generated types.
//
// # Settings
//
//	AGENTTRACE_CRASHES   how many times each crash test kills its victim; 3 without
//	AGENTTRACE_SEED      repeats the random choices of a run, which logs its seed
//	AGENTTRACE_CAPTURES  a directory with captured requests of real agents
package e2e
