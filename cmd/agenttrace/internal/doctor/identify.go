package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// mostRead bounds what is read of a stranger's answer.
const mostRead = 64 << 10

// identify finds out what it is that does not answer as a server of ours does.
func (e *examination) identify(ctx context.Context, cause error) Finding {
	const check = "server"
	at := hostPort(e.url)
	if e.url.Scheme == "http" && e.handshake(ctx) == withTLS {
		return failure(check, fmt.Sprintf("%s speaks TLS, and was asked without.", at),
			"Use https:// instead of http:// (--server, AGENTTRACE_SERVER; OTEL_EXPORTER_OTLP_ENDPOINT for exporters).")
	}
	page, err := e.fetch(ctx, http.MethodGet, "/", "")
	switch {
	case err == nil && strings.HasPrefix(page.body, "agenttrace "):
		version, _, _ := strings.Cut(strings.TrimPrefix(page.body, "agenttrace "), ":")
		return failure(check, fmt.Sprintf("%s is agenttrace %.40s, which does not answer this question: %v.", at, version, cause),
			"Update the server; this program is "+e.Version+".")
	case err == nil:
		return e.stranger(ctx, page)
	}
	first, err := e.firstBytes(ctx)
	switch {
	case isTimeout(err) && len(first) == 0:
		return failure(check, fmt.Sprintf("%s accepts connections and says nothing for %v.", at, e.Patience),
			"It may be stuck, or no HTTP server at all. See its log, or choose another port; "+sayWhere)
	case len(first) >= 4 && first[3] == 0x4 && bytes.HasPrefix(first, []byte{0}):
		return failure(check, fmt.Sprintf("%s speaks HTTP/2 alone, as the gRPC port of an OpenTelemetry collector does; it is not agenttrace.", at),
			"Another program has the port. "+sayWhere, "Or end it and start agenttrace there.")
	case len(first) == 0:
		return failure(check, fmt.Sprintf("%s closes the connection without a word.", at), "It is no agenttrace server, or a proxy that has none behind it. "+sayWhere)
	}
	return failure(check, fmt.Sprintf("%s does not speak HTTP: its answer begins with %.40q.", at, first), "Another program has the port. "+sayWhere)
}

// stranger describes an HTTP server that is not ours.
func (e *examination) stranger(ctx context.Context, page page) Finding {
	const check = "server"
	at := hostPort(e.url)
	if otlp, err := e.fetch(ctx, http.MethodPost, "/v1/traces", "application/x-protobuf"); err == nil && otlp.status == http.StatusOK {
		return failure(check, fmt.Sprintf("%s takes OTLP, but is not agenttrace: most likely an OpenTelemetry collector.", at),
			"Say where agenttrace is: --server URL, or the variable AGENTTRACE_SERVER.",
			"If the collector shall pass spans on, give it an otlphttp exporter with agenttrace's address as endpoint.")
	}
	who := "an HTTP server"
	if page.server != "" {
		who = fmt.Sprintf("an HTTP server (%.60s)", page.server)
	}
	return failure(check, fmt.Sprintf("%s is %s, not agenttrace: it answers %d.", at, who, page.status), "Another program has the port. "+sayWhere,
		"Behind a proxy, give the whole URL under which agenttrace is reached, with its path.")
}

// page is what a stranger answered.
type page struct {
	status int
	server string
	body   string
}

// fetch makes one request without any of our headers: a token is for our server.
func (e *examination) fetch(ctx context.Context, method, path, contentType string) (page, error) {
	ctx, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, e.url.Scheme+"://"+e.url.Host+strings.TrimRight(e.url.Path, "/")+path, http.NoBody)
	if err != nil {
		return page{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	transport := &http.Transport{TLSClientConfig: e.Trust, DisableKeepAlives: true, MaxResponseHeaderBytes: mostRead}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		return page{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostRead))
	return page{status: res.StatusCode, server: res.Header.Get("Server"), body: string(body)}, err
}

// greeting is how somebody answers to the first words of TLS.
type greeting int

const (
	noAnswer   greeting = iota // or one that tells nothing
	withTLS                    // shakes hands
	withoutTLS                 // answers something else
)

// handshake tries to shake hands. Whether the certificate is to be trusted is not
// the question here.
func (e *examination) handshake(ctx context.Context) greeting {
	ctx, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: e.url.Hostname()}}
	conn, err := dialer.DialContext(ctx, "tcp", hostPort(e.url))
	var record tls.RecordHeaderError
	switch {
	case err == nil:
		conn.Close()
		return withTLS
	case errors.As(err, &record):
		return withoutTLS
	}
	return noAnswer
}

// firstBytes returns how the server's answer to a request begins.
func (e *examination) firstBytes(ctx context.Context) ([]byte, error) {
	dialing, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(dialing, "tcp", hostPort(e.url))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(e.Patience)); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", e.url.Host); err != nil {
		return nil, err
	}
	first := make([]byte, 64)
	n, err := conn.Read(first)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return first[:n], err
}
