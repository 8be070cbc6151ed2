//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"cmp"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	_ "modernc.org/sqlite"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// history is spans as Agno had them before it put them into its tables.
type history map[string][]*tracepb.Span

func (h history) add(t *testing.T, body []byte) {
	t.Helper()
	var request coltracepb.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		t.Fatal(err)
	}
	for id, spans := range flatten(request.GetResourceSpans()) {
		for _, sent := range spans {
			same := func(s *tracepb.Span) bool { return string(s.GetSpanId()) == string(sent.span.GetSpanId()) }
			if !slices.ContainsFunc(h[id], same) {
				h[id] = append(h[id], kept(sent.span))
			}
		}
	}
}

// kept is what Agno keeps of a span.
func kept(s *tracepb.Span) *tracepb.Span {
	micro := func(nano uint64) uint64 { return nano / 1000 * 1000 }
	return &tracepb.Span{
		TraceId: s.GetTraceId(), SpanId: s.GetSpanId(), ParentSpanId: s.GetParentSpanId(), Name: s.GetName(), Kind: max(s.GetKind(), tracepb.Span_SPAN_KIND_INTERNAL),
		StartTimeUnixNano: micro(s.GetStartTimeUnixNano()), EndTimeUnixNano: micro(s.GetEndTimeUnixNano()),
		Attributes: s.GetAttributes(), Status: &tracepb.Status{Code: s.GetStatus().GetCode(), Message: s.GetStatus().GetMessage()},
	}
}

// request is a trace as its exporter would send it to us, without what Agno drops.
func (h history) request(id string) *coltracepb.ExportTraceServiceRequest {
	service := &commonpb.KeyValue{Key: "service.name", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "unknown_service"}}}
	return &coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{service}},
		ScopeSpans: []*tracepb.ScopeSpans{{Scope: &commonpb.InstrumentationScope{Name: "openinference.instrumentation.agno"}, Spans: h[id]}},
	}}}
}

// agnoTables makes Agno's tables of a history, and returns how to address them.
func (h history) agnoTables(t *testing.T, postgres bool) (address string) {
	t.Helper()
	driver, dsn, prefix, number, object := "sqlite", filepath.Join(t.TempDir(), "agno.db"), "", "REAL", "JSON"
	address = "sqlite:" + dsn
	if postgres {
		driver, prefix, number, object = "pgx", "ai.", "BIGINT", "JSONB"
		dsn = pgtest.Database(t)
		address = dsn
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all, err := db.BeginTx(t.Context(), nil) // each row by itself would wait for the disk
	if err != nil {
		t.Fatal(err)
	}
	exec := func(statement string, args ...any) {
		t.Helper()
		for i := range args {
			statement = strings.Replace(statement, "?", fmt.Sprintf("$%d", i+1), 1)
		}
		if _, err := all.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	if postgres {
		exec(`CREATE SCHEMA ai`)
	}
	exec(`CREATE TABLE ` + prefix + `agno_traces (trace_id VARCHAR PRIMARY KEY, name VARCHAR, status VARCHAR, start_time VARCHAR, end_time VARCHAR, duration_ms ` + number +
		`, run_id VARCHAR, session_id VARCHAR, user_id VARCHAR, agent_id VARCHAR, team_id VARCHAR, workflow_id VARCHAR, created_at VARCHAR)`)
	exec(`CREATE TABLE ` + prefix + `agno_spans (span_id VARCHAR, trace_id VARCHAR, parent_span_id VARCHAR, name VARCHAR, span_kind VARCHAR, status_code VARCHAR,
		status_message TEXT, start_time VARCHAR, end_time VARCHAR, duration_ms ` + number + `, attributes ` + object + `, created_at VARCHAR)`)
	for id, spans := range h {
		from := slices.MinFunc(spans, func(a, b *tracepb.Span) int { return cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano()) })
		ids := make([]any, 6)
		for _, s := range spans {
			if len(s.GetParentSpanId()) == 0 {
				ids = idsOf(s)
				break
			}
		}
		args := append([]any{id, spans[0].GetName(), "OK", isoformat(from.GetStartTimeUnixNano()), isoformat(from.GetEndTimeUnixNano()), 1}, ids...)
		exec(`INSERT INTO `+prefix+`agno_traces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append(args, isoformat(from.GetEndTimeUnixNano()))...)
		for _, s := range spans {
			kind, status := strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_"), strings.TrimPrefix(s.GetStatus().GetCode().String(), "STATUS_CODE_")
			parent := sql.NullString{String: hex.EncodeToString(s.GetParentSpanId()), Valid: len(s.GetParentSpanId()) > 0}
			message := sql.NullString{String: s.GetStatus().GetMessage(), Valid: s.GetStatus().GetMessage() != ""}
			exec(`INSERT INTO `+prefix+`agno_spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, hex.EncodeToString(s.GetSpanId()), id, parent, s.GetName(), kind, status,
				message, isoformat(s.GetStartTimeUnixNano()), isoformat(s.GetEndTimeUnixNano()), 1, pythonJSON(s.GetAttributes()), isoformat(s.GetEndTimeUnixNano()))
		}
	}
	if err := all.Commit(); err != nil {
		t.Fatal(err)
	}
	return address
}

