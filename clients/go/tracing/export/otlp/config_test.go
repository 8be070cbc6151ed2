package otlp_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/otlp"
)

// environment makes a getenv of pairs.
func environment(pairs ...string) func(string) string {
	variables := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		variables["OTEL_EXPORTER_OTLP_"+name] = value
	}
	return func(name string) string { return variables[name] }
}

func TestStandardVariablesAreRead(t *testing.T) {
	no := false
	for name, test := range map[string]struct {
		variables []string
		want      otlp.Config
	}{
		"none": {nil, otlp.Config{}},
		"all": {
			[]string{
				"ENDPOINT=http://a", "TRACES_ENDPOINT=http://b/x", "PROTOCOL=grpc", "HEADERS=a=1, b = x%20y%2Cz ,,c=k=v", "TIMEOUT=2500",
				"COMPRESSION=gzip", "INSECURE=FALSE", "CERTIFICATE=ca.pem", "CLIENT_CERTIFICATE=c.pem", "CLIENT_KEY=k.pem",
			},
			otlp.Config{
				Endpoint: "http://a", TracesEndpoint: "http://b/x", Protocol: otlp.GRPC, Headers: map[string]string{"a": "1", "b": "x y,z", "c": "k=v"},
				Timeout: 2500 * time.Millisecond, Gzip: true, Insecure: &no, CertificateFile: "ca.pem", ClientCertificateFile: "c.pem", ClientKeyFile: "k.pem",
			},
		},
		"those for traces win": {
			[]string{"PROTOCOL=grpc", "TRACES_PROTOCOL=http/protobuf", "HEADERS=a=1", "TRACES_HEADERS=b=2", "TIMEOUT=1", "TRACES_TIMEOUT=2", "COMPRESSION=gzip", "TRACES_COMPRESSION=none"},
			otlp.Config{Protocol: otlp.HTTP, Headers: map[string]string{"b": "2"}, Timeout: 2 * time.Millisecond},
		},
		"empty is not set": {[]string{"PROTOCOL= ", "TRACES_TIMEOUT=", "TIMEOUT=3"}, otlp.Config{Timeout: 3 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := otlp.FromEnvironment(environment(test.variables...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWrongVariableIsNamedAndSecretsAreNotRepeated(t *testing.T) {
	for variable, words := range map[string][]string{
		"PROTOCOL=http/json":      {"OTEL_EXPORTER_OTLP_PROTOCOL", "not supported", "http/protobuf"},
		"TRACES_PROTOCOL=udp":     {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", `"udp" is neither http/protobuf nor grpc`},
		"TIMEOUT=10s":             {"OTEL_EXPORTER_OTLP_TIMEOUT", "milliseconds"},
		"COMPRESSION=zstd":        {"gzip nor none"},
		"INSECURE=1":              {"true nor false"},
		"HEADERS=a=1,secret":      {"entry 2", "name=value"},
		"HEADERS=api-key=se%cret": {"api-key", "percent"},
		"HEADERS=k=secret%0A":     {"the value of k", "line break"},
		"HEADERS=a b=secret":      {`"a b" is no name`},
	} {
		_, err := otlp.FromEnvironment(environment(variable))
		if err == nil {
			t.Errorf("%s: no error", variable)
			continue
		}
		for _, word := range words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %q does not say %q", variable, err, word)
			}
		}
		if strings.HasPrefix(variable, "HEADERS") && strings.Contains(err.Error(), "cret") {
			t.Errorf("%q repeats a secret", err)
		}
	}
}

func TestEndpointIsWhereOneWouldExpect(t *testing.T) {
	yes, no := true, false
	const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	for want, c := range map[string]otlp.Config{
		"http://localhost:4318/v1/traces":     {},
		"http://localhost:4317" + path:        {Protocol: otlp.GRPC},
		"http://a:1/base/v1/traces":           {Endpoint: "http://a:1/base"},
		"http://a:2/base/v1/traces":           {Endpoint: "http://a:2/base/"},
		"http://b/":                           {Endpoint: "http://a", TracesEndpoint: "http://b"},
		"http://b/exactly":                    {TracesEndpoint: "http://b/exactly"},
		"http://127.0.0.1:4317" + path:        {Protocol: otlp.GRPC, Endpoint: "127.0.0.1:4317"},
		"http://[::1]:4317" + path:            {Protocol: otlp.GRPC, Endpoint: "[::1]:4317"},
		"https://collector:4317" + path:       {Protocol: otlp.GRPC, Endpoint: "collector:4317"},
		"https://localhost:4317" + path:       {Protocol: otlp.GRPC, Endpoint: "localhost:4317", Insecure: &no},
		"http://collector:4317" + path:        {Protocol: otlp.GRPC, Endpoint: "collector:4317", Insecure: &yes},
		"https://x" + path:                    {Protocol: otlp.GRPC, Endpoint: "https://x/ignored?q=1", Insecure: &yes},
		"http://localhost:9999/v1/traces":     {Endpoint: "localhost:9999"},
		"https://cloud.example.com/v1/traces": {Endpoint: "cloud.example.com"},
	} {
		s, err := otlp.New(c)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if got := s.Destination(); got != want {
			t.Errorf("%+v sends to %s, want %s", c, got, want)
		}
	}
}

func TestWrongConfigurationIsRefusedWithoutSecrets(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]otlp.Config{
		"is not a URL":                          {Endpoint: "http://user:hidden@ho st"},
		`"ftp://user:xxxxx@host" is not a URL`:  {Endpoint: "ftp://user:hidden@host"},
		"the value of k holds a control":        {Headers: map[string]string{"k": "hidden\n"}},
		`"telnet" is neither`:                   {Protocol: "telnet"},
		"no such file":                          {CertificateFile: "/nowhere.pem"},
		"has none in PEM":                       {CertificateFile: empty},
		"needs both":                            {ClientKeyFile: empty},
		"client certificate: tls: failed to":    {ClientKeyFile: empty, ClientCertificateFile: empty},
		`the endpoint "http:" is not a URL`:     {Endpoint: "http://"},
		`"http:///v1/traces" is not a URL such`: {TracesEndpoint: "http:///v1/traces"},
	} {
		_, err := otlp.New(c)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestDestinationTellsProjectsApartAndForgetsCredentials(t *testing.T) {
	of := func(headers map[string]string) string {
		s, err := otlp.New(otlp.Config{Endpoint: "http://user:hidden@a", Headers: headers})
		if err != nil {
			t.Fatal(err)
		}
		return s.Destination()
	}
	one := of(map[string]string{"agenttrace-project": "one", "Authorization": "Bearer hidden", "X-API-Key": "hidden"})
	if strings.Contains(one, "hidden") {
		t.Errorf("%s has a secret", one)
	}
	if one == of(map[string]string{"agenttrace-project": "two"}) {
		t.Error("two projects are one destination")
	}
	if one != of(map[string]string{"Agenttrace-Project": "one", "authorization": "Bearer renewed"}) {
		t.Error("a renewed token is another destination")
	}
}

func TestDestinationHasNoSecretOfItsURL(t *testing.T) {
	for endpoint, want := range map[string]string{
		"https://hidden@a/v1/traces?api-key=hidden&region=eu": "https://a/v1/traces?region=eu",
		"https://a/v1/traces?x=1&%zz=hidden":                  "https://a/v1/traces?x=1",
		"https://a/v1/traces?b=1&a=2":                         "https://a/v1/traces?b=1&a=2",
	} {
		s, err := otlp.New(otlp.Config{TracesEndpoint: endpoint})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Destination(); got != want {
			t.Errorf("%s is told as %s, not %s", endpoint, got, want)
		}
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add("a=1,b=%20")
	f.Add("=,%")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := otlp.FromEnvironment(environment("HEADERS=" + text))
		if err != nil {
			return
		}
		for name := range c.Headers {
			if name != strings.TrimSpace(name) || name == "" {
				t.Errorf("a header %q in %q", name, text)
			}
		}
	})
}

func FuzzEndpoint(f *testing.F) {
	f.Add("http://localhost:4318")
	f.Add("[::1]:4317")
	f.Fuzz(func(t *testing.T, endpoint string) {
		s, err := otlp.New(otlp.Config{Endpoint: endpoint})
		if err != nil {
			return
		}
		if u, err := url.Parse(s.Destination()); err != nil || u.Host == "" && endpoint != "" {
			t.Errorf("%q sends to %q", endpoint, s.Destination())
		}
	})
}
