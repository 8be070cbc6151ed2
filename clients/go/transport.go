package agenttrace

import (
	"maps"
	"net"
	"net/http"
	"time"
)

// newTransport returns a transport of the client's own.
func newTransport(c *config) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	if c.protocol == protocolGRPC {
		protocols.SetUnencryptedHTTP2(true)
	} else {
		protocols.SetHTTP1(true)
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:     c.tls,
		TLSHandshakeTimeout: 10 * time.Second,
		Protocols:           protocols,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
		HTTP2: &http.HTTP2Config{
			// Frames of the usual 16 KB cost an export a fifth more CPU.
			MaxReadFrameSize: 256 << 10,
			// A connection that died without a word is found out while streams are
			// silent on it.
			SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second,
		},
	}
}

// withHeaders sends headers with every request, in whichever protocol.
type withHeaders struct {
	header http.Header
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (w *withHeaders) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	maps.Copy(req.Header, w.header)
	return w.next.RoundTrip(req)
}

// CloseIdleConnections lets http.Client reach the transport below.
func (w *withHeaders) CloseIdleConnections() {
	if t, ok := w.next.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// newHTTPClient returns the HTTP client for a configuration. Redirects are not
// followed: they would carry tokens and spans to where nobody said that they
// should go.
func newHTTPClient(c *config) *http.Client {
	client := new(http.Client)
	if c.http != nil {
		*client = *c.http
	} else {
		client.Transport = newTransport(c)
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = &withHeaders{c.header, client.Transport}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}
