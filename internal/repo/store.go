package repo

import (
	"context"
	"iter"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// Store is everything a database does for agenttrace. Code that needs less asks
// for less: a consumer of the change log takes a Feed, a handler a Reader.
type Store interface {
	Writer
	Reader
	Settler
	Feed
	Maintainer
	Inspector
}

// Writer takes spans in.
type Writer interface {
	// Write stores the records in one transaction, and returns nil only after
	// that transaction is durable: spans, segments, trace rows, runs as
	// [model.RunOf] knows them, and change-log entries together, or none of them.
	//
	// A span that is already stored, or that stands earlier in records, is a
	// duplicate: it changes nothing and is not an error, also when its content
	// differs, and also when another writer stores it at the same moment. The
	// segments hold each stored span once.
	//
	// Records may be of any projects, traces and days, in any order. Writing
	// them in any order, in any batches, gives the same traces. A span may
	// start at any nanosecond from 1 to math.MaxInt64: the store makes room
	// for days it does not know, past or future. Which times are sensible is
	// the caller's rule.
	//
	// Deadlocks, serialisation failures and other conflicts between writers
	// are retried within Write, until ctx ends. Errors are ErrUnavailable when
	// the same call may succeed later, ErrRefused when the database will not
	// take these records however often they are sent; the caller can then
	// write halves of them to find the one at fault.
	//
	// Write reads the records until it returns and keeps none of their memory.
	Write(ctx context.Context, records []model.Record) (Written, error)
}

// Written says what became of the records of one Write.
type Written struct {
	Stored     int
	Duplicates int
}

// Reader answers questions. Everything is asked of one project and answered
// from it alone.
type Reader interface {
	// Trace returns the sum of all stored spans of a trace, whatever days they
	// are on, or ErrNotFound.
	Trace(ctx context.Context, project string, id model.TraceID) (*model.Trace, error)

	// ReadTrace is Trace and then Segments of all of the trace, in fewer turns to
	// the database: begin gets the sum before the first segment is yielded. What
	// begin returns, or ErrNotFound, is yielded as an error and ends the sequence.
	// Between the sum and the segments something may be stored.
	ReadTrace(ctx context.Context, project string, id model.TraceID, begin func(*model.Trace) error) iter.Seq2[Segment, error]

	// Traces returns one page of the traces that match q, in q's order, or an
	// empty slice. A page that is shorter than q.Limit is the last one. Asked
	// again with the cursor of the last trace of each page, until a page is
	// empty, it lists every trace that matched throughout and did not change
	// meanwhile exactly once, whatever is written between.
	Traces(ctx context.Context, project string, q TraceQuery) ([]*model.Trace, error)

	// Spans returns one page of narrow spans (Body is nil) that match q, in
	// q's order, with the same promise as Traces.
	Spans(ctx context.Context, project string, q SpanQuery) ([]*model.Span, error)

	// TraceSpans yields all narrow spans of the wanted traces for which where
	// holds, all at all for nil: trace by trace in the order of refs, those of
	// one trace in one slice, by start. The ranges of refs are hints as to which
	// days a trace lies on and do not restrict: spans outside may be left out or
	// not. Traces that are unknown, or have no such span, yield nothing. The
	// sequence reads as it is ranged over, a bounded number of spans ahead;
	// after an error nothing more is yielded.
	TraceSpans(ctx context.Context, project string, where plan.Condition, refs ...TraceRef) iter.Seq2[[]*model.Span, error]

	// Aggregate counts and sums up spans. Cells come in no order, each once.
	Aggregate(ctx context.Context, project string, a Aggregation) ([]Cell, error)

	// Segments yields the stored segments of the wanted traces: trace by trace
	// in the order of refs, those of a trace by the earliest start in them.
	// Unknown traces yield nothing; a segment is never empty and never mixes
	// traces. All segments of a trace are of one moment: each of its spans is in
	// one of them exactly, also while a settlement puts them together. The
	// sequence reads as it is ranged over and holds one segment at a time, or
	// those of one trace as they are stored; breaking off frees its connection at
	// once. After an error nothing more is yielded.
	Segments(ctx context.Context, project string, refs ...TraceRef) iter.Seq2[Segment, error]
}

// TraceRef names a trace and, where it is known, which of its spans are wanted:
// those that start within Range. A segment is yielded when any of its spans
// does. Ranges save the store a search for the trace's days.
type TraceRef struct {
	ID    model.TraceID
	Range model.TimeRange
	// Write restricts segments to the spans of one write; 0 for all.
	Write WriteID
	// MaxSpans bounds what TraceSpans yields of the trace: of one with more such
	// spans it yields this many, whichever these are; 0 for all.
	MaxSpans int64
}

// RefOf returns what to ask for all spans of a trace by.
func RefOf(t *model.Trace) TraceRef {
	return TraceRef{ID: t.TraceID, Range: model.Including(t.StartNano, t.EndNano)}
}

// Segment is a part of a trace: spans that were stored together, or were put
// together when the trace settled.
type Segment struct {
	TraceID model.TraceID
	Place   Place
	Spans   int
	// Write is the write that stored all of the spans; where several did, it is 0
	// and Writes says for each span, in the order of Data, which.
	Write  WriteID
	Writes []WriteID
	// Earliest and Latest are the first and the last start among the spans.
	Earliest, Latest int64
	// Data is a standard OTLP TracesData message in protobuf, each span in it
	// byte for byte as it was received. It is valid until the next segment is
	// asked for; whoever keeps it copies it.
	Data []byte
	// Quick says that it is larger than it could be: when its trace settles, it is
	// worth being stored anew even if it is the only one of its day.
	Quick bool
}

// Place tells the segments of a trace apart. It belongs to the store that made
// it.
type Place struct{ Start, ID int64 }

// Maintainer looks after the space that spans take.
type Maintainer interface {
	// Prepare makes room for spans that start within r, so that the first
	// write of a day does not have to. It may be called again and again, by
	// several processes at once.
	Prepare(ctx context.Context, r model.TimeRange) error

	// Drop removes what lies wholly on days before the UTC day of horizon:
	// spans, segments, trace rows, runs and bills, and change-log entries that
	// were written before it. Readers and writers of other days are not held up. A span
	// that arrives for a dropped day afterwards is stored like any other.
	Drop(ctx context.Context, horizon int64) (Dropped, error)

	// Ping returns nil when the store can answer, for readiness checks.
	Ping(ctx context.Context) error

	// Close waits for running calls and releases the database.
	Close() error
}

// Dropped says what Drop removed.
type Dropped struct {
	Days  int   // days with spans that are gone
	Spans int64 // -1 where counting them would have cost more than dropping
}
