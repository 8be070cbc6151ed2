package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

var update = flag.Bool("update", false, "write the golden files anew")

// patient is a server that tells what it suffers from.
type patient struct {
	agenttracev1connect.UnimplementedStatusServiceHandler
	status *agenttrace.GetStatusResponse
}

func (p *patient) GetStatus(context.Context, *agenttrace.GetStatusRequest) (*agenttrace.GetStatusResponse, error) {
	return p.status, nil
}

// suffering is a status in which something of each kind is wrong.
func suffering() *agenttrace.GetStatusResponse {
	const day = 24 * time.Hour
	return &agenttrace.GetStatusResponse{
		Server: &agenttrace.ServerStatus{Version: "v1.3.0", Commit: "0123456789abcdef", StartTime: timestamppb.New(noon.Add(-3 * time.Hour)), CurrentTime: timestamppb.New(noon.Add(time.Minute)),
			ListenAddresses: []string{"127.0.0.1:4317", "127.0.0.1:4318"}},
		Database: &agenttrace.DatabaseStatus{
			Kind: agenttrace.DatabaseKindPostgres, Reachable: true, Version: "17.5", PingDuration: durationpb.New(3 * time.Millisecond), SchemaVersion: 3, KnownSchemaVersion: 4,
			ClockAhead: durationpb.New(0), ClockUncertainty: durationpb.New(time.Millisecond), SizeBytes: 5 << 30,
			Partitions: &agenttrace.PartitionStatus{Days: 31, Today: true, FirstDayTime: timestamppb.New(noon.AddDate(0, 0, -30)), LastDayTime: timestamppb.New(noon)},
		},
		Acceptance: &agenttrace.AcceptanceStatus{MaxPast: durationpb.New(30 * day), MaxFuture: durationpb.New(day), Retention: durationpb.New(30 * day)},
		Ingest: &agenttrace.IngestStatus{QueueSpansLimit: 65536, QueueBytesLimit: 256 << 20, StoredSpans: 12345, RejectedSpans: 3,
			LastCommitTime: timestamppb.New(noon), LastFailureTime: timestamppb.New(noon.Add(30 * time.Second))},
		Settling: &agenttrace.SettlingStatus{Active: true, PendingTraces: 17},
	}
}

func serveStatus(t *testing.T, status *agenttrace.GetStatusResponse) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(agenttracev1connect.NewStatusServiceHandler(&patient{status: status}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestDoctorTellsPeopleWhatIsWrongAndHowToMendIt(t *testing.T) {
	version = "v1.2.0"
	t.Cleanup(func() { version = "" })
	server := serveStatus(t, suffering())
	environ := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + server + "/v1/traces", "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.1", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=4096"}
	at, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{80, 140} {
		code, out, complaints := typed(t.Context(), environ, "doctor", "--server", server, "--width", fmt.Sprint(width))
		got := out + "--- standard error\n" + complaints + fmt.Sprintf("--- exit code %d\n", code)
		got = strings.ReplaceAll(got, at.Port(), "43170") // as long as most
		for line := range strings.Lines(out) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width && !strings.Contains(line, "→ export ") {
				t.Errorf("a line of %d columns at width %d: %s", n, width, line)
			}
		}
		file := filepath.Join("testdata", fmt.Sprintf("doctor.%d.golden", width))
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v (go test -update writes it)", err)
		}
		if diff := gocmp.Diff(string(want), got); diff != "" {
			t.Errorf("not as %s has it (-want +got):\n%s", file, diff)
		}
	}
}

func TestDoctorEndsWellWhenNothingHasFailed(t *testing.T) {
	status := suffering()
	status.Server.CurrentTime = timestamppb.New(noon)
	status.Database.SchemaVersion, status.Database.Partitions.DaysAhead, status.Ingest.LastFailureTime = 4, 3, nil
	server := serveStatus(t, status)
	code, out, complaints := typed(t.Context(), []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + server}, "doctor", "--server", server)
	if code != exitOK || complaints != "" || !strings.HasSuffix(out, "\nAll is well.\n") {
		t.Errorf("ends with %d and says\n%s%s", code, out, complaints)
	}
	code, out, complaints = typed(t.Context(), []string{"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=1", "OTEL_EXPORTER_OTLP_ENDPOINT=" + server}, "doctor", "--server", server)
	if code != exitOK || complaints != "" || !strings.HasSuffix(out, "\nIt works; 1 warning.\n") {
		t.Errorf("with a warning it ends with %d and says\n%s%s", code, out, complaints)
	}
	if code, _, _ := typed(t.Context(), nil, "doctor", "--server", nobody(t)); code != exitFailed {
		t.Errorf("without a server it ends with %d", code)
	}
}
