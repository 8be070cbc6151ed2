package spill

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ErrFull is returned when a request would exceed the limit of a store.
var ErrFull = errors.New("the folder is full")

// Store is one owner's files.
type Store struct {
	disk   Disk
	shared string // the folder of the destination
	owner  string
	folder string // this owner's, in shared
	lock   *lock  // of the folder; nil while there is none
	max    int64

	files  []Entry // oldest first
	bytes  int64   // of all that take room, those that could not be removed included
	number int
}

// Open makes a store in dir, for requests to one destination, of max bytes.
func Open(dir, destination string, max int64, disk Disk) (*Store, error) {
	sum := sha256.Sum256([]byte(destination))
	s := &Store{disk: disk, shared: filepath.Join(dir, hex.EncodeToString(sum[:8])), max: max}
	for range 10 {
		err := s.settle()
		if err == nil {
			return s, nil
		}
		// Another process that looks for folders without an owner may have met this one
		// before it was locked, and taken it away.
		if !errors.Is(err, errTaken) && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no folder in %s stays there long enough to be locked", s.shared)
}

// settle makes and locks a folder of a new name.
func (s *Store) settle() error {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	s.owner = hex.EncodeToString(id[:])
	s.folder = filepath.Join(s.shared, s.owner)
	if err := s.disk.MakeFolder(s.folder); err != nil {
		return err
	}
	lock, err := takeLock(filepath.Join(s.folder, lockName), true)
	s.lock = lock
	return err
}

// Len is how many files wait.
func (s *Store) Len() int { return len(s.files) }

// Bytes is how much room they take.
func (s *Store) Bytes() int64 { return s.bytes }

// HasRoom reports whether a request of so many bytes would be taken.
func (s *Store) HasRoom(bytes int) bool { return s.bytes+int64(bytes+headerSize) <= s.max }

// Put writes a request of so many spans to disk. When it returns nil the request
// will outlive this process; otherwise nothing of it is left.
func (s *Store) Put(payload []byte, spans int) (Entry, error) {
	if !s.HasRoom(len(payload)) {
		return Entry{}, ErrFull
	}
	if s.lock != nil {
		e, err := s.put(payload, spans)
		if !errors.Is(err, fs.ErrNotExist) {
			return e, err
		}
		// Somebody has removed the folder, as those do that clean up. What was in it is
		// gone; the next file goes into a new one.
		if err := s.letGo(); err != nil {
			return Entry{}, err
		}
	}
	if err := s.settle(); err != nil {
		return Entry{}, err
	}
	return s.put(payload, spans)
}

// letGo lets go of the folder, if there is one.
func (s *Store) letGo() error {
	held := s.lock
	s.lock = nil
	if held == nil {
		return nil
	}
	return held.release()
}

func (s *Store) put(payload []byte, spans int) (Entry, error) {
	s.number++
	stem := fmt.Sprintf("%020d-%s-%06d-%d", time.Now().UnixNano(), s.owner, s.number, spans)
	aside, final := s.path(stem+temporary), s.path(stem+suffix)
	if err := s.write(aside, payload, spans); err != nil {
		return Entry{}, errors.Join(err, gone(s.disk.Remove(aside)))
	}
	if err := s.disk.Rename(aside, final); err != nil {
		return Entry{}, errors.Join(err, gone(s.disk.Remove(aside)))
	}
	if err := s.disk.SyncFolder(s.folder); err != nil {
		return Entry{}, errors.Join(err, gone(s.disk.Remove(final)))
	}
	e := Entry{name: stem + suffix, Spans: spans, Bytes: int64(len(payload) + headerSize)}
	s.files = append(s.files, e)
	s.bytes += e.Bytes
	return e, nil
}

// gone makes nothing of the error that something is not there.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *Store) write(name string, payload []byte, spans int) error {
	file, err := s.disk.Create(name)
	if err != nil {
		return err
	}
	_, err = file.Write(header(payload, spans))
	if err == nil {
		_, err = file.Write(payload)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// Take returns the oldest file, which the store forgets: whoever took it reads it
// and removes it, or gives it back.
func (s *Store) Take() (Entry, bool) {
	if len(s.files) == 0 {
		return Entry{}, false
	}
	e := s.files[0]
	s.files = slices.Delete(s.files, 0, 1)
	return e, true
}

// GiveBack puts a file that was taken where it was.
func (s *Store) GiveBack(e Entry) { s.insert(e) }

func (s *Store) insert(e Entry) {
	at, _ := slices.BinarySearchFunc(s.files, e, func(a, b Entry) int { return strings.Compare(a.name, b.name) })
	s.files = slices.Insert(s.files, at, e)
}

// Read returns the request in a file; ErrDamaged when there is none any more.
func (s *Store) Read(e Entry) ([]byte, error) {
	content, err := s.disk.ReadFile(s.path(e.name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(ErrDamaged, err) // somebody removed it
	}
	if err != nil {
		return nil, err
	}
	payload, spans, err := parse(content)
	if err == nil && spans != e.Spans {
		err = ErrDamaged
	}
	return payload, err
}

// Remove removes a file that was taken. When that fails the file keeps its room;
// a later process will find it.
func (s *Store) Remove(e Entry) error {
	if err := gone(s.disk.Remove(s.path(e.name))); err != nil {
		return err
	}
	s.bytes -= e.Bytes
	return nil
}

func (s *Store) path(name string) string { return filepath.Join(s.folder, name) }

// Close lets go of the folder: its files belong to whoever looks next. An empty
// one is removed.
func (s *Store) Close() error {
	if s.lock == nil {
		return nil
	}
	entries, err := s.disk.ReadFolder(s.folder)
	if err == nil && len(entries) == 1 { // the lock alone
		return errors.Join(s.lock.remove(), gone(s.disk.Remove(s.folder)))
	}
	return errors.Join(err, s.letGo())
}
