package spill

import (
	"errors"
	"os"
)

// errTaken is returned for a lock that somebody else holds.
var errTaken = errors.New("another process holds the lock")

// lock is a file that one process at a time can hold.
type lock struct {
	file *os.File
	name string
}

// takeLock takes the lock of that name, which must exist unless it is to be
// created. It does not wait: errTaken when somebody holds it.
func takeLock(name string, create bool) (*lock, error) {
	file, err := openLocked(name, create)
	if err != nil {
		return nil, err
	}
	// Whoever held it before may have removed the file in between: then this is a
	// lock on nothing.
	mine, err := file.Stat()
	if err == nil {
		var there os.FileInfo
		if there, err = os.Stat(name); err == nil && !os.SameFile(mine, there) {
			err = errTaken
		}
	}
	if err != nil {
		return nil, errors.Join(errTaken, err, file.Close())
	}
	return &lock{file: file, name: name}, nil
}

// remove removes the lock's file and lets go of the lock.
func (l *lock) remove() error {
	removed := os.Remove(l.name)
	err := l.file.Close()
	if removed != nil { // Windows removes no open file
		removed = os.Remove(l.name)
	}
	return errors.Join(removed, err)
}

// release lets go of the lock.
func (l *lock) release() error { return l.file.Close() }