// isoformat is a time as Python's isoformat writes it.
func isoformat(nano uint64) string {
	layout := "2006-01-02T15:04:05.000000+00:00"
	if nano%1e9 == 0 {
		layout = "2006-01-02T15:04:05+00:00"
	}
	return time.Unix(0, int64(nano)).UTC().Format(layout)
}

// idsOf are the ids that Agno finds on the root of a trace.
func idsOf(root *tracepb.Span) []any {
	ids := make([]any, 6)
	for i, names := range [...][]string{
		{"run_id", "agno.run.id"}, {"session_id", "agno.session.id", "session.id"}, {"user_id", "agno.user.id", "user.id"},
		{"agent_id", "agno.agent.id"}, {"team_id", "agno.team.id"}, {"workflow_id", "agno.workflow.id"},
	} {
		for _, a := range root.GetAttributes() {
			if slices.Contains(names, a.GetKey()) && a.GetValue().GetStringValue() != "" && ids[i] == nil {
				ids[i] = a.GetValue().GetStringValue()
			}
		}
	}
	return ids
}

// pythonJSON is what Python's json.dumps makes of attributes.
func pythonJSON(attributes []*commonpb.KeyValue) string {
	members := make([]string, len(attributes))
	for i, a := range attributes {
		key, _ := json.Marshal(a.GetKey())
		members[i] = string(key) + ": " + pythonValue(a.GetValue())
	}
	return "{" + strings.Join(members, ", ") + "}"
}

func pythonValue(v *commonpb.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		text := strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
		if v.DoubleValue == math.Trunc(v.DoubleValue) && !strings.ContainsAny(text, "eIN") {
			text += ".0"
		}
		return text
	case *commonpb.AnyValue_ArrayValue:
		elements := make([]string, len(v.ArrayValue.GetValues()))
		for i, element := range v.ArrayValue.GetValues() {
			elements[i] = pythonValue(element)
		}
		return "[" + strings.Join(elements, ", ") + "]"
	default:
		text, _ := json.Marshal(v.(*commonpb.AnyValue_StringValue).StringValue)
		return string(text)
	}
}

// TestAgnosHistoryIsAsIfItHadBeenSent imports Agno's tables, and asks the same of
// them as of the same spans sent by an exporter. Some of the history is made up, and
// some was recorded from Agno.
func TestAgnosHistoryIsAsIfItHadBeenSent(t *testing.T) {
	t.Parallel()
	h := history{}
	for _, body := range tell(t, 8).bodies { // as many as it takes to have every kind of span and attribute
		h.add(t, body)
	}
	for _, request := range captures(t) {
		body := request.body
		if strings.HasSuffix(request.name, ".json") {
			var message coltracepb.ExportTraceServiceRequest
			if err := unmarshalJSON(body, &message); err != nil {
				t.Fatal(err)
			}
			body = encode(t, &message)
		}
		h.add(t, body)
	}
	h.mustComeAlong(t)
}

