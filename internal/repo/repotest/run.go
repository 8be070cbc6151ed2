package repotest

import (
	"slices"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// Opener opens one database. Each call returns one more store on it, as one
// more process would: what one stores, all others read. The suite closes the
// stores; an Opener need not.
type Opener func(t *testing.T) repo.Store

// law is one sentence of package repo and the test that holds it.
type law struct {
	name string
	test func(t *testing.T, s *subject)
	// alone asks for a database of its own: for laws that speak of everything
	// in it, such as the change log and what Drop leaves. All other laws of a
	// group share one, each in a project of its own.
	alone bool
	// together says that it is about what goroutines do at the same time.
	together bool
}

// Run tests a store against the whole law. Each call of create makes a new and
// empty database and says how to open it; the database lives until t ends.
func Run(t *testing.T, create func(t *testing.T) Opener) {
	t.Helper()
	run(t, create, laws())
}

// RunOneByOne leaves out the laws of what happens at the same time. Where one store
// is tested in several ways that differ in how values travel, Run tests one of them.
func RunOneByOne(t *testing.T, create func(t *testing.T) Opener) {
	t.Helper()
	run(t, create, slices.DeleteFunc(laws(), func(l law) bool { return l.together }))
}

// RunRuns tests what is said of runs and sessions: for a store that finds them in
// several ways.
func RunRuns(t *testing.T, create func(t *testing.T) Opener) {
	t.Helper()
	run(t, create, slices.Concat(runLaws(), sessionLaws(), settleLaws(), lateLaws()))
}

func laws() []law {
	return slices.Concat(writeLaws(), fieldLaws(), concurrencyLaws(), traceLaws(), tracesLaws(), spansLaws(),
		conditionLaws(), narrowLaws(), aggregateLaws(), segmentLaws(), feedLaws(), maintainLaws(), inspectLaws(), callLaws(),
		settleLaws(), unsettledLaws(), lateLaws(), compactLaws(), besideLaws(), leaseLaws(), runLaws(), sessionLaws(), billLaws())
}

// RunQueries tests that searches over a store find what the language says. What
// is asked of the store is asked by [Run] too: where one store is tested in
// several ways, one of them will do.
func RunQueries(t *testing.T, create func(t *testing.T) Opener) {
	t.Helper()
	run(t, create, queryLaws())
}

func run(t *testing.T, create func(t *testing.T) Opener, laws []law) {
	t.Helper()
	open := create(t)
	common := &subject{Store: openUntilEnd(t, open), open: open}
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			if l.alone {
				open := create(t)
				l.test(t, &subject{Store: openUntilEnd(t, open), open: open, project: "alone"})
				return
			}
			l.test(t, common.in(strings.ToLower(l.name)))
		})
	}
}

func openUntilEnd(t *testing.T, open Opener) repo.Store {
	t.Helper()
	store := open(t)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}
