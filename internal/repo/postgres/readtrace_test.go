package postgres_test

import (
	"errors"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// A day is dropped table by table, and not all at once.
func TestTraceIsReadFromWhatIsThereOfItsDay(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(mode, func(t *testing.T) {
			dsn := inMode(t, migrated.Database(t), mode)
			store := opened(t, dsn, postgres.Options{})
			conn := connect(t, dsn)
			write(t, store, records(span(1, 1, noon(0)), span(1, 2, noon(0)+1)))
			read := func() (spans, segments int, err error) {
				begin := func(sum *model.Trace) error {
					spans = int(sum.Spans)
					return nil
				}
				for _, err := range store.ReadTrace(t.Context(), "default", model.TraceID{15: 1}, begin) {
					if err != nil {
						return spans, segments, err
					}
					segments++
				}
				return spans, segments, nil
			}
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
}
