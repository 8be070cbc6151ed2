package repotest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/repo"
)

func leaseLaws() []law {
	return []law{
		{name: "LeaseHasOneHolderAtATime", test: leaseHasOneHolder},
		{name: "LeaseIsProlongedByItsHolder", test: leaseIsProlonged},
		{name: "LeaseThatEndedGoesToTheNext", test: leaseThatEnded},
		{name: "LeaseThatEndedIsANewOneForItsHolderToo", test: leaseTakenAgain},
		{name: "ReleasedLeaseIsFreeAtOnce", test: releasedLease},
		{name: "OneOfManyGetsTheLease", test: oneOfManyGetsTheLease},
		{name: "SettleUnderALostLeaseStoresNothing", test: settleUnderALostLease},
		{name: "NobodySettlesUnderALeaseThatSomebodyElseGot", test: nobodySettlesBeside},
	}
}

// take takes a lease and checks whether it was to be had.
func (s *subject) take(t tb, name, holder string, d time.Duration, want bool) repo.Lease {
	t.Helper()
	lease, got, err := s.TakeLease(t.Context(), name, holder, d)
	if err != nil {
		t.Fatalf("TakeLease(%q, %q): %v", name, holder, err)
	}
	if got != want {
		t.Fatalf("TakeLease(%q, %q) = %+v, %t; want %t", name, holder, lease, got, want)
	}
	if got && (lease.Name != name || lease.Holder != holder || lease.Term == 0) {
		t.Fatalf("TakeLease(%q, %q) returns %+v", name, holder, lease)
	}
	return lease
}

// awaitEnd asks for a lease until it is to be had: until the time of its holder
// is over.
func (s *subject) awaitEnd(t tb, name, holder string, d time.Duration) repo.Lease {
	t.Helper()
	for giveUp := time.Now().Add(patience); ; {
		if time.Now().After(giveUp) {
			t.Fatalf("the lease %q does not end", name)
		}
		lease, got, err := s.TakeLease(t.Context(), name, holder, d)
		if err != nil {
			t.Fatalf("TakeLease(%q, %q): %v", name, holder, err)
		}
		if got {
			return lease
		}
	}
}

const (
	short    = 30 * time.Millisecond // soon over
	long     = time.Hour             // longer than any test
	patience = 20 * time.Second      // for what is over soon
)

func leaseHasOneHolder(t *testing.T, s *subject) {
	other, name := s.again(t), s.project
	first := s.take(t, name, "one", long, true)
	other.take(t, name, "two", long, false)
	s.take(t, name, "two", long, false)
	second := other.take(t, name+" of another name", "two", long, true)
	s.take(t, name+" of another name", "one", long, false)
	if first.Term != 1 || second.Term != 1 {
		t.Errorf("leases that nobody had before are of terms %d and %d", first.Term, second.Term)
	}
	s.take(t, "größe's "+name, "one", long, true)
}

// leaseIsProlonged tells by another lease that the time which was first asked for
// is over.
func leaseIsProlonged(t *testing.T, s *subject) {
	name, clock := s.project, s.project+" as a clock"
	first := s.take(t, name, "one", long, true)
	for range 3 {
		if again := s.take(t, name, "one", long, true); again != first {
			t.Errorf("prolonged, %+v became %+v", first, again)
		}
	}
	prolonged := name + " for longer"
	s.take(t, prolonged, "one", short, true)
	s.take(t, prolonged, "one", long, true)
	s.take(t, clock, "one", short, true)
	s.awaitEnd(t, clock, "two", short)
	s.again(t).take(t, prolonged, "two", long, false)
	s.take(t, name, "two", long, false)
}

func leaseThatEnded(t *testing.T, s *subject) {
	other, name := s.again(t), s.project
	first := s.take(t, name, "one", short, true)
	second := other.awaitEnd(t, name, "two", long)
	if second.Term != first.Term+1 {
		t.Errorf("term %d is followed by %d", first.Term, second.Term)
	}
	s.take(t, name, "one", long, false)
	if err := s.ReleaseLease(t.Context(), first); err != nil { // which is not held any more
		t.Fatal(err)
	}
	s.take(t, name, "one", long, false)
	if again := other.take(t, name, "two", long, true); again != second {
		t.Errorf("%+v became %+v", second, again)
	}
}

// leaseTakenAgain tells by another lease that one has ended which nobody else
// asked for.
func leaseTakenAgain(t *testing.T, s *subject) {
	name, clock := s.project, s.project+" as a clock"
	first := s.take(t, name, "one", short, true)
	s.take(t, clock, "one", short, true)
	s.awaitEnd(t, clock, "two", long)
	if err := s.Settle(t.Context(), &first, nil); !errors.Is(err, repo.ErrLeaseLost) {
		t.Fatalf("when its time is over: got %v, want ErrLeaseLost", err)
	}
	second := s.take(t, name, "one", long, true)
	if second.Term != first.Term+1 {
		t.Errorf("term %d is followed by %d", first.Term, second.Term)
	}
	if err := s.Settle(t.Context(), &first, nil); !errors.Is(err, repo.ErrLeaseLost) {
		t.Errorf("under the first term: got %v, want ErrLeaseLost", err)
	}
	if err := s.Settle(t.Context(), &second, nil); err != nil {
		t.Errorf("under the second term: %v", err)
	}
}

