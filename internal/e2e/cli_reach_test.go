//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// TestTheCommandLineReachesServers asks one over TLS, in both protocols, about a project.
func TestTheCommandLineReachesServers(t *testing.T) {
	t.Parallel()
	cert, key, trust := certificate(t)
	s := newServer(t, "--listen=127.0.0.1:0", "--store="+newSQLite(t), anyPast, "--tls-cert="+cert, "--tls-key="+key)
	s.trust = trust
	s.start()
	client := &http.Client{Transport: inProject{"shop", &http.Transport{TLSClientConfig: trust}}}
	writer := agenttracev1connect.NewIngestServiceClient(client, s.url())
	if _, err := writer.WriteSpans(t.Context(), &agenttracev1.WriteSpansRequest{Spans: fixedSpans()}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args       string
		code       int
		out, notes string
	}{
		{"traces --ca " + cert + " --project shop", 0, fixedTraceID(1), ""},
		{"traces --ca " + cert + " --project shop --grpc", 0, fixedTraceID(1), ""},
		{"traces --ca " + cert + " --project shop --token secret", 0, fixedTraceID(1), ""},
		{"traces --ca " + cert, 0, "", "No traces found."},
		{"traces --project shop", 4, "", "certificate"},
		{"traces --ca " + cert + " --project Shop!", 2, "", "a project has 1 to 64 characters"},
		{"traces --ca " + cert + " --timeout 1ns", 4, "", "no answer from " + s.url() + " within 1ns (--timeout)"},
	} {
		code, out, notes := commandLine(t, s, strings.Fields(test.args)...)
		if code != test.code || !strings.Contains(out, test.out) || !strings.Contains(notes, test.notes) || test.notes == "" && notes != "" {
			t.Errorf("%s: exit code %d, prints\n%s%s\nwant %d, %q and %q", test.args, code, out, notes, test.code, test.out, test.notes)
		}
	}
	s.stop()
}
