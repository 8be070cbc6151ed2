package spill

import (
	"io"
	"os"
)

// Disk is what a store asks of a file system. Tests put faults into it.
type Disk interface {
	// MakeFolder creates a folder and those above it, for this user alone.
	MakeFolder(name string) error
	// Create creates a file for writing; it is an error if it exists.
	Create(name string) (File, error)
	ReadFile(name string) ([]byte, error)
	ReadFolder(name string) ([]os.DirEntry, error)
	Rename(from, to string) error
	Remove(name string) error
	// SyncFolder makes renames in a folder last.
	SyncFolder(name string) error
}

// File is a file that is being written.
type File interface {
	io.WriteCloser
	// Sync returns when what was written will last.
	Sync() error
}

// OS is the operating system's file system.
type OS struct{}

// MakeFolder creates a folder and those above it.
func (OS) MakeFolder(name string) error { return os.MkdirAll(name, 0o700) }

// Create creates a file that does not exist yet.
func (OS) Create(name string) (File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// ReadFile returns what a file holds.
func (OS) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

// ReadFolder lists a folder by name.
func (OS) ReadFolder(name string) ([]os.DirEntry, error) { return os.ReadDir(name) }

// Rename gives a file another name.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove removes a file or an empty folder.
func (OS) Remove(name string) error { return os.Remove(name) }

// SyncFolder makes renames in a folder last, where the system can do that for
// folders; elsewhere they last by themselves, or not at all.
func (OS) SyncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	_ = folder.Sync() // Windows and some network file systems refuse
	return folder.Close()
}
