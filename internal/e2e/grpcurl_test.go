//go:build !race

// Not under the race detector: grpcurl, which it would be compiled for, is not ours.

package e2e_test

import (
	"os/exec"
	"strings"
	"testing"
)

// grpcurl returns the path of the program that people use for gRPC in a shell.
// The first time on a machine, building it takes a minute or two.
func grpcurl(t *testing.T) string {
	t.Helper()
	build := exec.Command("go", "tool", "-modfile=tools/go.mod", "-n", "grpcurl")
	build.Dir = repository
	var complaints strings.Builder
	build.Stderr = &complaints
	path, err := build.Output()
	if err != nil {
		t.Fatalf("build grpcurl: %v\n%s", err, complaints.String())
	}
	return strings.TrimSpace(string(path))
}

func TestQueryFromTheShell(t *testing.T) {
	s := startServer(t, "--store="+newSQLite(t))
	sent := storeOne(t, s, "default")
	program := grpcurl(t)
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), program, append([]string{"-plaintext"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("grpcurl %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	services := strings.Fields(run(s.address(), "list"))
	for _, want := range []string{
		"agenttrace.v1.TraceService", "agenttrace.v1.IngestService", "grpc.health.v1.Health", "opentelemetry.proto.collector.trace.v1.TraceService",
	} {
		if !strings.Contains(strings.Join(services, " "), want) {
			t.Errorf("list has %v, want %s", services, want)
		}
	}
	if got := run(s.address(), "describe", "agenttrace.v1.TraceService"); !strings.Contains(got, "rpc ListTraces") {
		t.Errorf("describe prints no ListTraces:\n%s", got)
	}
	if got := run(s.address(), "grpc.health.v1.Health/Check"); !strings.Contains(got, "SERVING") {
		t.Errorf("health prints %s", got)
	}
	mustListAsJSON(t, run(s.address(), "agenttrace.v1.TraceService/ListTraces"), sent)
	mustListAsJSON(t, run("-d", `{"name": "Support_Agent.run", "agent_id": "support", "page_size": 5}`, s.address(), "agenttrace.v1.TraceService/ListTraces"), sent)
	s.stop()
}
