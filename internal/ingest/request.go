package ingest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/agenttrace/agenttrace/internal/model"
)

// spanOverhead estimates the memory of a narrow span beside its OTLP bytes, so
// that a million tiny spans count for what they take.
const spanOverhead = 1024

// request is what one call of Write waits for.
type request struct {
	ctx     context.Context // of the caller, for its values only
	records []model.Record

	mu       sync.Mutex
	pending  int // parcels without an outcome yet
	err      error
	rejected []Rejection
	done     chan struct{} // closed when pending is 0
}

// parcel is a part of a request that one transaction takes as a whole: some of
// the spans that belong to one shard.
type parcel struct {
	*request
	shard int
	at    []int // places in records
	bytes int
}

// reject notes that the record at place i will not be stored.
func (r *request) reject(i int, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rejected = append(r.rejected, Rejection{Index: i, Reason: reason})
}

// fail notes why a parcel could not be stored; the first reason counts.
func (r *request) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// settle says that one more parcel has its outcome.
func (r *request) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending--; r.pending == 0 {
		close(r.done)
	}
}

// result is valid after done is closed.
func (r *request) result() (Result, error) {
	if r.err != nil {
		return Result{}, r.err
	}
	slices.SortFunc(r.rejected, func(a, b Rejection) int { return cmp.Compare(a.Index, b.Index) })
	return Result{Accepted: len(r.records) - len(r.rejected), Rejected: r.rejected}, nil
}

// recordBytes is what the record at place i adds to the queue. Neighbours
// share their resource and scope, which count once.
func recordBytes(records []model.Record, i int) int {
	r := &records[i]
	n := len(r.Raw) + spanOverhead
	if i == 0 || !sameBytes(r.Resource, records[i-1].Resource) {
		n += len(r.Resource)
	}
	if i == 0 || !sameBytes(r.Scope, records[i-1].Scope) {
		n += len(r.Scope)
	}
	return n
}

// sameBytes reports whether a and b are the same memory.
func sameBytes(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
