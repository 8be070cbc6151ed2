package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
)

const (
	userAgent = "agenttrace-go"
	// answerBytes is how much of an answer is read: it holds a number and a message.
	answerBytes = 64 << 10
)

// Sender sends requests to one backend, and implements export.Sender.
type Sender struct {
	protocol    Protocol
	url         *url.URL
	header      http.Header
	zip         *gzip.Writer // nil without compression
	timeout     time.Duration
	client      *http.Client
	transport   *http.Transport
	destination string
}

var _ export.Sender = (*Sender)(nil)

// New makes a sender. It connects when there is something to send. An error is
// one of the configuration, or of a file that it names.
func New(c Config) (*Sender, error) {
	if c.Protocol == "" {
		c.Protocol = HTTP
	}
	if err := c.Protocol.check(); err != nil {
		return nil, fmt.Errorf("otlp: protocol %w", err)
	}
	for name, value := range c.Headers {
		if err := CheckHeader(name, value); err != nil {
			return nil, fmt.Errorf("otlp: %w", err)
		}
	}
	target, err := c.url()
	if err != nil {
		return nil, fmt.Errorf("otlp: %w", err)
	}
	trust, err := c.tls()
	if err != nil {
		return nil, fmt.Errorf("otlp: %w", err)
	}
	s := &Sender{
		protocol: c.Protocol, url: target, header: c.header(), timeout: c.Timeout,
		transport: newTransport(c.Protocol, trust), destination: c.destination(target),
	}
	s.client = &http.Client{
		Transport: s.transport,
		// A redirected POST would arrive as a GET.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if c.Gzip {
		s.zip = gzip.NewWriter(io.Discard)
	}
	return s, nil
}

// newTransport makes connections of our own: those of http.DefaultTransport may
// be traced, which would trace the sending of traces.
func newTransport(p Protocol, trust *tls.Config) *http.Transport {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     trust,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		MaxIdleConns:        2,
		ForceAttemptHTTP2:   true,
		DisableCompression:  true,
	}
	if p == GRPC {
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP2(true)
		t.Protocols.SetUnencryptedHTTP2(true)
		// Finds out that nobody is there any more on a connection that looks open.
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second}
	}
	return t
}

func (c Config) tls() (*tls.Config, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CertificateFile != "" {
		pem, err := os.ReadFile(c.CertificateFile)
		if err != nil {
			return nil, fmt.Errorf("certificates to trust: %w", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("certificates to trust: %s has none in PEM", c.CertificateFile)
		}
	}
	if c.ClientCertificateFile == "" && c.ClientKeyFile == "" {
		return trust, nil
	}
	if c.ClientCertificateFile == "" || c.ClientKeyFile == "" {
		return nil, errors.New("a client certificate needs both its file and that of its key")
	}
	pair, err := tls.LoadX509KeyPair(c.ClientCertificateFile, c.ClientKeyFile)
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	trust.Certificates = []tls.Certificate{pair}
	return trust, nil
}

// header returns what every request has.
func (c Config) header() http.Header {
	h := http.Header{}
	h.Set("User-Agent", userAgent)
	for name, value := range c.Headers {
		h.Set(name, value)
	}
	h.Set("Content-Type", "application/x-protobuf")
	if c.Gzip {
		h.Set("Content-Encoding", "gzip")
	}
	if c.Protocol == GRPC {
		h.Set("Content-Type", "application/grpc")
		h.Set("Te", "trailers")
		h.Set("Grpc-Accept-Encoding", "identity")
		if c.Gzip {
			h.Del("Content-Encoding")
			h.Set("Grpc-Encoding", "gzip")
		}
	}
	return h
}

// destination is where and, by headers that hold no secret, as whom.
func (c Config) destination(u *url.URL) string {
	parts := []string{plain(u)}
	var named []string
	for name, value := range c.Headers {
		if !secret(name) {
			named = append(named, strings.ToLower(name)+"="+value)
		}
	}
	slices.Sort(named)
	return strings.Join(append(parts, named...), " ")
}

// plain writes a URL without who is asking, and without parameters that are likely
// to hold credentials.
func plain(u *url.URL) string {
	out := *u
	out.User = nil
	query, err := url.ParseQuery(u.RawQuery)
	all := len(query)
	maps.DeleteFunc(query, func(name string, _ []string) bool { return secret(name) })
	if err != nil || len(query) < all {
		out.RawQuery = query.Encode()
	}
	return out.String()
}

// secret reports whether a header or a parameter is likely to hold credentials.
func secret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"auth", "key", "token", "secret", "cookie", "password", "credential", "signature"},
		func(part string) bool { return strings.Contains(name, part) })
}

// Destination is the URL and the headers, without what is likely to be secret: two
// projects of one backend are two destinations, a renewed token is the same.
func (s *Sender) Destination() string { return s.destination }

// Timeout is that of the configuration.
func (s *Sender) Timeout() time.Duration { return s.timeout }

// Close closes idle connections.
func (s *Sender) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// Send sends one request. Its errors are *export.Fault.
func (s *Sender) Send(ctx context.Context, request []byte) error {
	body := request
	if s.zip != nil {
		body = s.compress(request)
	}
	if s.protocol == GRPC {
		return s.sendGRPC(ctx, body)
	}
	return s.sendHTTP(ctx, body)
}

// compress writes to memory, which does not fail.
func (s *Sender) compress(request []byte) []byte {
	var out bytes.Buffer
	s.zip.Reset(&out)
	_, _ = s.zip.Write(request)
	_ = s.zip.Close()
	return out.Bytes()
}

func (s *Sender) post(ctx context.Context, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, &export.Fault{Kind: export.Misconfigured, Message: "the endpoint cannot be asked", Err: err}
	}
	r.Header = s.header.Clone()
	// net/http tries a request again by itself on a connection that turns out to be
	// closed; a body that can be read again lets it.
	res, err := s.client.Do(r)
	if err != nil {
		return nil, s.unanswered(ctx, err)
	}
	return res, nil
}

func (s *Sender) sendHTTP(ctx context.Context, body []byte) error {
	res, err := s.post(ctx, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerBytes))
	if err != nil {
		return s.unanswered(ctx, err)
	}
	if res.StatusCode/100 == 2 {
		if isPage(answer, res.Header.Get("Content-Type")) { // of a proxy that asks who is there, for instance: the spans went nowhere
			return &export.Fault{Kind: export.Misconfigured, Message: "the answer is a page of HTML", Advice: s.wrongPlace()}
		}
		return partial(answer, res.Header.Get("Content-Type"))
	}
	return s.refusedHTTP(res, answer)
}
