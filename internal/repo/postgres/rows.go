package postgres

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
)

// rowType is a composite type of PostgreSQL. Servers of several versions send rows of it,
// so it never changes: a row with other columns is of another type.
type rowType struct {
	name    string
	columns int
}

var (
	spanRow = rowType{"span_row", spanRowColumns}
	partRow = rowType{"part_row", 42}
)

// rowArray is rows as a value of PostgreSQL's type of an array of these. One array of
// rows costs PostgreSQL 3 µs a row less than one array for each of some forty columns.
type rowArray struct {
	of    rowType
	n     int
	write func(w rowWriter, i int) // the columns of a row
}

func spanRows(records []model.Record) rowArray {
	return rowArray{spanRow, len(records), func(w rowWriter, i int) { writeSpan(w, records[i].Span) }}
}

func partRows(parts []part) rowArray {
	return rowArray{partRow, len(parts), func(w rowWriter, i int) { writePart(w, &parts[i]) }}
}

// argument returns what to pass to the driver: the rows themselves where it
// knows their type from the statement, else their text, which it takes for any
// type.
func (rows rowArray) argument(mode pgx.QueryExecMode) any {
	if mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
		return rows.text()
	}
	return rows
}

// text returns the array as PostgreSQL writes it.
func (rows rowArray) text() string {
	var array strings.Builder
	// Within the quotes of an array's element, these stand behind a backslash.
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	array.WriteByte('{')
	for i := range rows.n {
		if i > 0 {
			array.WriteByte(',')
		}
		row := textRow{'('}
		rows.write(&row, i)
		row[len(row)-1] = ')' // in place of the last comma
		array.WriteByte('"')
		// A strings.Builder takes everything.
		_, _ = quote.WriteString(&array, string(row))
		array.WriteByte('"')
	}
	array.WriteByte('}')
	return array.String()
}

// binary appends the array as PostgreSQL's array_send would, given the number of the
// type of its rows.
func (rows rowArray) binary(buf []byte, oid uint32) []byte {
	buf = slices.Grow(buf, rows.n*(8*rows.of.columns+typicalRow))
	for _, n := range []uint32{1, 0, oid, uint32(rows.n), 1} { // dimensions, NULLs, type, length, first index
		buf = binary.BigEndian.AppendUint32(buf, n)
	}
	for i := range rows.n {
		start := len(buf)
		// The length of the row, which comes later, and how many columns it has.
		row := binaryRow{buf: binary.BigEndian.AppendUint64(buf, uint64(rows.of.columns)), typed: true}
		rows.write(&row, i)
		buf = row.buf
		binary.BigEndian.PutUint32(buf[start:], uint32(len(buf)-start-4))
	}
	return buf
}

// typicalRow is about what a row takes beside the type and the length of each column.
const typicalRow = 400

// rowWriter takes the columns of a row one after the other. Those of optional, text,
// bytes and json are NULL when they are empty.
type rowWriter interface {
	uuid(id [16]byte)
	bigint(n int64)
	optional(n int64)
	integer(n int32)
	smallint(n int16)
	boolean(b bool)
	text(s string)
	bytes(b []byte)
	json(object []byte)
}

// spanRowColumns is how many columns span_row has, spanRowNames are what spans calls
// them.
const (
	spanRowColumns = 39
	spanRowNames   = `
    trace_id, span_id, parent_id, start_ns, end_ns, first_token_ns, input_tokens, cache_read_tokens,
    cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens,
    reported_total_tokens, kind, type, status, failed, project, name, status_message, error_type, error_message,
    service, environment, agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id,
    user_id, run_id, model, provider, tool_name, tool_call_id, attributes`
)

// writeSpan writes the columns of span_row.
func writeSpan(w rowWriter, s *model.Span) {
	w.uuid(s.TraceID)
	w.bigint(s.SpanID.Int64())
	w.optional(s.ParentID.Int64())
	w.bigint(s.StartNano)
	w.bigint(s.EndNano)
	w.optional(s.FirstTokenNano)
	writeUsage(w, &s.Usage)
	w.integer(int32(s.Kind))
	w.smallint(int16(s.Type))
	w.smallint(int16(s.Status))
	w.boolean(s.Failed)
	for _, text := range [...]string{s.Project, s.Name, s.StatusMessage, s.ErrorType, s.ErrorMessage, s.Service, s.Environment} {
		w.text(text)
	}
	writeIdentity(w, &s.Identity)
	for _, text := range [...]string{s.Model, s.Provider, s.ToolName, s.ToolCallID} {
		w.text(text)
	}
	w.json(s.ShortAttributes)
}

// writeUsage, writeCost and writeIdentity write what rows of several tables have, in
// the order in which all have it.
func writeUsage(w rowWriter, u *model.Usage) {
	for _, n := range [...]int64{u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.AudioInput, u.AudioOutput, u.Total} {
		w.optional(n)
	}
}

func writeCost(w rowWriter, c *model.Cost) {
	for _, n := range [...]int64{c.Nano, c.Reported, c.Computed, c.ReportedCalls, c.ComputedCalls, c.UnpricedCalls} {
		w.optional(n)
	}
}

func writeIdentity(w rowWriter, id *model.Identity) {
	for _, text := range [...]string{
		id.AgentID, id.AgentName, id.TeamID, id.TeamName, id.WorkflowID, id.WorkflowName, id.SessionID, id.UserID, id.RunID,
	} {
		w.text(text)
	}
}

