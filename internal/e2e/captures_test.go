package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// captured is a request that a real exporter sent.
type captured struct {
	name  string
	body  []byte
	doors []door
	spans map[string][]sentSpan
}

// captures reads the directory of captured requests, which is not part of the
// repository.
func captures(t *testing.T) []captured {
	t.Helper()
	dir := os.Getenv("AGENTTRACE_CAPTURES")
	if dir == "" {
		dir = filepath.Join(repository, "..", "shared", "agno", "captures")
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Skipf("NOT TESTED with requests of real agents: there are no captures (%v); set AGENTTRACE_CAPTURES to their directory", err)
	}
	var all []captured
	for _, file := range files {
		if file.Name() == "wire_headers.json" {
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, decodeCapture(t, file.Name(), body))
	}
	if len(all) == 0 {
		t.Fatalf("%s holds no captures", dir)
	}
	return all
}

func decodeCapture(t *testing.T, name string, body []byte) captured {
	t.Helper()
	c := captured{name: name, body: body}
	var request coltracepb.ExportTraceServiceRequest
	var err error
	switch {
	case strings.HasSuffix(name, ".json"):
		c.doors = []door{{name: "json", send: func(ctx context.Context, c *http.Client, base, project string, body []byte) answer {
			return exportHTTP(ctx, c, base, project, jsonType, body)
		}}}
		err = unmarshalJSON(body, &request)
	case strings.HasPrefix(name, "wire_grpc_"):
		c.doors = protobufDoors()[:1]
		err = proto.Unmarshal(body, &request)
	default:
		c.doors = protobufDoors()[1:]
		err = proto.Unmarshal(body, &request)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c.spans = flatten(request.GetResourceSpans())
	return c
}

// unmarshalJSON reads OTLP JSON, which is protobuf's JSON but for the ids: hex
// where protobuf has base64.
func unmarshalJSON(body []byte, request *coltracepb.ExportTraceServiceRequest) error {
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return err
	}
	if err := recodeIDs(tree); err != nil {
		return err
	}
	body, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, request)
}

func recodeIDs(node any) error {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			if err := recodeIDs(child); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, child := range node {
			if text, ok := child.(string); ok && (key == "traceId" || key == "spanId" || key == "parentSpanId") {
				id, err := hex.DecodeString(text)
				if err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
				node[key] = base64.StdEncoding.EncodeToString(id)
				continue
			}
			if err := recodeIDs(child); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestWhatRealAgentsSentIsReadBack(t *testing.T) {
	requests := captures(t)
	eachStore(t, func(t *testing.T, store string) {
		// The captures grow old.
		s := startServer(t, "--store="+store, "--max-past=36500d")
		for i, request := range requests {
			for _, door := range request.doors {
				t.Run(request.name+" by "+door.name, func(t *testing.T) {
					project := fmt.Sprintf("capture-%d", i) // they share traces
					mustStore(t, door.send(t.Context(), newClient(t), s.url(), project, request.body))
					mustReadCapture(t, s, project, request)
				})
			}
		}
		s.stop()
	})
}

func mustReadCapture(t *testing.T, s *server, project string, request captured) {
	t.Helper()
	c := reader(t, s, project)
	for id, sent := range request.spans {
		got, err := c.GetTrace(t.Context(), &agenttracev1.GetTraceRequest{TraceId: id})
		if err != nil {
			t.Fatalf("GetTrace: %v", err)
		}
		mustEqual(t, sent, got.GetSpans())
		if got.GetTrace().GetSpanCount() != int64(len(sent)) {
			t.Errorf("trace %s counts %d spans, want %d", id, got.GetTrace().GetSpanCount(), len(sent))
		}
	}
	mustExport(t, c, request.spans)
	if listed := listTraces(t, c, 2); len(listed) != len(request.spans) {
		t.Errorf("%d traces listed, want %d", len(listed), len(request.spans))
	}
}