func releasedLease(t *testing.T, s *subject) {
	other, name := s.again(t), s.project
	held := s.take(t, name, "one", long, true)
	for _, foreign := range []repo.Lease{
		{Name: name, Holder: "two", Term: held.Term},
		{Name: name, Holder: "one", Term: held.Term + 1},
		{Name: name + "x", Holder: "one", Term: held.Term},
	} {
		if err := other.ReleaseLease(t.Context(), foreign); err != nil {
			t.Fatalf("ReleaseLease(%+v): %v", foreign, err)
		}
	}
	other.take(t, name, "two", long, false)
	for range 4 {
		if err := s.ReleaseLease(t.Context(), held); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(t.Context(), &held, nil); !errors.Is(err, repo.ErrLeaseLost) {
			t.Errorf("under a released lease: got %v, want ErrLeaseLost", err)
		}
		last := held
		holder := []string{"one", "two", "two"}[last.Term%3] // the same one, too
		if held = other.take(t, name, holder, long, true); held.Term != last.Term+1 {
			t.Errorf("term %d is followed by %d", last.Term, held.Term)
		}
	}
}

func oneOfManyGetsTheLease(t *testing.T, s *subject) {
	stores := []repo.Store{s, s.again(t)}
	for round := range 5 {
		var mutex sync.Mutex
		var holders []repo.Lease
		var group errgroup.Group
		for i := range 8 {
			group.Go(func() error {
				lease, got, err := stores[i%2].TakeLease(t.Context(), s.project, fmt.Sprintf("holder %d", i), long)
				if got {
					mutex.Lock()
					defer mutex.Unlock()
					holders = append(holders, lease)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if len(holders) != 1 || holders[0].Term != int64(round+1) {
			t.Fatalf("round %d: %d have the lease: %+v", round, len(holders), holders)
		}
		if err := s.ReleaseLease(t.Context(), holders[0]); err != nil {
			t.Fatal(err)
		}
	}
}

func settleUnderALostLease(t *testing.T, s *subject) {
	batch := onWire(t, teamRun(s.project, 1, at(0, noon))...)
	s.inParts(t, batch, 2)
	settlements := []repo.Settlement{s.settlement(t, traceID(1), nanosPerToken(3))}
	ended := s.take(t, s.project, "one", short, true)
	held := s.awaitEnd(t, s.project, "two", long)
	for name, fence := range map[string]repo.Lease{
		"which has ended":    ended,
		"of another holder":  {Name: held.Name, Holder: "one", Term: held.Term},
		"of another term":    {Name: held.Name, Holder: held.Holder, Term: held.Term + 1},
		"that nobody holds":  {Name: held.Name + "x", Holder: held.Holder, Term: held.Term},
		"that never existed": {},
	} {
		if err := s.Settle(t.Context(), &fence, settlements); !errors.Is(err, repo.ErrLeaseLost) {
			t.Errorf("under a lease %s: got %v, want ErrLeaseLost", name, err)
		}
		s.holdsRecords(t, batch)
	}
	if err := s.Settle(t.Context(), &held, settlements); err != nil {
		t.Fatal(err)
	}
	s.holdsSettled(t, batch, nanosPerToken(3))
}

// nobodySettlesBeside lets one settle under short leases, at one price after the
// other, until another has the lease: from then on, nothing of the first is
// stored.
func nobodySettlesBeside(t *testing.T, s *subject) {
	batch := onWire(t, teamRun(s.project, 1, at(0, noon))...)
	s.writeRecords(t, batch)
	for round := range 6 {
		name, other := fmt.Sprintf("%s %d", s.project, round), s.again(t)
		lease := s.take(t, name, "one", short/3, true)
		var first errgroup.Group
		first.Go(func() error { return settleUnder(t.Context(), s, lease) })
		other.awaitEnd(t, name, "two", long)
		before := other.bills(t, repo.BillQuery{MaxSums: 1})
		if err := first.Wait(); !errors.Is(err, repo.ErrLeaseLost) {
			t.Fatalf("got %v, want ErrLeaseLost", err)
		}
		sameSums(t, repo.BillQuery{}, before, other.bills(t, repo.BillQuery{MaxSums: 1}))
	}
}

// settleUnder settles at a rising price until the lease is lost.
func settleUnder(ctx context.Context, s *subject, lease repo.Lease) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for price := nanosPerToken(1); ; price++ {
		settlement, err := readSettlement(ctx, s, s.project, traceID(1), price)
		if err != nil {
			return err
		}
		if err := s.Settle(ctx, &lease, []repo.Settlement{settlement}); err != nil {
			return err
		}
	}
}
