package doctor_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/doctor"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

func TestTheEnvironmentOfExportersIsJudged(t *testing.T) {
	t.Parallel()
	s := serve(t, (&fake{status: healthy()}).handler(), false)
	other := serve(t, http.NotFoundHandler(), false)
	at, _ := url.Parse(s.URL)
	nobody := closed(t)
	for _, c := range []struct {
		environ string // NAME=value, one a line
		check   string
		want    doctor.State
		says    string
	}{
		{"OTEL_SDK_DISABLED=True", "exporter", doctor.Failure, "OTEL_SDK_DISABLED"},
		{"OTEL_SDK_DISABLED=false", "exporter", doctor.OK, ""},
		{"OTEL_TRACES_EXPORTER=none", "exporter", doctor.Failure, "thrown away"},
		{"OTEL_TRACES_EXPORTER=console", "exporter", doctor.Failure, `"console"`},
		{"OTEL_TRACES_EXPORTER=console,otlp", "exporter", doctor.OK, ""},
		{"OTEL_TRACES_EXPORTER=otlp_proto_grpc", "exporter", doctor.OK, ""},

		{"", "endpoint", doctor.Warning, "No endpoint is set"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + s.URL, "endpoint", doctor.OK, s.URL + "/v1/traces, which is this server"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + s.URL + "/\nOTEL_EXPORTER_OTLP_PROTOCOL=grpc", "endpoint", doctor.OK, "which is this server"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:" + at.Port(), "endpoint", doctor.OK, "which is this server"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + at.Host, "endpoint", doctor.Failure, "must begin with http://"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=localhost", "endpoint", doctor.Failure, "must begin with http://"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://%zz", "endpoint", doctor.Failure, "does not read as a URL"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://", "endpoint", doctor.Failure, "names no host"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + s.URL + "/v1/traces", "endpoint", doctor.Failure, "has it already"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + s.URL + "/v1/traces", "endpoint", doctor.OK, "which is this server"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + s.URL, "endpoint", doctor.Failure, "has no path"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + s.URL + "\nOTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc", "endpoint", doctor.OK, "which is this server"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + s.URL + "/v1/traces\nOTEL_EXPORTER_OTLP_ENDPOINT=nonsense", "endpoint", doctor.OK, "which is this server"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + nobody, "endpoint", doctor.Failure, "OTEL_EXPORTER_OTLP_ENDPOINT is " + nobody + ". Nothing listens"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + other.URL, "endpoint", doctor.Warning, "another place than the server"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=https://" + at.Host, "endpoint", doctor.Failure, "would speak https to a server that speaks http"},

		{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "protocol", doctor.OK, "grpc"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL=http", "protocol", doctor.Failure, `"http", which is none`},
		{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc\nOTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318", "protocol", doctor.Warning, "port 4318"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nOTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317", "protocol", doctor.Warning, "port 4317"},
		{"OTEL_EXPORTER_OTLP_COMPRESSION=brotli", "protocol", doctor.Failure, `"brotli"`},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE=/does/not/exist", "protocol", doctor.Failure, "cannot be read"},
		{"OTEL_EXPORTER_OTLP_TIMEOUT=10s", "protocol", doctor.Failure, `"10s"`},

		{"OTEL_EXPORTER_OTLP_HEADERS=a=b,c=d%20e", "headers", doctor.OK, "2 headers"},
		{"OTEL_EXPORTER_OTLP_HEADERS=Authorization: Bearer x", "headers", doctor.Failure, "no = between"},
		{"OTEL_EXPORTER_OTLP_HEADERS=a b=c", "headers", doctor.Failure, "no name of a header"},
		{"OTEL_EXPORTER_OTLP_HEADERS=a=%zz", "headers", doctor.Failure, "two hex digits"},
		{"OTEL_EXPORTER_OTLP_HEADERS=a=%0A", "headers", doctor.Failure, "control character"},
		{"OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer x", "headers", doctor.Warning, "space"},
		{"OTEL_EXPORTER_OTLP_HEADERS=agenttrace-project=shop", "headers", doctor.Warning, "looks at default"},
		{"OTEL_EXPORTER_OTLP_HEADERS=agenttrace-project=Shop", "headers", doctor.Failure, `"Shop"`},
		{"OTEL_EXPORTER_OTLP_TRACES_HEADERS=agenttrace-project=default\nOTEL_EXPORTER_OTLP_HEADERS=nonsense", "headers", doctor.OK, "1 headers"},

		{"OTEL_TRACES_SAMPLER=always_off", "sampling", doctor.Failure, "nothing is recorded"},
		{"OTEL_TRACES_SAMPLER=parentbased_traceidratio\nOTEL_TRACES_SAMPLER_ARG=0.25", "sampling", doctor.Warning, "25 of 100"},
		{"OTEL_TRACES_SAMPLER=traceidratio\nOTEL_TRACES_SAMPLER_ARG=0", "sampling", doctor.Failure, "nothing is recorded"},
		{"OTEL_TRACES_SAMPLER=traceidratio\nOTEL_TRACES_SAMPLER_ARG=2", "sampling", doctor.Failure, "from 0 to 1"},
		{"OTEL_TRACES_SAMPLER=traceidratio", "sampling", doctor.OK, ""},
		{"OTEL_TRACES_SAMPLER=xray", "sampling", doctor.Warning, `"xray"`},

		{"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=4096", "limits", doctor.Warning, "cut off"},
		{"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT=1000000\nOTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=1", "limits", doctor.OK, ""},
		{"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=128", "limits", doctor.Warning, "loses messages"},
		{"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=4096", "limits", doctor.OK, "4096"},
		{"OTEL_ATTRIBUTE_COUNT_LIMIT=many", "limits", doctor.Failure, `"many"`},
	} {
		environ := map[string]string{}
		for line := range strings.Lines(c.environ) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			environ[name] = value
		}
		if f := examine(t, s.URL, environ)[c.check]; f.State != c.want || !strings.Contains(f.Says, c.says) {
			t.Errorf("with %q, %s is %+v, want %s and %q", c.environ, c.check, f, c.want, c.says)
		}
	}
}

func TestSecretsInTheEnvironmentAreNotRepeated(t *testing.T) {
	t.Parallel()
	s := serve(t, (&fake{status: healthy()}).handler(), false)
	for _, headers := range []string{"authorization=Bearer%20hush", "authorization: Bearer hush", "authorization=hush%zz", "x-key=hush,=", "authorization=Bearer hush",
		"hush", "authorization=Basic abc,hush/==", "authorization=Basic abc,hush=%z", "authorization=Basic abc,hush=%00"} {
		for check, f := range examine(t, s.URL, map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": headers}) {
			if text := fmt.Sprint(f); strings.Contains(text, "hush") {
				t.Errorf("with %q, %s says %s", headers, check, text)
			}
		}
	}
	for _, address := range []string{"http://me:hush@127.0.0.1:1", "http://me:hush@" + strings.TrimPrefix(s.URL, "http://"), "me:hush@127.0.0.1:1", "http://me:hush@127.0.0.1:port", "http://hush@"} {
		for server, environ := range map[string]map[string]string{s.URL: {"OTEL_EXPORTER_OTLP_ENDPOINT": address}, address: {}} {
			for check, f := range examine(t, server, environ) {
				if text := fmt.Sprint(f); strings.Contains(text, "hush") {
					t.Errorf("with server %q and %v, %s says %s", server, environ, check, text)
				}
			}
		}
	}
}

func FuzzHeaders(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b,c=d", "a=%20", "=", ",", "a:b", "a=%", "authorization=Bearer x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, h := range doctor.HeadersOf(text) {
			if h[0] == "" || strings.ContainsAny(h[0], " :=,\r\n") || strings.ContainsAny(h[1], "\r\n\x00") {
				t.Fatalf("%q has the header %q: %q", text, h[0], h[1])
			}
		}
	})
}

