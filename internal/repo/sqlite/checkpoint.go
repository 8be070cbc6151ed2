package sqlite

import (
	"context"
	"database/sql"
)

// A commit appends pages to the write-ahead log, from where a checkpoint moves them
// into the file. SQLite would let the writer do that, while everybody who stores waits:
// it took an eighth of its time. So it is done beside it, on a connection that reads.
const (
	// writesToCheckpoint are so many statements of the writer that a checkpoint is
	// worth it: some 16 MB of pages, of which those that are written again and again,
	// as pages of indexes are, leave the log once.
	writesToCheckpoint = 8192
	// pagesToRestart is how long the log grows, to 48 MB, until it begins anew. It does
	// when all of its pages have left it, for which the writer must stand still.
	pagesToRestart = 12288
	// pagesToStop is where the writer does it itself, at 64 MB: it is so far ahead, or
	// whoever goes before it has failed.
	pagesToStop = 16384
)

// checkpoints moves pages whenever the writer has written enough, until it is closed.
// What fails is done later, or by the writer.
func (s *Store) checkpoints() {
	defer close(s.checkpointed)
	for range s.writer.wrote {
		pages, err := s.checkpoint()
		if err == nil && pages >= pagesToRestart {
			s.writer.pause(func() { _, _ = s.checkpoint() })
		}
	}
}

// checkpoint moves what no reader needs in the log any more, and waits for nobody. It
// returns how many pages the log has.
func (s *Store) checkpoint() (pages int, err error) {
	ctx := context.Background() // to break it off saves nothing
	err = s.read(ctx, "checkpoint", func(db *sql.DB) error {
		var busy, moved int
		return db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &pages, &moved)
	})
	return pages, err
}
