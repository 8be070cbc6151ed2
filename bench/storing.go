package main

import (
	"context"
	"errors"
	"time"

	"github.com/agenttrace/agenttrace/bench/load"
	"github.com/agenttrace/agenttrace/bench/proc"
	"github.com/agenttrace/agenttrace/bench/report"
	"github.com/agenttrace/agenttrace/bench/send"
)

// oneSenders is how many processes send one span at a time.
const oneSenders = 32

// measureHTTP stores the load over OTLP/HTTP, in a database that is dropped.
func (b *bench) measureHTTP(ctx context.Context, store *backend) (err error) {
	db, err := store.create(ctx, "http")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.drop(ctx)) }()
	column := report.Column{Store: store.name, Way: report.HTTP}
	if err := b.storeLoad(ctx, db, b.load, &column); err != nil {
		return err
	}
	if column.Ones, err = b.measureOnes(ctx, store, report.HTTP); err != nil {
		return err
	}
	b.found.Columns = append(b.found.Columns, column)
	return nil
}

// measureGRPC stores the load over OTLP/gRPC, lets it settle, and asks about it.
func (b *bench) measureGRPC(ctx context.Context, store *backend) (err error) {
	db, err := store.create(ctx, "grpc")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.drop(ctx)) }()
	column := report.Column{Store: store.name, Way: report.GRPC}
	if err := b.storeLoad(ctx, db, b.load, &column); err != nil {
		return err
	}
	if b.wants("floor") && store.cluster == nil {
		if err := b.measureSQLiteFloor(ctx, db, column); err != nil {
			return err
		}
	}
	if column.Ones, err = b.measureOnes(ctx, store, report.GRPC); err != nil {
		return err
	}
	b.found.Columns = append(b.found.Columns, column)
	return b.settleAndAsk(ctx, store, db)
}

// storeLoad starts a server on the database, sends it the load, and stops it.
func (b *bench) storeLoad(ctx context.Context, db *database, l *load.Load, c *report.Column) error {
	s, err := b.start(ctx, db.url, neverSettle...)
	if err != nil {
		return err
	}
	defer s.stop()
	wal, err := db.wal(ctx)
	if err != nil {
		return err
	}
	plan := send.Plan{Target: s.grpc, Requests: l.Requests, Senders: b.senders}
	if c.Way == report.HTTP {
		plan.Target = s.http
	}
	if err := sendMeasured(ctx, l, plan, s.pid(), db.cpu, c); err != nil {
		return errors.Join(err, errors.New(s.log.String()))
	}
	logged, err := db.wal(ctx)
	if err != nil {
		return err
	}
	c.WAL = float64(logged-wal) / float64(l.Spans)
	s.stop()
	commits, err := db.commits(ctx)
	if err != nil {
		return err
	}
	disk, err := db.disk(ctx)
	if err != nil {
		return err
	}
	c.SpansPerCommit, c.Disk = float64(l.Spans)/float64(commits), float64(disk)/float64(l.Spans)
	return nil
}

// sendMeasured sends the load and notes what that took. The process is that of
// the server; 0 for none that can be measured.
func sendMeasured(ctx context.Context, l *load.Load, plan send.Plan, pid int, database func() time.Duration, c *report.Column) error {
	own, served, stored := proc.OwnCPU(), cpuOf(pid), database()
	sent, err := send.All(ctx, l, plan)
	if err != nil {
		return err
	}
	c.SpansPerSecond = float64(sent.Spans) / sent.Took.Seconds()
	c.Request = report.LatencyOf(sent.Latencies)
	c.SenderCPU = report.PerMillion(proc.OwnCPU()-own, sent.Spans)
	c.ServerCPU = report.PerMillion(cpuOf(pid)-served, sent.Spans)
	c.DatabaseCPU = report.PerMillion(database()-stored, sent.Spans)
	if pid != 0 {
		c.PeakMemory = proc.PeakMemory(pid)
	}
	return nil
}

func cpuOf(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	return proc.CPU(pid)
}

// measureOnes sends requests of one span each to a server on a database of its
// own, or returns nil where that was not asked for.
func (b *bench) measureOnes(ctx context.Context, store *backend, way string) (ones *report.Ones, err error) {
	if !b.wants("ones") {
		return nil, nil
	}
	db, err := store.create(ctx, "ones")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.drop(ctx)) }()
	s, err := b.start(ctx, db.url, neverSettle...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	target := s.grpc
	if way == report.HTTP {
		target = s.http
	}
	return b.sendOnes(ctx, target, s.pid(), db.cpu)
}

func (b *bench) sendOnes(ctx context.Context, target string, pid int, database func() time.Duration) (*report.Ones, error) {
	l, err := load.New(load.Options{Seed: b.seed + 1, Spans: b.ones, Batch: 1, First: time.Now().Add(-history), Range: history})
	if err != nil {
		return nil, err
	}
	var c report.Column
	plan := send.Plan{Target: target, Requests: l.Requests, Senders: oneSenders}
	if err := sendMeasured(ctx, l, plan, pid, database, &c); err != nil {
		return nil, err
	}
	return &report.Ones{Senders: oneSenders, RequestsPerSecond: c.SpansPerSecond, Request: c.Request, CPU: c.SenderCPU + c.Stored()}, nil
}

// measurePeers sends the load to other servers.
func (b *bench) measurePeers(ctx context.Context) error {
	for _, target := range b.peers {
		b.say("peer %s", target)
		c := report.Column{Store: target}
		nothing := func() time.Duration { return 0 }
		plan := send.Plan{Target: target, Requests: b.load.Requests, Senders: b.senders}
		if err := sendMeasured(ctx, b.load, plan, b.peerPID, nothing, &c); err != nil {
			return err
		}
		if b.wants("ones") {
			var err error
			if c.Ones, err = b.sendOnes(ctx, target, b.peerPID, nothing); err != nil {
				return err
			}
		}
		b.found.Columns = append(b.found.Columns, c)
	}
	return nil
}

// measureOurselvesAsPeer is what a quick run does in place of a peer.
func (b *bench) measureOurselvesAsPeer(ctx context.Context) error {
	store := &backend{dir: b.dir}
	db, err := store.create(ctx, "peer")
	if err != nil {
		return err
	}
	s, err := b.start(ctx, db.url)
	if err != nil {
		return err
	}
	defer s.stop()
	b.peers, b.peerPID = []string{s.grpc, s.http}, s.pid()
	return b.measurePeers(ctx)
}
