package spill

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// Found is what was adopted from owners that are no more.
type Found struct {
	// Files and Spans are what now waits in this store.
	Files int
	Spans int
	// Torn is how many files were still being written when their owner ended, and
	// are not whole. They were removed.
	Torn int
}

// Adopt looks for folders of this destination whose owner is no more and moves
// their files into this store. What it cannot move stays for the next who looks.
func (s *Store) Adopt() (Found, error) {
	var found Found
	entries, err := s.disk.ReadFolder(s.shared)
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != s.owner {
			err = errors.Join(err, s.adopt(filepath.Join(s.shared, entry.Name()), &found))
		}
	}
	return found, err
}

func (s *Store) adopt(folder string, found *Found) error {
	lock, err := takeLock(filepath.Join(folder, lockName), false)
	if errors.Is(err, errTaken) {
		return nil // its owner lives
	}
	if errors.Is(err, fs.ErrNotExist) {
		// Its owner ended before it had a lock, or is about to have one; that one tries
		// again under another name. A folder with anything in it stays.
		_ = s.disk.Remove(folder)
		return nil
	}
	if err != nil {
		return err
	}
	entries, err := s.disk.ReadFolder(folder)
	if err != nil {
		return errors.Join(err, lock.release())
	}
	left := false
	for _, entry := range entries {
		if entry.Name() == lockName {
			continue
		}
		moved, failed := s.move(folder, entry, found)
		left = left || !moved
		err = errors.Join(err, failed)
	}
	if left {
		return errors.Join(err, lock.release())
	}
	// Between the two, another who looks may take the folder for one without an
	// owner, and remove it.
	return errors.Join(err, lock.remove(), gone(s.disk.Remove(folder)))
}

// move takes one file over, and reports whether it is out of the folder.
func (s *Store) move(folder string, entry fs.DirEntry, found *Found) (bool, error) {
	from := filepath.Join(folder, entry.Name())
	name := entry.Name()
	if stem, ok := strings.CutSuffix(name, temporary); ok {
		content, err := s.disk.ReadFile(from)
		if err == nil {
			_, _, err = parse(content)
		}
		if errors.Is(err, ErrDamaged) {
			found.Torn++
			err = s.disk.Remove(from)
			return err == nil, err
		}
		if err != nil {
			return false, err
		}
		name = stem + suffix
	}
	info, err := entry.Info()
	if err != nil {
		return false, err
	}
	e, ok := entryOf(name, info.Size())
	if !ok {
		return false, nil // not ours
	}
	if err := s.disk.Rename(from, s.path(name)); err != nil {
		return false, err
	}
	s.insert(e)
	s.bytes += e.Bytes
	found.Files++
	found.Spans += e.Spans
	return true, nil
}
