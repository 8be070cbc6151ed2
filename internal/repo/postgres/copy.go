package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

// copyStream is rows in the binary format of COPY.
type copyStream struct{ binaryRow }

// copyHead begins a stream: a signature, then no flags and no extension.
const copyHead = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// streams keeps the memory of streams from one batch to the next.
var streams = sync.Pool{New: func() any { return new(copyStream) }}

// keepStream is how large a stream may have become whose memory is kept.
const keepStream = 16 << 20

func openStream() *copyStream {
	s := streams.Get().(*copyStream)
	s.buf = append(s.buf[:0], copyHead...)
	return s
}

func (s *copyStream) close() {
	if cap(s.buf) <= keepStream {
		streams.Put(s)
	}
}

// row begins a row of so many columns.
func (s *copyStream) row(columns uint16) { s.buf = binary.BigEndian.AppendUint16(s.buf, columns) }

// send runs COPY, which may have other statements in front of it.
func (s *copyStream) send(ctx context.Context, conn *pgxpool.Conn, statements string) error {
	s.buf = binary.BigEndian.AppendUint16(s.buf, 0xffff) // no more rows
	_, err := conn.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(s.buf), statements)
	if err != nil {
		s.buf = nil // the driver may go on reading it for a while
	}
	return err
}

const copySpansSQL = `COPY spans (` + spanRowNames + `) FROM STDIN (FORMAT binary)`

// copySpans begins the transaction and stores narrow rows, none of which may be
// there yet. It costs PostgreSQL a good deal less than insertSpans does: rows go
// into a page together, and nothing is looked for beforehand or returned.
func copySpans(ctx context.Context, conn *pgxpool.Conn, records []model.Record) error {
	s := openStream()
	defer s.close()
	for _, r := range records {
		s.row(spanRowColumns)
		writeSpan(s, r.Span)
	}
	return s.send(ctx, conn, `BEGIN; `+demandDurabilitySQL+`; `+copySpansSQL)
}

const copySegmentsSQL = `
COPY open_segments (project, trace_id, start_ns, span_id, latest_ns, spans, raw_bytes, payload) FROM STDIN (FORMAT binary)`

// copySegments stores segments, each of which stands at the place of its part.
func copySegments(ctx context.Context, conn *pgxpool.Conn, segments []otlp.Segment, parts []part) error {
	s := openStream()
	defer s.close()
	for i, segment := range segments {
		s.row(8)
		s.text(segment.Project)
		s.uuid(segment.TraceID)
		s.bigint(segment.Earliest)
		s.bigint(parts[i].first.Int64())
		s.bigint(segment.Latest)
		s.integer(int32(segment.Spans))
		s.integer(int32(segment.RawBytes))
		s.bytes(segment.Payload)
	}
	return s.send(ctx, conn, copySegmentsSQL)
}

const copyOpenRunsSQL = `
COPY open_runs (
    trace_id, span_id, start_ns, end_ns, type, status, failed, project, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id)
FROM STDIN (FORMAT binary)`

// copyOpenRuns stores what is known of the runs among some spans.
func copyOpenRuns(ctx context.Context, conn *pgxpool.Conn, fresh []model.Record) error {
	s := openStream()
	defer s.close()
	runs := 0
	for _, r := range fresh {
		span := r.Span
		if !span.Type.IsRun() {
			continue
		}
		runs++
		s.row(20)
		s.uuid(span.TraceID)
		s.bigint(span.SpanID.Int64())
		s.bigint(span.StartNano)
		s.bigint(span.EndNano)
		s.smallint(int16(span.Type))
		s.smallint(int16(span.Status))
		s.boolean(span.Failed)
		id := &span.Identity
		for _, text := range [...]string{
			span.Project, span.Name, span.Service, span.Environment,
			id.AgentID, id.AgentName, id.TeamID, id.TeamName, id.WorkflowID, id.WorkflowName, id.SessionID, id.UserID, id.RunID,
		} {
			s.text(text)
		}
	}
	if runs == 0 {
		return nil
	}
	return s.send(ctx, conn, copyOpenRunsSQL)
}
