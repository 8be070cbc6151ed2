package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// A commit appends pages to the write-ahead log, from where a checkpoint moves them
// into the file. SQLite would let the writer do that, while everybody who stores waits:
// it took an eighth of its time. So it is done beside it.
const (
	// pagesToMove are worth a checkpoint, 16 MB: pages that are written again and again,
	// as those of indexes are, leave the log once.
	pagesToMove = 4096
	// pagesToRestart is how long the log grows, to 48 MB, until it begins anew. It does
	// when all of its pages have left it and the file is flushed: for that, the writer
	// stands still.
	pagesToRestart = 12288
	// pagesToStop is where the writer does it itself, at 64 MB: it is so far ahead, or
	// whoever goes before it has failed.
	pagesToStop = 16384
)

const (
	// moveWhatCan moves what no reader needs in the log, and waits for nobody.
	moveWhatCan = `PRAGMA wal_checkpoint(PASSIVE)`
	// measureLog moves nothing.
	measureLog = `PRAGMA wal_checkpoint(NOOP)`
)

// checkpointer moves pages over a connection of its own, which waits for no reader.
// Two connections that move pages need SQLite 3.51.3 or newer: before, they could lose
// some (https://sqlite.org/wal.html#walresetbug).
type checkpointer struct {
	writer *writer
	db     *sql.DB // of one connection
	done   chan struct{}
}

func startCheckpointer(w *writer, c driver.Connector) *checkpointer {
	p := &checkpointer{writer: w, db: sql.OpenDB(c), done: make(chan struct{})}
	p.db.SetMaxOpenConns(1)
	go p.run()
	return p
}

// run moves pages whenever the writer says so, until it stops. What fails is done later,
// or by the writer.
func (p *checkpointer) run() {
	defer close(p.done)
	for range p.writer.grown {
		if pages, err := p.move(); err == nil && pages >= pagesToRestart {
			p.writer.pause(func() { _, _ = p.move() })
		}
	}
}

// move returns how many pages the log has.
func (p *checkpointer) move() (pages int, err error) {
	var busy, moved int
	err = p.db.QueryRowContext(context.Background(), moveWhatCan).Scan(&busy, &pages, &moved) // to break it off saves nothing
	return pages, err
}

// close waits for the end of run, for which the writer has to stop.
func (p *checkpointer) close() error {
	<-p.done
	return p.db.Close()
}