// binaryRow is a rowWriter of the binary format: the length of each column and
// its value, behind its type where that is wanted, as it is in a composite value.
type binaryRow struct {
	buf   []byte
	typed bool
}

func (r *binaryRow) column(oid, length int) {
	if r.typed {
		r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(oid))
	}
	r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(length))
}

const null = -1

func (r *binaryRow) uuid(id [16]byte) {
	r.column(pgtype.UUIDOID, len(id))
	r.buf = append(r.buf, id[:]...)
}

func (r *binaryRow) bigint(n int64) {
	r.column(pgtype.Int8OID, 8)
	r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(n))
}

func (r *binaryRow) optional(n int64) {
	if n == 0 {
		r.column(pgtype.Int8OID, null)
		return
	}
	r.bigint(n)
}

func (r *binaryRow) integer(n int32) {
	r.column(pgtype.Int4OID, 4)
	r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(n))
}

func (r *binaryRow) smallint(n int16) {
	r.column(pgtype.Int2OID, 2)
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(n))
}

func (r *binaryRow) boolean(b bool) {
	r.column(pgtype.BoolOID, 1)
	if b {
		r.buf = append(r.buf, 1)
	} else {
		r.buf = append(r.buf, 0)
	}
}

func (r *binaryRow) text(s string) {
	if s == "" {
		r.column(pgtype.TextOID, null)
		return
	}
	r.column(pgtype.TextOID, len(s))
	r.buf = append(r.buf, s...)
}

func (r *binaryRow) bytes(b []byte) {
	if len(b) == 0 {
		r.column(pgtype.ByteaOID, null)
		return
	}
	r.column(pgtype.ByteaOID, len(b))
	r.buf = append(r.buf, b...)
}

func (r *binaryRow) json(object []byte) {
	if len(object) == 0 {
		r.column(pgtype.JSONBOID, null)
		return
	}
	r.column(pgtype.JSONBOID, 1+len(object))
	r.buf = append(append(r.buf, 1), object...) // the version of the format
}

// textRow is a rowWriter of the text format, with a comma behind each column.
// No text at all is NULL.
type textRow []byte

func (r *textRow) uuid(id [16]byte)   { r.text(model.TraceID(id).String()) }
func (r *textRow) bigint(n int64)     { *r = append(strconv.AppendInt(*r, n, 10), ',') }
func (r *textRow) integer(n int32)    { r.bigint(int64(n)) }
func (r *textRow) smallint(n int16)   { r.bigint(int64(n)) }
func (r *textRow) boolean(b bool)     { *r = append(strconv.AppendBool(*r, b), ',') }
func (r *textRow) json(object []byte) { r.text(string(object)) }

func (r *textRow) bytes(b []byte) {
	if len(b) == 0 {
		r.text("")
		return
	}
	r.text(`\x` + hex.EncodeToString(b))
}

func (r *textRow) optional(n int64) {
	if n == 0 {
		*r = append(*r, ',')
		return
	}
	r.bigint(n)
}

func (r *textRow) text(s string) {
	if s == "" {
		*r = append(*r, ',')
		return
	}
	*r = append(*r, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			*r = append(*r, '\\')
		}
		*r = append(*r, s[i])
	}
	*r = append(*r, '"', ',')
}

// prepareWrites teaches a connection to encode what writes are given.
func prepareWrites(ctx context.Context, conn *pgx.Conn) error {
	registerArrays(conn.TypeMap())
	return registerRows(ctx, conn, spanRow, partRow)
}

// registerRows teaches a connection arrays of rows, whose types have other numbers in
// each database.
func registerRows(ctx context.Context, conn *pgx.Conn, types ...rowType) error {
	for _, of := range types {
		var row, array uint32
		const query = `SELECT $1::text::regtype::oid, ($1::text || '[]')::regtype::oid`
		if err := conn.QueryRow(ctx, query, of.name).Scan(&row, &array); err != nil {
			return err
		}
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "_" + of.name, OID: array, Codec: rowsCodec{of, row}})
	}
	return nil
}

// rowsCodec encodes arrays of rows, and reads nothing.
type rowsCodec struct {
	of  rowType
	oid uint32
}

var errWriteOnly = errors.New("arrays of rows are not read")

func (rowsCodec) FormatSupported(format int16) bool { return format == pgtype.BinaryFormatCode }
func (rowsCodec) PreferredFormat() int16            { return pgtype.BinaryFormatCode }

func (c rowsCodec) PlanEncode(_ *pgtype.Map, _ uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.(rowArray); !ok || format != pgtype.BinaryFormatCode {
		return nil
	}
	return c
}

// Encode makes the codec its own plan, which the driver keeps for all arrays of rows.
func (c rowsCodec) Encode(value any, buf []byte) ([]byte, error) {
	rows := value.(rowArray)
	if rows.of != c.of {
		return nil, fmt.Errorf("rows of %s in place of %s", rows.of.name, c.of.name)
	}
	return rows.binary(buf, c.oid), nil
}

func (rowsCodec) PlanScan(*pgtype.Map, uint32, int16, any) pgtype.ScanPlan { return nil }

func (rowsCodec) DecodeDatabaseSQLValue(*pgtype.Map, uint32, int16, []byte) (driver.Value, error) {
	return nil, errWriteOnly
}

func (rowsCodec) DecodeValue(*pgtype.Map, uint32, int16, []byte) (any, error) {
	return nil, errWriteOnly
}