// mustComeAlong imports a history from each of Agno's databases into a server on
// the other store.
func (h history) mustComeAlong(t *testing.T) {
	t.Helper()
	for _, postgres := range []bool{false, true} {
		t.Run(map[bool]string{false: "from sqlite", true: "from postgres"}[postgres], func(t *testing.T) {
			store := newSQLite(t)
			if !postgres {
				store = pgtest.Database(t)
			}
			s := startServer(t, "--store="+store, "--max-past=36500d", "--settle-after=200ms")
			spans := 0
			for id := range h {
				spans += len(h[id])
				mustStore(t, exportGRPC(t.Context(), newClient(t), s.url(), "sent", encode(t, h.request(id))))
			}
			m := movingAt(t, s)
			from := h.agnoTables(t, postgres)
			want := fmt.Sprintf(" %d traces, %d spans, ", len(h), spans)
			if out, _ := m.run(0, "import", "--agno", from, "--dry-run"); !strings.HasPrefix(out, "Would import"+want) {
				t.Errorf("have %q, want %q", out, want)
			}
			out, notes := m.run(0, "import", "--agno", from, "--project", "history", "--resume", "state")
			if !strings.HasPrefix(out, "Imported"+want) || notes != "" {
				t.Errorf("have %q and %q, want %q", out, notes, want)
			}
			if _, err := os.Stat(filepath.Join(m.dir, "state")); err != nil {
				t.Error(err)
			}
			sent, history := h.said(t, s, "sent"), h.said(t, s, "history")
			if diff := gocmp.Diff(sent, history, protocmp.Transform(), protocmp.SortRepeated(func(a, b *agenttracev1.KeyValue) bool { return a.GetKey() < b.GetKey() })); diff != "" {
				t.Errorf("history differs (- sent, + imported): %.6000s", diff)
			}
			s.stop()
		})
	}
}

// answers are what a server says of a history.
type answers struct {
	Traces   map[string]*agenttracev1.GetTraceResponse
	Runs     map[string]*agenttracev1.GetRunResponse
	Sessions []*agenttracev1.Session
}

func (h history) said(t *testing.T, s *server, project string) answers {
	t.Helper()
	client := projectClient(t, project)
	traces := agenttracev1connect.NewTraceServiceClient(client, s.url())
	runs := agenttracev1connect.NewRunServiceClient(client, s.url())
	a := answers{map[string]*agenttracev1.GetTraceResponse{}, map[string]*agenttracev1.GetRunResponse{}, nil}
	for id := range h {
		await(t, "trace "+id+" settles", func() bool {
			trace, err := traces.GetTrace(t.Context(), &agenttracev1.GetTraceRequest{TraceId: id})
			if err != nil {
				t.Fatal(err)
			}
			a.Traces[id] = trace
			return trace.GetTrace().GetSettled()
		})
		for _, span := range a.Traces[id].GetSpans() {
			if run := span.GetIdentity().GetRunId(); run != "" {
				got, err := runs.GetRun(t.Context(), &agenttracev1.GetRunRequest{TraceId: id, SpanId: span.GetSpanId()})
				if err != nil {
					continue // not every span with the id is a run
				}
				a.Runs[id+"/"+span.GetSpanId()] = got
			}
		}
	}
	sessions, err := agenttracev1connect.NewSessionServiceClient(client, s.url()).ListSessions(t.Context(), &agenttracev1.ListSessionsRequest{PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	a.Sessions = sessions.GetSessions()
	if len(a.Runs) == 0 || len(a.Sessions) == 0 {
		t.Errorf("%d runs and %d sessions in project %s", len(a.Runs), len(a.Sessions), project)
	}
	return a
}
