package repotest

import (
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func inspectLaws() []law {
	return []law{
		{name: "InspectionTellsVersionAndSchema", test: inspectionTellsVersion},
		{name: "InspectionTellsTheDaysThatAreMade", test: inspectionTellsDays, alone: true},
		{name: "InspectionTellsTheLeasesThatAreHeld", test: inspectionTellsLeases, alone: true},
	}
}

func (s *subject) inspect(t tb) repo.Inspection {
	t.Helper()
	in, err := s.Inspect(t.Context())
	if err != nil {
		t.Fatalf("Inspect: %v", err)
	}
	return in
}

func inspectionTellsVersion(t *testing.T, s *subject) {
	in := s.inspect(t)
	if in.Version == "" || in.Bytes <= 0 {
		t.Errorf("version %q, %d bytes", in.Version, in.Bytes)
	}
	if in.Schema != in.KnownSchema || in.Schema < 3 {
		t.Errorf("schema %d of %d after all migrations", in.Schema, in.KnownSchema)
	}
	if in.FreeBytes < 0 || in.FreeBytes > in.TotalBytes {
		t.Errorf("%d of %d bytes are free", in.FreeBytes, in.TotalBytes)
	}
	// The databases of the suite are on this machine.
	if c := in.Clock; c != nil && (c.Within < 0 || c.Ahead.Abs() > time.Minute) {
		t.Errorf("the clock is %v ahead, to %v", c.Ahead, c.Within)
	}
}

func inspectionTellsDays(t *testing.T, s *subject) {
	expect := func(doing string, want ...int64) {
		t.Helper()
		in := s.inspect(t)
		if !in.Partitioned {
			want = nil
		}
		if !slices.Equal(in.Days, want) {
			t.Errorf("%s, the days are %v, want %v", doing, in.Days, want)
		}
	}
	expect("at first")
	if err := s.Prepare(t.Context(), model.TimeRange{Start: at(1, noon), End: at(3, noon)}); err != nil {
		t.Fatal(err)
	}
	expect("prepared", at(1, 0), at(2, 0), at(3, 0))
	s.write(t, plain(s.project, 1, 1, at(5, noon)))
	expect("after a write to another", at(1, 0), at(2, 0), at(3, 0), at(5, 0))
	s.drop(t, at(3, 0), 0, 0)
	expect("after Drop", at(3, 0), at(5, 0))
}

func inspectionTellsLeases(t *testing.T, s *subject) {
	expect := func(doing string, want ...repo.Lease) {
		t.Helper()
		var got []repo.Lease
		for _, l := range s.inspect(t).Leases {
			if left := time.Until(l.Until); left <= 0 || left > long+time.Minute {
				t.Errorf("%s, %+v is held for %v", doing, l.Lease, left)
			}
			got = append(got, l.Lease)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s, leases (- want, + got):\n%s", doing, diff)
		}
	}
	expect("at first")
	second := s.take(t, "second", "two", long, true)
	first := s.take(t, "first", "one", long, true)
	expect("taken", first, second)
	if err := s.ReleaseLease(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	expect("one released", first)
	s.take(t, "third", "three", short, true)
	s.awaitEnd(t, "third", "four", 0)
	expect("one ended", first)
}
