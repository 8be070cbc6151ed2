//go:build linux || darwin

package sqlite

import (
	"path/filepath"
	"syscall"
)

// diskSpace returns what this process may still write to the disk of a file, and
// how large that disk is; 0 where the system does not say.
func diskSpace(file string) (free, total int64) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(file), &s); err != nil {
		return 0, 0
	}
	size := int64(s.Bsize)
	return int64(s.Bavail) * size, int64(s.Blocks) * size
}
