package main

import (
	"context"
	"time"

	"github.com/agenttrace/agenttrace/bench/proc"
	"github.com/agenttrace/agenttrace/bench/report"
	"github.com/agenttrace/agenttrace/bench/send"
)

const (
	// pace is how many spans a second are sent while they settle.
	pace = 25_000
	// quiet is how long a trace rests before it settles, in these measurements.
	quiet = time.Second
)

// settleAndAsk settles what is stored in the database, asks about it, and then
// sends more while that settles.
func (b *bench) settleAndAsk(ctx context.Context, store *backend, db *database) error {
	if !b.wants("settle", "ask", "pace") {
		return nil
	}
	b.say("%s: settle", store.name)
	settled := report.Settled{Store: store.name}
	s, err := b.settle(ctx, db, b.load.Spans, &settled)
	if err != nil {
		return err
	}
	defer func() { s.stop() }()
	if b.wants("ask") {
		b.say("%s: ask", store.name)
		answered, err := b.ask(ctx, s, db, b.load)
		if err != nil {
			return err
		}
		answered.Store, answered.Spans = store.name, b.load.Spans
		b.found.Answered = append(b.found.Answered, answered)
	}
	s.stop()
	stored := b.load.Spans
	if b.wants("pace") {
		b.say("%s: pace", store.name)
		more, err := b.settleBeside(ctx, db, &settled)
		if err != nil {
			return err
		}
		stored += more
	}
	if err := measureSettled(ctx, db, stored, &settled); err != nil {
		return err
	}
	b.found.Settled = append(b.found.Settled, settled)
	return nil
}

// settle starts a server on spans that were stored, and measures until they have
// settled. The server stays, and the database is as it would be a little later.
func (b *bench) settle(ctx context.Context, db *database, spans int, settled *report.Settled) (*server, error) {
	database := db.cpu()
	began := time.Now()
	s, err := b.start(ctx, db.url, "--settle-after=100ms")
	if err != nil {
		return nil, err
	}
	if err := s.waitSettled(ctx, spans); err != nil {
		s.stop()
		return nil, err
	}
	settled.SpansPerSecond = float64(spans) / time.Since(began).Seconds()
	settled.ServerCPU = report.PerMillion(s.cpu(), spans)
	settled.DatabaseCPU = report.PerMillion(db.cpu()-database, spans)
	settled.PeakMemory = proc.PeakMemory(s.pid())
	return s, db.vacuum(ctx)
}

// measureSettled notes what the database takes when all has settled and the server
// has stopped: SQLite's log is empty then.
func measureSettled(ctx context.Context, db *database, spans int, settled *report.Settled) error {
	disk, err := db.disk(ctx)
	if err != nil {
		return err
	}
	settled.Disk = float64(disk) / float64(spans)
	settled.Tables, err = db.tables(ctx, spans)
	return err
}

// settleBeside sends as many spans again at a steady pace to a server that settles
// them, and returns how many. It stops the server; the database is as it would be a
// little later: PostgreSQL gives back what it can of the room that open traces had.
func (b *bench) settleBeside(ctx context.Context, db *database, settled *report.Settled) (int, error) {
	l, err := b.newLoad(b.seed+2, b.spans, history)
	if err != nil {
		return 0, err
	}
	s, err := b.start(ctx, db.url, "--settle-after="+quiet.String(), "--settle-at-most=5m")
	if err != nil {
		return 0, err
	}
	defer s.stop()
	var sent report.Column
	own, served, stored := proc.OwnCPU(), s.cpu(), db.cpu()
	plan := send.Plan{Target: s.grpc, Requests: l.Requests, Senders: b.senders, Pace: pace}
	if err := sendMeasured(ctx, l, plan, s.pid(), db.cpu, &sent); err != nil {
		return 0, err
	}
	acknowledged := time.Now()
	if err := s.waitSettled(ctx, l.Spans); err != nil {
		return 0, err
	}
	settled.Behind = max(0, time.Since(acknowledged)-quiet).Seconds()
	settled.Pace, settled.Paced, settled.PacedWait = pace, sent.SpansPerSecond, sent.Request
	settled.PacedCPU = report.PerMillion(proc.OwnCPU()-own+s.cpu()-served+db.cpu()-stored, l.Spans)
	return l.Spans, db.vacuum(ctx)
}
