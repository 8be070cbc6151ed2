//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package spill

import (
	"errors"
	"fmt"
	"os"
)

// openLocked cannot be done here: this system has no lock that ends with the
// process that holds it.
func openLocked(name string, _ bool) (*os.File, error) {
	return nil, fmt.Errorf("lock %s: %w on this system", name, errors.ErrUnsupported)
}