// taking is a server that takes spans by OTLP over HTTP, and finds them again unless
// it loses them.
type taking struct {
	fake
	agenttracev1connect.UnimplementedTraceServiceHandler
	loses   bool
	rejects string
	got     []string // names of projects
}

func (s *taking) ListSpans(context.Context, *agenttrace.ListSpansRequest) (*agenttrace.ListSpansResponse, error) {
	if s.loses {
		return &agenttrace.ListSpansResponse{}, nil
	}
	return &agenttrace.ListSpansResponse{Spans: []*agenttrace.Span{{}}}, nil
}

func (s *taking) handler() http.Handler {
	mux := s.fake.handler().(*http.ServeMux)
	mux.Handle(agenttracev1connect.NewTraceServiceHandler(s))
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var req collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &req); err != nil || len(req.GetResourceSpans()) != 1 {
			http.Error(w, "no spans", http.StatusBadRequest)
			return
		}
		s.got = append(s.got, r.Header.Get("Agenttrace-Project")+" "+r.Header.Get("X-Key"))
		res := &collector.ExportTraceServiceResponse{}
		if s.rejects != "" {
			res.PartialSuccess = &collector.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: s.rejects}
		}
		answer, _ := proto.Marshal(res)
		_, _ = w.Write(answer)
	})
	return mux
}

func TestTestSpansAreSentAsExportersWould(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server *taking
		want   doctor.State
		says   string
	}{
		"stored":   {&taking{}, doctor.OK, "read again"},
		"lost":     {&taking{loses: true}, doctor.Failure, "does not have it"},
		"rejected": {&taking{rejects: "start_time is too old"}, doctor.Failure, "start_time is too old"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.server.status = healthy()
			s := serve(t, c.server.handler(), false)
			environ := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL, "OTEL_EXPORTER_OTLP_HEADERS": "agenttrace-project=default,x-key=k%20y"}
			found := examine(t, s.URL, environ, func(c *doctor.Config) { c.Send, c.Patience = true, 200*time.Millisecond })
			if f := found["test span by HTTP"]; f.State != c.want || !strings.Contains(f.Says, c.says) {
				t.Errorf("by HTTP: %+v, want %s and %q", f, c.want, c.says)
			}
			// This server speaks no gRPC, and these exporters do not either.
			if f := found["test span by gRPC"]; f.State != doctor.Warning || !strings.Contains(f.Says, "use the other protocol") {
				t.Errorf("by gRPC: %+v", f)
			}
			if len(c.server.got) != 1 || c.server.got[0] != "doctor k y" {
				t.Errorf("requests came with the project and header %q", c.server.got)
			}
		})
	}
}

func TestNothingIsSentUnasked(t *testing.T) {
	t.Parallel()
	server := &taking{fake: fake{status: healthy()}}
	s := serve(t, server.handler(), false)
	examine(t, s.URL, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL})
	found := examine(t, s.URL, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense"}, func(c *doctor.Config) { c.Send = true })
	if len(server.got) != 0 || found["test span"].State != doctor.Skipped {
		t.Errorf("%d requests were sent, and %+v", len(server.got), found["test span"])
	}
}
