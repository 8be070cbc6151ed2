package postgres_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// A day is dropped table by table. Who asks its partitions themselves may find that one
// has gone, and reads what is there as if all had been asked.
func TestSpansOfTracesAreReadFromWhatIsThereOfADay(t *testing.T) {
	t.Parallel()
	inEachMode(t, postgres.Options{}, func(t *testing.T, store *postgres.Store, conn *pgx.Conn) {
		for trace := range byte(4) { // on two days, in turns
			s := span(trace+1, 1, noon(int(trace%2)))
			write(t, store, records(s, span(trace+1, 2, s.StartNano+1)))
		}
		spans := func() (found []int) {
			var refs []repo.TraceRef
			for trace := range 4 {
				start := noon(trace % 2)
				refs = append(refs, repo.TraceRef{ID: model.TraceID{15: byte(trace + 1)}, Range: model.TimeRange{Start: start, End: start + 2}})
			}
			for trace, err := range store.TraceSpans(t.Context(), "default", nil, refs...) {
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range trace {
					found = append(found, int(s.TraceID[15])*10+int(s.SpanID[7]))
				}
			}
			return found
		}
		for range 2 {
			if got := spans(); !slices.Equal(got, []int{11, 12, 21, 22, 31, 32, 41, 42}) {
				t.Errorf("spans %v", got)
			}
		}
		exec(t, conn, `DROP TABLE spans_20260505`)
		if got := spans(); !slices.Equal(got, []int{11, 12, 31, 32}) {
			t.Errorf("spans %v of what is left", got)
		}
	})
}
