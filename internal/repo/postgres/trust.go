package postgres

import "sync/atomic"

// trust says whether the spans of the next batch are taken to be new. One that is
// not costs its batch a second transaction, so that after one the next batches are
// looked at more closely.
type trust struct{ doubts atomic.Int32 }

// afterDuplicate is for how many batches there are doubts. Who sends every span
// twice pays a thirtieth more for it.
const afterDuplicate = 30

func (t *trust) lost() { t.doubts.Store(afterDuplicate) }

// given reports whether the next batch is trusted.
func (t *trust) given() bool {
	if t.doubts.Load() <= 0 {
		return true
	}
	t.doubts.Add(-1)
	return false
}
