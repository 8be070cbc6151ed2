package otlp

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Protocol is how requests are sent.
type Protocol string

// Protocols of OTLP that can be sent. JSON over HTTP cannot.
const (
	HTTP Protocol = "http/protobuf"
	GRPC Protocol = "grpc"
)

const (
	defaultHTTP = "http://localhost:4318"
	defaultGRPC = "http://localhost:4317"
	tracesPath  = "/v1/traces"
	grpcPath    = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
)

// Config says where and how requests are sent. The zero value sends to an
// agenttrace on this machine, http://localhost:4318/v1/traces.
type Config struct {
	// Protocol is HTTP when empty.
	Protocol Protocol
	// Endpoint is the base URL of the backend; /v1/traces is added for HTTP. For gRPC
	// only scheme, host and port count. "host:port" without a scheme means http:// on
	// this machine and where Insecure says so, else https://. Empty:
	// http://localhost:4318, for gRPC http://localhost:4317.
	Endpoint string
	// TracesEndpoint is the whole URL for traces, and is used in the place of Endpoint.
	TracesEndpoint string
	// Headers go with every request (metadata in gRPC): credentials, a project.
	Headers map[string]string
	// Gzip compresses requests. On this machine it costs more than it saves.
	Gzip bool
	// Timeout is how long one request may take; 0 leaves it to export.Options.
	Timeout time.Duration
	// Insecure says of an endpoint without a scheme that it does not speak TLS; nil
	// decides by whether it is on this machine.
	Insecure *bool
	// CertificateFile has the certificates to trust, in PEM, in the place of the
	// system's.
	CertificateFile string
	// ClientCertificateFile and ClientKeyFile show the backend who is calling, in
	// PEM. Both or none.
	ClientCertificateFile string
	ClientKeyFile         string
}

// FromEnvironment reads the standard variables through getenv, such as os.Getenv.
// A variable for traces, OTEL_EXPORTER_OTLP_TRACES_X, comes before
// OTEL_EXPORTER_OTLP_X. What they are and mean: ENDPOINT (a URL), PROTOCOL
// (http/protobuf or grpc), HEADERS (k1=v1,k2=v2, percent-encoded), TIMEOUT
// (milliseconds), COMPRESSION (gzip or none), INSECURE (true or false),
// CERTIFICATE, CLIENT_CERTIFICATE and CLIENT_KEY (files in PEM). An empty variable
// counts as not set. An error names the variable and what it should be.
func FromEnvironment(getenv func(string) string) (Config, error) {
	e := environment{getenv: getenv}
	c := Config{
		Endpoint:              strings.TrimSpace(getenv(prefix + "ENDPOINT")),
		TracesEndpoint:        strings.TrimSpace(getenv(prefix + "TRACES_ENDPOINT")),
		CertificateFile:       e.text("CERTIFICATE"),
		ClientCertificateFile: e.text("CLIENT_CERTIFICATE"),
		ClientKeyFile:         e.text("CLIENT_KEY"),
	}
	e.each("PROTOCOL", func(value string) error {
		c.Protocol = Protocol(value)
		return c.Protocol.check()
	})
	e.each("HEADERS", func(value string) (err error) {
		c.Headers, err = parseHeaders(value)
		return err
	})
	e.each("TIMEOUT", func(value string) error {
		ms, err := strconv.ParseUint(value, 10, 31)
		c.Timeout = time.Duration(ms) * time.Millisecond
		return whenever(err, "%q is not a number of milliseconds", value)
	})
	e.each("COMPRESSION", func(value string) error {
		c.Gzip = value == "gzip"
		return unless(c.Gzip || value == "none", "%q is neither gzip nor none", value)
	})
	e.each("INSECURE", func(value string) error {
		insecure := strings.EqualFold(value, "true")
		c.Insecure = &insecure
		return unless(insecure || strings.EqualFold(value, "false"), "%q is neither true nor false", value)
	})
	return c, e.err
}

const prefix = "OTEL_EXPORTER_OTLP_"

// environment reads variables and keeps the first error.
type environment struct {
	getenv func(string) string
	err    error
}

// find returns the variable that counts, and its name.
func (e *environment) find(name string) (variable, value string) {
	for _, variable = range []string{prefix + "TRACES_" + name, prefix + name} {
		if value = strings.TrimSpace(e.getenv(variable)); value != "" {
			return variable, value
		}
	}
	return variable, ""
}

func (e *environment) text(name string) string {
	_, value := e.find(name)
	return value
}

func (e *environment) each(name string, read func(string) error) {
	variable, value := e.find(name)
	if value == "" {
		return
	}
	if err := read(value); err != nil && e.err == nil {
		e.err = fmt.Errorf("%s: %w", variable, err)
	}
}

func whenever(err error, format string, args ...any) error {
	return unless(err == nil, format, args...)
}

func unless(good bool, format string, args ...any) error {
	if good {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func (p Protocol) check() error {
	if p == HTTP || p == GRPC {
		return nil
	}
	if p == "http/json" {
		return fmt.Errorf("%q is not supported here; every OTLP backend takes %s", p, HTTP)
	}
	return fmt.Errorf("%q is neither %s nor %s", p, HTTP, GRPC)
}

// parseHeaders reads k1=v1,k2=v2. An error does not repeat a value, which may be
// secret.
func parseHeaders(text string) (map[string]string, error) {
	headers := map[string]string{}
	for i, pair := range strings.Split(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		if !found || name == "" {
			return nil, fmt.Errorf("entry %d is not of the form name=value", i+1)
		}
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("the value of %s is not percent-encoded: write a %% as %%25", name)
		}
		if err := CheckHeader(name, decoded); err != nil {
			return nil, err
		}
		headers[name] = decoded
	}
	return headers, nil
}

// CheckHeader returns an error for a header that HTTP cannot carry: no request with
// it would ever leave. The error does not repeat the value, which may be secret.
func CheckHeader(name, value string) error {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' }) {
		return fmt.Errorf("%q is no name of a header", name)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return fmt.Errorf("the value of %s holds a control character; is there a line break at its end?", name)
	}
	return nil
}

// url returns where requests go.
func (c Config) url() (*url.URL, error) {
	text, whole := c.TracesEndpoint, true
	if text == "" {
		text, whole = c.Endpoint, false
	}
	if text == "" {
		text = defaultHTTP
		if c.Protocol == GRPC {
			text = defaultGRPC
		}
	}
	u, err := c.parseURL(text)
	switch {
	case err != nil:
		return nil, err
	case c.Protocol == GRPC:
		u.Path, u.RawQuery = grpcPath, ""
	case !whole:
		u = u.JoinPath(tracesPath)
	case u.Path == "":
		u.Path = "/"
	}
	return u, nil
}

func (c Config) parseURL(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		scheme := "https://"
		if host, _, err := net.SplitHostPort(text); c.Insecure != nil && *c.Insecure || c.Insecure == nil && err == nil && onThisMachine(host) {
			scheme = "http://"
		}
		text = scheme + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the endpoint is not a URL such as %s", defaultHTTP) // err repeats it, password and all
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the endpoint %q is not a URL such as %s", u.Redacted(), defaultHTTP)
	}
	u.Fragment = ""
	return u, nil
}

func onThisMachine(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
