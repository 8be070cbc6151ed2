package settle_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// connection is a store as one process sees it.
type connection struct {
	repo.Reader // what is not needed is not there
	repo.Settler
	*database

	mu     sync.Mutex
	dead   bool // a process that was killed changes nothing any more
	before func(ctx context.Context, call string) error
}

func (d *database) connect() *connection { return &connection{database: d} }

func (c *connection) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
}

// enter is called at the beginning of each call.
func (c *connection) enter(ctx context.Context, call string) error {
	if c.before != nil {
		if err := c.before(ctx, call); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return errors.New("killed")
	}
	return ctx.Err()
}

func (c *connection) Unsettled(ctx context.Context, project string, ids []model.TraceID) (refs []repo.TraceRef, err error) {
	if err := c.enter(ctx, "Unsettled"); err != nil {
		return nil, err
	}
	d := c.database
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range ids {
		if s := d.traces[traceKey{project, id}]; s != nil && !s.isSettled() {
			t := s.sum()
			refs = append(refs, repo.TraceRef{ID: id, Range: model.Including(t.StartNano, t.EndNano), MaxSpans: t.Spans})
		}
	}
	return refs, nil
}

func (c *connection) Segments(ctx context.Context, project string, refs ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		for _, ref := range refs {
			if err := c.enter(ctx, "Segments"); err != nil {
				yield(repo.Segment{}, err)
				return
			}
			for _, g := range c.segmentsOf(project, ref) {
				wrong := c.wrongWith(ref.ID)
				if wrong.unreadable != nil {
					yield(repo.Segment{}, wrong.unreadable)
					return
				}
				lent := otlp.AppendTracesData(nil, g.records)
				if wrong.damaged != nil {
					lent = slices.Clone(wrong.damaged)
				}
				out := repo.Segment{
					TraceID: ref.ID, Place: g.place, Spans: len(g.records), Writes: g.writes, Data: lent, Quick: g.quick,
					Earliest: g.records[0].Span.StartNano, Latest: g.records[len(g.records)-1].Span.StartNano,
				}
				if slices.Max(g.writes) == slices.Min(g.writes) {
					out.Write, out.Writes = g.writes[0], nil
				}
				more := yield(out, nil)
				clear(lent)
				if !more {
					return
				}
			}
			if err := c.enter(ctx, "Segments, behind a trace"); err != nil {
				yield(repo.Segment{}, err)
				return
			}
		}
	}
}

func (c *connection) Settle(ctx context.Context, fence *repo.Lease, settlements []repo.Settlement) error {
	d := c.database
	if fence != nil {
		if err := d.holdFence(fence); err != nil {
			return err
		}
		defer d.leaveFence()
	}
	if err := c.enter(ctx, "Settle"); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range settlements {
		if err := d.wrong[settlements[i].TraceID].unstorable; err != nil {
			return err
		}
	}
	seen := map[traceKey]bool{}
	for i := range settlements {
		key := traceKey{settlements[i].Project, settlements[i].TraceID}
		if seen[key] {
			d.fault("trace %s stands there twice", key.id)
		}
		seen[key] = true
		d.settle(d.traces[key], &settlements[i])
	}
	d.settles = append(d.settles, len(settlements))
	if fence != nil {
		d.terms = append(d.terms, fence.Term)
	}
	return nil
}

func (c *connection) TakeLease(ctx context.Context, name, holder string, length time.Duration) (repo.Lease, bool, error) {
	if err := c.enter(ctx, "TakeLease"); err != nil {
		return repo.Lease{}, false, err
	}
	d := c.database
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	free := !now.Before(d.until) && d.storing == 0
	if d.lease.Holder != holder || !now.Before(d.until) {
		if !free {
			return repo.Lease{}, false, nil
		}
		d.lease = repo.Lease{Name: name, Holder: holder, Term: d.lease.Term + 1}
	}
	d.until = now.Add(length)
	return d.lease, true, nil
}

func (c *connection) ReleaseLease(ctx context.Context, l repo.Lease) error {
	if err := c.enter(ctx, "ReleaseLease"); err != nil {
		return err
	}
	d := c.database
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lease == l {
		d.until = time.Time{}
	}
	return nil
}

func (c *connection) Head(context.Context) (repo.Cursor, error) {
	panic("settling begins where it was, not at the head")
}

func cursorAt(n int) repo.Cursor { return repo.Cursor(strconv.Itoa(n)) }

func (c *connection) Changes(ctx context.Context, after repo.Cursor, limit int) ([]repo.Change, repo.Cursor, error) {
	if err := c.enter(ctx, "Changes"); err != nil {
		return nil, "", err
	}
	d := c.database
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.floor
	if after != "" {
		at, _ = strconv.Atoi(string(after))
	}
	if at < d.floor {
		return nil, "", repo.ErrCursorExpired
	}
	page := d.entries[at:min(at+limit, len(d.entries))]
	return slices.Clone(page), cursorAt(at + len(page)), nil
}

func (c *connection) LoadCursor(ctx context.Context, consumer string) (repo.Cursor, error) {
	if err := c.enter(ctx, "LoadCursor"); err != nil {
		return "", err
	}
	c.database.mu.Lock()
	defer c.database.mu.Unlock()
	return c.cursors[consumer], nil
}

func (c *connection) SaveCursor(ctx context.Context, consumer string, cursor repo.Cursor) error {
	if err := c.enter(ctx, "SaveCursor"); err != nil {
		return err
	}
	c.database.mu.Lock()
	defer c.database.mu.Unlock()
	c.cursors[consumer] = cursor
	return nil
}

func (c *connection) Trace(ctx context.Context, project string, id model.TraceID) (*model.Trace, error) {
	if err := c.enter(ctx, "Trace"); err != nil {
		return nil, err
	}
	c.database.mu.Lock()
	defer c.database.mu.Unlock()
	if s := c.traces[traceKey{project, id}]; s != nil {
		return s.sum(), nil
	}
	return nil, repo.ErrNotFound
}

func (c *connection) Traces(ctx context.Context, project string, q repo.TraceQuery) (page []*model.Trace, err error) {
	if err := c.enter(ctx, "Traces"); err != nil {
		return nil, err
	}
	c.database.mu.Lock()
	defer c.database.mu.Unlock()
	order := func(a, b repo.TraceCursor) int {
		return -cmp.Or(cmp.Compare(a.Key, b.Key), bytes.Compare(a.TraceID[:], b.TraceID[:]))
	}
	for key, s := range c.traces {
		t := s.sum()
		t.Project, t.TraceID = project, key.id
		if key.project == project && q.Start.Contains(t.StartNano) && (q.After == nil || order(q.Order.CursorOf(t), *q.After) > 0) {
			page = append(page, t)
		}
	}
	slices.SortFunc(page, func(a, b *model.Trace) int { return order(q.Order.CursorOf(a), q.Order.CursorOf(b)) })
	return page[:min(len(page), q.Limit)], nil
}

var _ settle.Store = (*connection)(nil)

// perToken is what a token costs, in billionths of a dollar; spans of the model
// "broken" make it panic.
type perToken int64

func (p perToken) Price(s *model.Span) (int64, bool) {
	if s.Model == "broken" {
		panic("broken")
	}
	return int64(p) * s.Usage.Sum(), s.Model != "unknown"
}

var _ runs.Pricer = perToken(0)
