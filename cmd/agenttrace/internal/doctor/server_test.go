package doctor_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/doctor"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

func TestAHealthyServerHasNothingToMend(t *testing.T) {
	t.Parallel()
	s := serve(t, (&fake{status: healthy()}).handler(), false)
	found := examine(t, s.URL, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL})
	for _, check := range []string{"address", "server", "version", "clock", "database", "database clock", "schema", "partitions", "retention", "ingest", "settling",
		"exporter", "endpoint", "protocol", "headers", "sampling", "limits"} {
		if f := found[check]; f.State != doctor.OK {
			t.Errorf("%s is %+v", check, f)
		}
	}
	if len(found) != 17 {
		t.Errorf("%d findings: %v", len(found), found)
	}
}

func TestWhatTheServerSaysOfItselfIsJudged(t *testing.T) {
	t.Parallel()
	length := durationpb.New
	for name, c := range map[string]struct {
		change func(*agenttrace.GetStatusResponse)
		check  string
		want   doctor.State
		says   string
	}{
		"another release":       {func(s *agenttrace.GetStatusResponse) { s.Server.Version = "v1.3.0" }, "version", doctor.Warning, "v1.3.0"},
		"another patch":         {func(s *agenttrace.GetStatusResponse) { s.Server.Version = "v1.2.9" }, "version", doctor.OK, "they fit"},
		"no release":            {func(s *agenttrace.GetStatusResponse) { s.Server.Version = "devel" }, "version", doctor.OK, "not compared"},
		"clock behind":          {func(s *agenttrace.GetStatusResponse) { s.Server.CurrentTime = timestamppb.New(noon.Add(-time.Minute)) }, "clock", doctor.Warning, "60s behind"},
		"clock ahead":           {func(s *agenttrace.GetStatusResponse) { s.Server.CurrentTime = timestamppb.New(noon.Add(time.Hour)) }, "clock", doctor.Warning, "60 minutes ahead"},
		"clock of last week":    {func(s *agenttrace.GetStatusResponse) { s.Server.CurrentTime = timestamppb.New(noon.AddDate(0, 0, -7)) }, "clock", doctor.Failure, "refuses"},
		"clock of another year": {func(s *agenttrace.GetStatusResponse) { s.Server.CurrentTime = timestamppb.New(noon.AddDate(2, 0, 0)) }, "clock", doctor.Failure, "refuses"},
		"a little late":         {func(s *agenttrace.GetStatusResponse) { s.Server.CurrentTime = timestamppb.New(noon.Add(-time.Second)) }, "clock", doctor.OK, "agrees"},
		"database away": {func(s *agenttrace.GetStatusResponse) {
			s.Database = &agenttrace.DatabaseStatus{Kind: agenttrace.DatabaseKindPostgres}
		}, "database", doctor.Failure, "PostgreSQL does not answer"},
		"file away": {func(s *agenttrace.GetStatusResponse) {
			s.Database = &agenttrace.DatabaseStatus{Kind: agenttrace.DatabaseKindSqlite}
		}, "database", doctor.Failure, "SQLite does not answer"},
		"slow database":    {func(s *agenttrace.GetStatusResponse) { s.Database.PingDuration = length(1500 * time.Millisecond) }, "database", doctor.Warning, "1.5s"},
		"database's clock": {func(s *agenttrace.GetStatusResponse) { s.Database.ClockAhead = length(-time.Minute) }, "database clock", doctor.Warning, "behind"},
		"unsure clock": {func(s *agenttrace.GetStatusResponse) {
			s.Database.ClockAhead, s.Database.ClockUncertainty = length(3*time.Second), length(2*time.Second)
		}, "database clock", doctor.OK, ""},
		"migrations missing":  {func(s *agenttrace.GetStatusResponse) { s.Database.SchemaVersion = 3 }, "schema", doctor.Failure, "version 3"},
		"migrated by a newer": {func(s *agenttrace.GetStatusResponse) { s.Database.SchemaVersion = 5 }, "schema", doctor.Warning, "version 5"},
		"no partitions":       {func(s *agenttrace.GetStatusResponse) { s.Database.Partitions = &agenttrace.PartitionStatus{} }, "partitions", doctor.Failure, "0 days"},
		"none today":          {func(s *agenttrace.GetStatusResponse) { s.Database.Partitions.Today = false }, "partitions", doctor.Failure, "Today has none"},
		"none tomorrow":       {func(s *agenttrace.GetStatusResponse) { s.Database.Partitions.DaysAhead = 0 }, "partitions", doctor.Warning, "Tomorrow"},
		"kept for a month":    {func(s *agenttrace.GetStatusResponse) { s.Acceptance.Retention = length(400 * 24 * time.Hour) }, "retention", doctor.OK, "400 days"},
		"removed at once":     {func(s *agenttrace.GetStatusResponse) { s.Acceptance.Retention = length(24 * time.Hour) }, "retention", doctor.Warning, "removed again"},
		"takes an hour":       {func(s *agenttrace.GetStatusResponse) { s.Acceptance.MaxPast = length(time.Hour) }, "retention", doctor.Warning, "offline"},
		"takes everything":    {func(s *agenttrace.GetStatusResponse) { s.Acceptance = nil }, "retention", doctor.OK, "any age"},
		"disk nearly full": {func(s *agenttrace.GetStatusResponse) {
			s.Database.DiskFreeBytes, s.Database.DiskTotalBytes = 1<<30, 1<<40
		}, "disk", doctor.Warning, "1 GiB of 1 TiB"},
		"disk full": {func(s *agenttrace.GetStatusResponse) { s.Database.DiskFreeBytes, s.Database.DiskTotalBytes = 0, 1<<40 }, "disk", doctor.Failure, "0 B"},
		"disk empty": {func(s *agenttrace.GetStatusResponse) {
			s.Database.DiskFreeBytes, s.Database.DiskTotalBytes = 1<<39, 1<<40
		}, "disk", doctor.OK, "512 GiB"},
		"commits fail": {func(s *agenttrace.GetStatusResponse) {
			s.Ingest.LastFailureTime = timestamppb.New(noon.Add(-time.Second))
		}, "ingest", doctor.Failure, "failed, 1s ago"},
		"commits failed once": {func(s *agenttrace.GetStatusResponse) {
			s.Ingest.LastFailureTime = timestamppb.New(noon.Add(-time.Hour))
		}, "ingest", doctor.OK, "7 spans"},
		"queue full":           {func(s *agenttrace.GetStatusResponse) { s.Ingest.QueueSpans = 80 }, "ingest", doctor.Warning, "nearly full"},
		"bytes full":           {func(s *agenttrace.GetStatusResponse) { s.Ingest.QueueBytes = 1 << 20 }, "ingest", doctor.Warning, "nearly full"},
		"requests turned away": {func(s *agenttrace.GetStatusResponse) { s.Ingest.RefusedRequests = 3 }, "ingest", doctor.Warning, "3 requests"},
		"settles late": {func(s *agenttrace.GetStatusResponse) {
			s.Settling.Lag, s.Settling.PendingTraces = length(5*time.Minute), 9
		}, "settling", doctor.Warning, "9 traces wait"},
		"another settles": {func(s *agenttrace.GetStatusResponse) { s.Settling.Active = false }, "settling", doctor.OK, "Another server"},
		"nobody settles":  {func(s *agenttrace.GetStatusResponse) { s.Settling = &agenttrace.SettlingStatus{} }, "settling", doctor.Warning, "No server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status := healthy()
			c.change(status)
			s := serve(t, (&fake{status: status}).handler(), false)
			if f := examine(t, s.URL, nil)[c.check]; f.State != c.want || !strings.Contains(f.Says, c.says) {
				t.Errorf("%s is %+v, want %s and %q", c.check, f, c.want, c.says)
			}
		})
	}
}

