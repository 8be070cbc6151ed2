package sqlite_test

import (
	"encoding/binary"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

const project = "default"

// record returns a small span with the given ids.
func record(trace, span uint64, start int64) model.Record {
	s := &model.Span{
		Project: project, SpanID: model.SpanIDFromInt64(int64(span)),
		StartNano: start, EndNano: start, Name: "span", Service: "service",
	}
	binary.BigEndian.PutUint64(s.TraceID[8:], trace)
	return model.Record{Span: s}
}

func mustWrite(tb testing.TB, store repo.Writer, records ...model.Record) {
	tb.Helper()
	written, err := store.Write(tb.Context(), records)
	if err != nil {
		tb.Fatal(err)
	}
	if written.Stored != len(records) {
		tb.Fatalf("stored %d of %d spans", written.Stored, len(records))
	}
}
