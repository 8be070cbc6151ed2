// Package export takes finished spans from an agent to a backend without ever
// slowing the agent.
//
// # Usage
//
//	config, err := otlp.FromEnvironment(os.Getenv) // OTEL_EXPORTER_OTLP_…, else http://localhost:4318
//	sender, err := otlp.New(config)
//	processor, err := export.New(ctx, sender, export.Options{SpillDir: "/var/lib/agent/spans"})
//	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(processor))
//	…
//	err = provider.Shutdown(ctx) // flushes until ctx ends
//
// Several backends are several processors on one provider: they get the same
// spans under the same ids. [NewFor] puts any exporter of the OpenTelemetry SDK
// behind the same queue.
//
// # Design
//
//	OnEnd ─► queue ─► loop ─► encode ─► send ─► backend
//	(agent)  spans,     │                 ▲
//	         bytes      └─► files ────────┘  while the backend is away
//
// The agent's goroutine does three things in OnEnd: it adds up the lengths of
// the span's attributes, takes a lock that is never held longer than it takes to
// copy a few pointers, and puts the span into a ring that was allocated at the
// start. It never waits for the loop, the network or a disk. When the ring has no
// room, in spans or in bytes, the span is dropped and counted: the newest is
// refused, so that what was accepted once stays accepted.
//
// One goroutine, the loop, owns everything else. It takes batches from the queue
// (by count, by bytes, by age), encodes each to one OTLP request and gives it to
// a second goroutine that waits for the backend. One request is under way at a
// time. What the backend says decides ([Kind]): the request is done, is refused
// for good and counted, is halved, or waits and is tried again. Waits double, up
// to a limit, and are random by half, so that a hundred agents do not come back
// in one instant; Retry-After is obeyed.
//
// While the backend is away, or so slow that a quarter of memory waits, batches go
// to files, if there is a folder for them ([Options.SpillDir]), and their memory
// is free again. A file is one request, written aside, synced and renamed, with a
// checksum. Each processor writes into a folder of its own and holds a lock on
// it; the folder of a process that ended is adopted by the next that looks (at
// its start, and once a minute), so nothing needs to be configured for a restart.
// Folders are kept apart by destination: what was meant for one backend is never
// sent to another. Files are delivered oldest first, alternating with new spans,
// so that what is happening now can be seen while an outage is caught up. When
// the folder is full or its disk fails, batches stay in memory, and when memory
// is full too, new spans are dropped and counted. A file is removed after the
// backend has answered: a span may be sent twice, which agenttrace stores once,
// but an accepted one is not lost.
//
// # Counting
//
// Every span that ended is in exactly one place at any time, and [Stats] is one
// consistent look at them:
//
//	Ended + Adopted = Delivered + Rejected + Dropped + Held + Spilled
//
// # Concurrency
//
// All methods of [Processor] may be called from any goroutine. A [Sender] is
// called from one at a time.
package export
