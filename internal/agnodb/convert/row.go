package convert

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// Columns are the columns of the table of spans, in the order of [RowOf].
var Columns = [...]string{
	"trace_id", "span_id", "parent_span_id", "name", "span_kind", "status_code", "status_message",
	"start_time", "end_time", "duration_ms", "attributes",
}

// Row is a row of the table of spans. An empty text stands for NULL and for a
// column that is not there.
type Row struct {
	TraceID, SpanID, ParentSpanID string
	Name                          string
	Kind                          string // INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER
	StatusCode, StatusMessage     string // UNSET, OK, ERROR
	StartTime, EndTime            string // ISO 8601, or nanoseconds
	DurationMS                    string // a number, with a fraction or without
	Attributes                    string // an object of JSON
}

// RowOf returns the row that has these fields.
func RowOf(f [len(Columns)]string) Row {
	return Row{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10]}
}

// IDs are what a row of the table of traces says of run, session, user, agent, team
// and workflow, in the order of [IDColumns]; empty where it says nothing.
type IDs [len(traceIDs)]string

// traceIDs are the ids of a row in the table of traces: the attribute that says
// the same on a span, and the others under which Agno finds it.
var traceIDs = [...]traceID{
	{"run_id", "agno.run.id", []string{"run_id"}},
	{"session_id", "session.id", []string{"session_id", "agno.session.id"}},
	{"user_id", "user.id", []string{"user_id", "agno.user.id"}},
	{"agent_id", "agno.agent.id", []string{"agent_id"}},
	{"team_id", "agno.team.id", []string{"team_id"}},
	{"workflow_id", "agno.workflow.id", []string{"workflow_id"}},
}

type traceID struct {
	column, attribute string
	others            []string
}

// IDColumns are the columns of the table of traces that hold its ids.
func IDColumns() (columns []string) {
	for _, id := range traceIDs {
		columns = append(columns, id.column)
	}
	return columns
}

// appendSpan appends a row as a Span message of OTLP. Problems say what of it
// could not be taken as it is; an error, that the row is no span at all. Ids,
// where given, become attributes that the row does not have itself.
func appendSpan(dst []byte, r Row, ids *IDs) (_ []byte, problems []string, err error) {
	trace, err := parseID(r.TraceID, 16)
	if err != nil {
		return dst, nil, fmt.Errorf("span %q: trace_id %w", r.SpanID, err)
	}
	span, err := parseID(r.SpanID, 8)
	if err != nil {
		return dst, nil, fmt.Errorf("span %q: span_id %w", r.SpanID, err)
	}
	start, end, err := r.times()
	if err != nil {
		return dst, nil, fmt.Errorf("span %q: %w", r.SpanID, err)
	}
	dst = wire.AppendBytes(dst, 1, trace)
	dst = wire.AppendBytes(dst, 2, span)
	if r.ParentSpanID != "" {
		parent, err := parseID(r.ParentSpanID, 8)
		if err != nil {
			problems = append(problems, fmt.Sprintf("span %s: parent_span_id %v; the span is taken without a parent", r.SpanID, err))
		}
		dst = wire.AppendBytes(dst, 4, parent)
	}
	dst = wire.AppendString(dst, 5, r.Name)
	dst = wire.AppendVarint(dst, 6, numberOf(r.Kind, spanKinds[:], 1))
	dst = wire.AppendFixed64(dst, 7, uint64(start))
	dst = wire.AppendFixed64(dst, 8, uint64(end))
	dst, has, err := appendAttributes(dst, r.Attributes)
	if err != nil {
		problems = append(problems, fmt.Sprintf("span %s: attributes: %v; they are kept as text in agno.attributes", r.SpanID, err))
	}
	if ids != nil {
		dst = appendIDs(dst, ids, has)
	}
	mark := len(dst)
	dst = wire.AppendString(dst, 2, r.StatusMessage)
	dst = wire.AppendVarint(dst, 3, numberOf(r.StatusCode, statusCodes[:], 0))
	if len(dst) > mark {
		dst = wire.CloseMessage(dst, mark, 15)
	}
	return dst, problems, nil
}

// appendIDs adds what the row of the trace knows and its topmost span does not
// say.
func appendIDs(dst []byte, ids *IDs, has map[string]bool) []byte {
	for i, id := range ids {
		known := has[traceIDs[i].attribute]
		for _, other := range traceIDs[i].others {
			known = known || has[other]
		}
		if id != "" && !known {
			dst = appendText(dst, traceIDs[i].attribute, id)
		}
	}
	return dst
}

// The names of enums, at their numbers in OTLP.
var (
	spanKinds   = [...]string{"UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"}
	statusCodes = [...]string{"UNSET", "OK", "ERROR"}
)

// numberOf returns the number of an enum's name, which may have the enum's own
// before a dot.
func numberOf(name string, names []string, unknown uint64) uint64 {
	name = name[strings.LastIndexByte(name, '.')+1:]
	for n, known := range names {
		if strings.EqualFold(name, known) {
			return uint64(n)
		}
	}
	return unknown
}

// parseID reads an id in hex; a UUID's dashes and 0x are allowed for.
func parseID(text string, size int) ([]byte, error) {
	digits := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(text), "0x"), "-", "")
	id, err := hex.DecodeString(digits)
	if err != nil || len(id) != size {
		return nil, fmt.Errorf("is %q, want %d hex digits", text, 2*size)
	}
	return id, nil
}

// times returns start and end. Where there is no end, it is the start and the
// duration.
func (r Row) times() (start, end int64, err error) {
	start, ok := ParseTime(r.StartTime)
	if !ok {
		return 0, 0, fmt.Errorf("start_time is %q, want a time such as 2026-03-14T15:09:26.535897+00:00", r.StartTime)
	}
	if end, ok = ParseTime(r.EndTime); ok {
		return start, end, nil
	}
	if ms, err := strconv.ParseFloat(r.DurationMS, 64); err == nil && ms >= 0 && ms < 1e15 {
		return start, start + int64(ms*1e6), nil
	}
	return start, start, nil
}

// layouts are the forms of a time; a fraction may stand behind the seconds of
// each. Without a zone it is UTC.
var layouts = [...]string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07",
}

// ParseTime returns a time in nanoseconds since 1970; a whole number is that
// already.
func ParseTime(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, n > 0
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			// What an int64 of nanoseconds can hold.
			if t.Year() < 1971 || t.Year() > 2261 {
				return 0, false
			}
			return t.UnixNano(), true
		}
	}
	return 0, false
}
