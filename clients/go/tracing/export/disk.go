package export

import (
	"errors"
	"slices"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"
)

// lookAround opens the folder for files, and adopts what others have left there.
func (l *loop) lookAround(now time.Time) {
	if l.o.SpillDir == "" || now.Before(l.lookAt) {
		return
	}
	if !l.open(now) {
		l.lookAt = l.diskAt
		return
	}
	l.lookAt = now.Add(lookEvery)
	found, err := l.store.Adopt()
	l.queue.count(func(s *Stats) {
		s.Adopted += int64(found.Spans)
		s.Spilled += int64(found.Spans)
		s.SpilledBytes = l.store.Bytes()
	})
	l.report.adopted(found, now)
	if err != nil {
		l.report.disk(err, now)
	}
}

// open reports whether there is a store, which it tries to open when there is
// none.
func (l *loop) open(now time.Time) bool {
	if l.store != nil {
		return true
	}
	if l.o.SpillDir == "" || now.Before(l.diskAt) {
		return false
	}
	store, err := spill.Open(l.o.SpillDir, l.destination, l.o.MaxSpillBytes, l.o.disk)
	if err != nil {
		l.diskFailed(err, now)
		return false
	}
	l.store = store
	return true
}

// toDisk frees memory while the backend is away, or so slow that memory fills.
func (l *loop) toDisk(now time.Time) {
	for !now.Before(l.diskAt) && l.open(now) {
		at := l.queue.level()
		busy := l.flying != nil || now.Before(l.retryAt)
		if !l.away && !(busy && at.pressed) {
			return
		}
		inHand := slices.IndexFunc(l.hand, func(h *load) bool { return h.from == nil })
		switch {
		case inHand >= 0:
			if !l.put(l.hand[inHand], now) {
				return
			}
			l.hand = slices.Delete(l.hand, inHand, inHand+1)
		case l.ready(at, now) || at.pressed:
			if next := l.take(); !l.put(next, now) {
				l.hand = append(l.hand, next)
				return
			}
		default:
			return
		}
	}
}

// put writes a load that is in memory to disk, and reports whether it is safe
// there. If not, it stays what and where it is.
func (l *loop) put(held *load, now time.Time) bool {
	if !l.open(now) || held.request == nil {
		return false
	}
	if _, err := l.store.Put(held.request, held.n); err != nil {
		l.diskFailed(err, now)
		return false
	}
	l.diskWait = 0
	l.queue.count(func(s *Stats) {
		s.Held -= int64(held.n)
		s.HeldBytes -= int64(held.bytes)
		s.Spilled += int64(held.n)
		s.SpilledBytes = l.store.Bytes()
	})
	return true
}

// diskFailed leaves the disk alone for a while.
func (l *loop) diskFailed(err error, now time.Time) {
	l.diskWait = min(max(l.o.RetryMin, 2*l.diskWait), l.o.RetryMax)
	l.diskAt = now.Add(l.diskWait)
	l.queue.count(func(s *Stats) { s.SpillFailures++ })
	l.report.disk(err, now)
}

// fromDisk makes a load of the oldest file; nil when there is none.
func (l *loop) fromDisk(now time.Time) *load {
	if l.store == nil {
		return nil
	}
	for {
		file, ok := l.store.Take()
		if !ok {
			return nil
		}
		request, err := l.store.Read(file)
		if err == nil {
			return &load{request: request, n: file.Spans, from: &origin{file: file, loads: 1}}
		}
		l.report.disk(err, now)
		if !errors.Is(err, spill.ErrDamaged) {
			continue // it stays where it is, for a later process
		}
		l.queue.count(func(s *Stats) {
			s.Spilled -= int64(file.Spans)
			s.Dropped.Damaged += int64(file.Spans)
		})
		l.removeFile(file, now)
	}
}

// fileDone removes a file when nothing of it is left to deliver.
func (l *loop) fileDone(from *origin, now time.Time) {
	if from.loads--; from.loads == 0 {
		l.removeFile(from.file, now)
		l.diskAt, l.diskWait = time.Time{}, 0 // there is room again
	}
}

func (l *loop) removeFile(file spill.Entry, now time.Time) {
	if err := l.store.Remove(file); err != nil {
		l.report.disk(err, now)
	}
	l.queue.count(func(s *Stats) { s.SpilledBytes = l.store.Bytes() })
}
