package postgres_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// readTrace reads a trace and returns how many spans its sum counts and how many
// segments it has.
func readTrace(t *testing.T, store repo.Reader, id byte) (spans, segments int, err error) {
	begin := func(sum *model.Trace) error {
		if sum.TraceID != (model.TraceID{15: id}) {
			t.Errorf("the sum is of %s", sum.TraceID)
		}
		spans = int(sum.Spans)
		return nil
	}
	for segment, err := range store.ReadTrace(t.Context(), "default", model.TraceID{15: id}, begin) {
		if err != nil {
			return spans, segments, err
		}
		if segment.TraceID != (model.TraceID{15: id}) {
			t.Errorf("a segment is of %s", segment.TraceID)
		}
		segments++
	}
	return spans, segments, nil
}

// A trace is looked for on the day of the one before, too: that may be the wrong one,
// one of its days, and one that has gone.
func TestTraceIsReadWhateverWasReadBefore(t *testing.T) {
	t.Parallel()
	inEachMode(t, postgres.Options{ReadConns: 1}, func(t *testing.T, store *postgres.Store, conn *pgx.Conn) {
		write(t, store, records(span(1, 1, noon(0)), span(2, 1, noon(1)), span(2, 2, noon(1)+1)))
		write(t, store, records(span(3, 1, noon(0)), span(3, 2, noon(1)), span(3, 3, noon(1)+1)))
		want := map[byte][2]int{1: {1, 1}, 2: {2, 1}, 3: {3, 2}} // spans and segments
		for _, id := range []byte{1, 1, 2, 3, 2, 2, 1, 3, 1} {
			if spans, segments, err := readTrace(t, store, id); err != nil || [2]int{spans, segments} != want[id] {
				t.Errorf("trace %d has %d spans in %d segments, want %v: %v", id, spans, segments, want[id], err)
			}
		}
		if _, _, err := readTrace(t, store, 4); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("a trace that there is not ended with %v", err)
		}
		exec(t, conn, `BEGIN; LOCK TABLE segments_20260504`) // the day that is guessed
		if spans, segments, err := readTrace(t, store, 2); err != nil || [2]int{spans, segments} != want[2] {
			t.Errorf("while another day is locked, it has %d spans in %d segments, want %v: %v", spans, segments, want[2], err)
		}
		exec(t, conn, `ROLLBACK`)
		if _, _, err := readTrace(t, store, 1); err != nil {
			t.Error(err)
		}
		exec(t, conn, `DROP TABLE open_segments_20260504`) // it is guessed again
		for range 2 {
			if spans, segments, err := readTrace(t, store, 2); err != nil || [2]int{spans, segments} != want[2] {
				t.Errorf("it has %d spans in %d segments, want %v: %v", spans, segments, want[2], err)
			}
		}
	})
}

// A day is dropped table by table, and not all at once.
func TestTraceIsReadFromWhatIsThereOfItsDay(t *testing.T) {
	t.Parallel()
	inEachMode(t, postgres.Options{}, func(t *testing.T, store *postgres.Store, conn *pgx.Conn) {
		write(t, store, records(span(1, 1, noon(0)), span(1, 2, noon(0)+1)))
		read := func() (spans, segments int, err error) { return readTrace(t, store, 1) }
		for range 2 {
			if spans, segments, err := read(); spans != 2 || segments != 1 || err != nil {
				t.Fatalf("%d spans and %d segments are read: %v", spans, segments, err)
			}
		}
		exec(t, conn, `DROP TABLE segments_20260504`)
		if spans, segments, err := read(); spans != 2 || segments != 1 || err != nil {
			t.Errorf("%d spans and %d segments are read without settled ones: %v", spans, segments, err)
		}
		exec(t, conn, `DELETE FROM days`)
		if spans, segments, err := read(); spans != 2 || segments != 1 || err != nil {
			t.Errorf("%d spans and %d segments are read of a day that goes: %v", spans, segments, err)
		}
		exec(t, conn, `DROP TABLE traces_20260504`)
		if _, _, err := read(); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("a trace without its day ended with %v", err)
		}
	})
}
