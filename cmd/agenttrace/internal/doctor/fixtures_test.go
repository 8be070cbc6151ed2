package doctor_test

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/doctor"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// healthy is the status of a server on PostgreSQL that lacks nothing.
func healthy() *agenttrace.GetStatusResponse {
	return &agenttrace.GetStatusResponse{
		Project: "default",
		Server:  &agenttrace.ServerStatus{Version: "v1.2.3", StartTime: timestamppb.New(noon.Add(-3 * time.Hour)), CurrentTime: timestamppb.New(noon)},
		Database: &agenttrace.DatabaseStatus{
			Kind: agenttrace.DatabaseKindPostgres, Reachable: true, Version: "17.5", PingDuration: durationpb.New(time.Millisecond),
			ClockAhead: durationpb.New(0), ClockUncertainty: durationpb.New(time.Millisecond), SchemaVersion: 4, KnownSchemaVersion: 4,
			Partitions: &agenttrace.PartitionStatus{Days: 5, Today: true, DaysAhead: 3, FirstDayTime: timestamppb.New(noon), LastDayTime: timestamppb.New(noon)},
			SizeBytes:  3 << 20,
		},
		Acceptance: &agenttrace.AcceptanceStatus{MaxPast: durationpb.New(366 * 24 * time.Hour), MaxFuture: durationpb.New(24 * time.Hour)},
		Ingest:     &agenttrace.IngestStatus{QueueSpansLimit: 100, QueueBytesLimit: 1 << 20, StoredSpans: 7, LastCommitTime: timestamppb.New(noon.Add(-time.Minute))},
		Settling:   &agenttrace.SettlingStatus{Active: true, Holder: "somebody"},
	}
}

// fake is a server that says of itself what a test wants.
type fake struct {
	agenttracev1connect.UnimplementedStatusServiceHandler
	status *agenttrace.GetStatusResponse
}

func (f *fake) GetStatus(context.Context, *agenttrace.GetStatusRequest) (*agenttrace.GetStatusResponse, error) {
	return f.status, nil
}

func (f *fake) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(agenttracev1connect.NewStatusServiceHandler(f))
	return mux
}

// serve serves a handler until the test's end.
func serve(t *testing.T, h http.Handler, overTLS bool) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if overTLS {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// listen answers each connection in a way of its own until the test's end.
func listen(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				answer(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return "http://" + l.Addr().String()
}

// closed returns an address at which nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// examination is what the doctor found, by check.
type examination map[string]doctor.Finding

// examine asks the doctor. The environment is that of an agent that sends to the
// server.
func examine(t *testing.T, server string, environ map[string]string, change ...func(*doctor.Config)) examination {
	t.Helper()
	c := doctor.Config{
		Server: server, Project: "default", Version: "v1.2.3", Patience: 5 * time.Second, Now: func() time.Time { return noon },
		Environ: func(name string) string { return environ[name] },
	}
	var trust *tls.Config
	c.Client = func(project string) (*agenttrace.Client, error) {
		options := []agenttrace.Option{agenttrace.WithProject(project), agenttrace.WithRetries(0)}
		if trust != nil {
			options = append(options, agenttrace.WithTLS(trust))
		}
		return agenttrace.New(server, options...)
	}
	for _, f := range change {
		f(&c)
	}
	trust = c.Trust
	found := examination{}
	err := doctor.Examine(t.Context(), c, func(f doctor.Finding) error {
		if _, twice := found[f.Check]; twice {
			t.Errorf("%s is reported twice", f.Check)
		}
		if f.Says == "" || (f.State == doctor.Failure || f.State == doctor.Warning) != (len(f.Mend) > 0) {
			t.Errorf("%s does not say what is and how to mend what is not well: %+v", f.Check, f)
		}
		found[f.Check] = f
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