// respond reads a request and answers it with these bytes.
func respond(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, text)
	}
}

func TestWhatAnswersInsteadIsTold(t *testing.T) {
	t.Parallel()
	page := func(status int, server, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				w.Header().Set("Server", server)
				w.WriteHeader(status)
				fmt.Fprint(w, body)
				return
			}
			http.NotFound(w, r)
		})
	}
	collector := http.NewServeMux()
	collector.HandleFunc("POST /v1/traces", func(http.ResponseWriter, *http.Request) {})
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	for name, c := range map[string]struct {
		server string
		says   string
	}{
		"garbage":               {listen(t, respond("SSH-2.0-OpenSSH_9.6\r\n")), `begins with "SSH-2.0-OpenSSH_9.6`},
		"control characters":    {listen(t, respond("\x1b]0;owned\a")), `begins with "\x1b]0;owned\a"`},
		"nothing":               {listen(t, respond("")), "without a word"},
		"HTTP/2 alone":          {listen(t, respond("\x00\x00\x06\x04\x00\x00\x00\x00\x00")), "HTTP/2 alone"},
		"silence":               {listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }), "says nothing"},
		"TLS":                   {strings.Replace(serve(t, page(200, "", ""), true).URL, "https", "http", 1), "speaks TLS"},
		"a web server":          {serve(t, page(404, "nginx/1.27", "not found"), false).URL, "an HTTP server (nginx/1.27), not agenttrace: it answers 404"},
		"a collector":           {serve(t, collector, false).URL, "most likely an OpenTelemetry collector"},
		"an older agenttrace":   {serve(t, page(200, "", "agenttrace v0.9.0: a trace store"), false).URL, "is agenttrace v0.9.0, which does not answer"},
		"somebody who asks who": {serve(t, refuse, false).URL, "does not know who asks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := examine(t, c.server, nil, func(c *doctor.Config) { c.Patience = time.Second })
			if f := found["server"]; f.State != doctor.Failure || !strings.Contains(f.Says, c.says) || found["address"].State != doctor.OK {
				t.Errorf("the address is %+v, the server %+v, want %q", found["address"], f, c.says)
			}
		})
	}
}

func TestAnAddressWithoutAServerIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ server, says, mend string }{
		"refused":      {closed(t), "the connection was refused", "make run"},
		"no URL":       {"http://%zz", "does not read as a URL", "AGENTTRACE_SERVER"},
		"no scheme":    {"ftp://there", "must be http or https", "AGENTTRACE_SERVER"},
		"no host":      {"http://:4317/", "names no host", "AGENTTRACE_SERVER"},
		"no such name": {"http://nowhere.invalid:4317", "has no address", "spelling"},
	} {
		found := examine(t, c.server, nil)
		f := found["address"]
		if f.State != doctor.Failure || !strings.Contains(f.Says, c.says) || !strings.Contains(strings.Join(f.Mend, "\n"), c.mend) {
			t.Errorf("%s: %+v, want %q and %q", name, f, c.says, c.mend)
		}
		if found["server"].State != doctor.Skipped || found["sampling"].State != doctor.OK {
			t.Errorf("%s: the rest is %+v", name, found)
		}
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	s := serve(t, (&fake{status: healthy()}).handler(), true)
	plain := serve(t, (&fake{status: healthy()}).handler(), false)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	trusting := func(c *doctor.Config) { c.Trust = &tls.Config{RootCAs: pool} }
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for name, c := range map[string]struct {
		server string
		change func(*doctor.Config)
		says   string // empty for all is well
	}{
		"trusted":      {s.URL, trusting, ""},
		"not trusted":  {s.URL, func(*doctor.Config) {}, "nobody whom this machine trusts"},
		"other name":   {"https://localhost:" + port, trusting, "not for localhost"},
		"without TLS":  {strings.Replace(plain.URL, "http", "https", 1), trusting, "does not speak TLS"},
		"with TLS now": {strings.Replace(s.URL, "https", "http", 1), func(*doctor.Config) {}, "speaks TLS, and was asked without"},
	} {
		f := examine(t, c.server, nil, c.change)["server"]
		if c.says == "" && f.State != doctor.OK || c.says != "" && (f.State != doctor.Failure || !strings.Contains(f.Says, c.says)) {
			t.Errorf("%s: %+v, want %q", name, f, c.says)
		}
	}
}

func TestChecksComeInTheOrderInWhichTheyBuildOnEachOther(t *testing.T) {
	t.Parallel()
	s := serve(t, (&fake{status: healthy()}).handler(), false)
	var order []string
	c := doctor.Config{
		Server: s.URL, Project: "default", Now: time.Now, Environ: func(string) string { return "" },
		Client: func(string) (*agenttrace.Client, error) { return agenttrace.New(s.URL) },
	}
	err := doctor.Examine(t.Context(), c, func(f doctor.Finding) error {
		order = append(order, f.Check)
		return nil
	})
	if err != nil || !slices.Equal(order[:4], []string{"address", "server", "version", "clock"}) || order[len(order)-1] != "limits" {
		t.Errorf("checks are made in the order %v, %v", order, err)
	}
	stop := fmt.Errorf("nobody reads any more")
	if got := doctor.Examine(t.Context(), c, func(doctor.Finding) error { return stop }); got != stop {
		t.Errorf("an error of report is returned as %v", got)
	}
}
