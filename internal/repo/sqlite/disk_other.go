//go:build !linux && !darwin

package sqlite

// diskSpace does not know how to ask this system.
func diskSpace(string) (free, total int64) { return 0, 0 }
