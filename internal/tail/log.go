package tail

import (
	"context"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// pageChanges is how many entries are read of the change log at once. What a
// page holds has one cursor.
const pageChanges = 64

// page is what was read of the log at once, as far as the project is concerned.
type page struct {
	changes []repo.Change // at least one
	cursor  repo.Cursor   // behind them
}

// logReader reads the change log for one tail. It reads ahead of what the tail
// has sent, to know how far behind the tail is. What it holds is bounded: by
// most spans while the tail is live, by one page before.
type logReader struct {
	feed    repo.Feed
	project string
	most    int

	cursor repo.Cursor // behind all that was read
	passed repo.Cursor // behind all that the tail is done with
	atHead bool        // nothing was left at the last read
	live   bool        // the tail has once been done with everything
	pages  []page
	behind int // spans in pages
}

// openLog returns a reader that goes on behind since, or with what is stored
// from now on.
func openLog(ctx context.Context, feed repo.Feed, project string, since repo.Cursor, most int) (*logReader, error) {
	r := &logReader{feed: feed, project: project, most: most, cursor: since}
	if since == "" {
		head, err := feed.Head(ctx)
		if err != nil {
			return nil, err
		}
		r.cursor, r.live = head, true
	}
	r.passed = r.cursor
	return r, nil
}

// read reads on: a page, or, while the tail is live, up to the head or until the
// tail is too far behind.
func (r *logReader) read(ctx context.Context) error {
	for !r.atHead && !r.tooFar() && (r.live || len(r.pages) == 0) {
		changes, err := r.readPage(ctx)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			r.pages = append(r.pages, page{changes: changes, cursor: r.cursor})
			r.behind += spansOf(changes)
		}
		if !r.live {
			r.caughtUp()
			return nil
		}
	}
	return nil
}

// caughtUp notes when nothing is left for the first time.
func (r *logReader) caughtUp() { r.live = r.live || r.atHead && len(r.pages) == 0 }

// readPage returns the next changes of the project: perhaps none of a page.
func (r *logReader) readPage(ctx context.Context) ([]repo.Change, error) {
	all, next, err := r.feed.Changes(ctx, r.cursor, pageChanges)
	if err != nil {
		return nil, err
	}
	r.cursor, r.atHead = next, len(all) < pageChanges
	var ours []repo.Change
	for _, c := range all {
		if c.Project == r.project {
			ours = append(ours, c)
		}
	}
	return ours, nil
}

// tooFar reports whether the tail has to give up what it is behind.
func (r *logReader) tooFar() bool { return r.live && r.behind > r.most }

// giveUp goes to the head and returns what was left out on the way.
func (r *logReader) giveUp(ctx context.Context) (*Dropped, error) {
	dropped := &Dropped{}
	var last repo.WriteID
	count := func(changes []repo.Change) {
		for _, c := range changes {
			dropped.Spans += int64(c.Spans)
			// The changes of one write follow each other.
			if c.Write != last || c.Write == 0 {
				dropped.Writes++
			}
			last = c.Write
		}
	}
	for _, p := range r.pages {
		count(p.changes)
	}
	r.pages, r.behind = nil, 0
	for !r.atHead {
		changes, err := r.readPage(ctx)
		if err != nil {
			return nil, err
		}
		count(changes)
	}
	return dropped, nil
}

// done lets go of the first page, of which everything was sent.
func (r *logReader) done() {
	r.passed = r.pages[0].cursor
	r.behind -= spansOf(r.pages[0].changes)
	r.pages[0] = page{} // its memory is needed no more
	r.pages = r.pages[1:]
	r.caughtUp()
}

// place returns the cursor behind all that the tail is done with.
func (r *logReader) place() repo.Cursor {
	if len(r.pages) == 0 {
		return r.cursor // the rest of what was read concerns others
	}
	return r.passed
}

func spansOf(changes []repo.Change) (n int) {
	for _, c := range changes {
		n += c.Spans
	}
	return n
}
