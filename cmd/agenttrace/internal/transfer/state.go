package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stateVersion is of the files that remember how far a transfer has come.
const stateVersion = 1

// readState reads a file of state; ok is false where there is none. An empty one is
// none: it is what a machine that died may leave, since states are not forced onto
// the disk one by one.
func readState(path string, state any) (ok bool, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || len(data) == 0 {
		return false, err
	}
	var version struct{ Version int }
	if err := json.Unmarshal(data, &version); err != nil {
		return false, fmt.Errorf("%s does not say how far a transfer has come: %w", path, err)
	}
	if version.Version != stateVersion {
		return false, fmt.Errorf("%s is of version %d of this program's state, want %d", path, version.Version, stateVersion)
	}
	if err := json.Unmarshal(data, state); err != nil {
		return false, fmt.Errorf("%s does not say how far a transfer has come: %w", path, err)
	}
	return true, nil
}

// writeState replaces a file of state as a whole: whoever reads it sees the old
// or the new.
func writeState(path string, state any) error {
	data, err := json.Marshal(state)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(append(data, '\n'))
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		os.Remove(temporary.Name())
		return fmt.Errorf("remember how far the transfer has come: %w", err)
	}
	return nil
}
