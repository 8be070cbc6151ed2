package agenttrace

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// Defaults of a [Client].
const (
	// DefaultTimeout is how long a call may take whose context has no deadline,
	// attempts and pauses included.
	DefaultTimeout = time.Minute
	// DefaultMaxMessageBytes is how large one answer, or one message of a stream,
	// may be. Servers send up to 32 MiB.
	DefaultMaxMessageBytes = 64 << 20
	// DefaultRetries is how often a call is tried again.
	DefaultRetries = 4
)

// Pauses between attempts, unless [WithBackoff] says otherwise.
const (
	defaultFirstPause = 200 * time.Millisecond
	defaultMaxPause   = 10 * time.Second
)

// Option sets something of a [Client].
type Option func(*config) error

// protocol is what is spoken with the server.
type protocol int

const (
	protocolConnect protocol = iota
	protocolGRPC
	protocolGRPCWeb
)

// config is what options set.
type config struct {
	header         http.Header
	insecureToken  bool
	tls            *tls.Config
	http           *http.Client
	protocol       protocol
	uncompressed   bool
	timeout        time.Duration
	maxMessage     int
	retries        int
	first, longest time.Duration
}

func defaults() *config {
	c := &config{
		header:     http.Header{},
		timeout:    DefaultTimeout,
		maxMessage: DefaultMaxMessageBytes,
		retries:    DefaultRetries,
		first:      defaultFirstPause,
		longest:    defaultMaxPause,
	}
	c.header.Set("User-Agent", "agenttrace-go")
	return c
}

// WithToken sends a bearer token with every request. Over plain http it is sent
// to this machine only (localhost and loopback addresses), since everyone on the
// way could read it; see [WithInsecureToken]. An empty token is none.
func WithToken(token string) Option {
	if token == "" {
		return func(*config) error { return nil }
	}
	return WithHeader("Authorization", "Bearer "+token)
}

// WithInsecureToken allows a token over plain http to another machine: for
// networks that are encrypted by other means.
func WithInsecureToken() Option {
	return func(c *config) error {
		c.insecureToken = true
		return nil
	}
}

// WithProject names the project that all calls see; without it, it is "default".
func WithProject(name string) Option { return WithHeader("agenttrace-project", name) }

// WithHeader sends a header with every request, for what stands before the
// server. The last value of a name counts. An Authorization header is guarded as
// a token is.
func WithHeader(name, value string) Option {
	return func(c *config) error {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' }) {
			return fmt.Errorf("agenttrace: %q is no name of a header", name)
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return fmt.Errorf("agenttrace: the value of the header %s holds a control character; is there a line break at its end?", textproto.CanonicalMIMEHeaderKey(name))
		}
		c.header.Set(name, value)
		return nil
	}
}

// WithUserAgent puts the name of a program before the client's own, as in
// "billing/1.2 agenttrace-go".
func WithUserAgent(name string) Option { return WithHeader("User-Agent", name+" agenttrace-go") }

// WithTLS sets certificates, names and versions for https. It excludes
// [WithHTTPClient], whose transport has its own.
func WithTLS(t *tls.Config) Option {
	return func(c *config) error {
		c.tls = t.Clone()
		return nil
	}
}

// WithConnect speaks Connect's protocol, over HTTP/1.1 or, with https where the
// server has it, HTTP/2. It is the default.
func WithConnect() Option { return withProtocol(protocolConnect) }

// WithGRPC speaks gRPC over HTTP/2, with an http URL without TLS.
func WithGRPC() Option { return withProtocol(protocolGRPC) }

// WithGRPCWeb speaks gRPC-Web, for proxies that let only that pass.
func WithGRPCWeb() Option { return withProtocol(protocolGRPCWeb) }

func withProtocol(p protocol) Option {
	return func(c *config) error {
		c.protocol = p
		return nil
	}
}

// WithHTTPClient sends requests through another HTTP client; what [New] needs to
// change it changes in a copy. Its Timeout should be zero, since it would cut
// streams. For [WithGRPC] over http its transport must speak HTTP/2 without TLS.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		c.http = client
		return nil
	}
}

// WithTimeout limits how long a call may take whose context has no deadline,
// attempts and pauses included; each page of a list is a call. 0 is no limit.
// Streams and tails have no limit of their own: the server ends streams, and
// tails shall not end.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("agenttrace: the timeout is %v; it must not be negative", d)
		}
		c.timeout = d
		return nil
	}
}

// WithRetries says how often a call is tried again that found the server away
// (UNAVAILABLE) or was told to come back later (RetryInfo, Retry-After). 0 is
// never.
func WithRetries(n int) Option {
	return func(c *config) error {
		if n < 0 {
			return fmt.Errorf("agenttrace: %d retries; there must not be fewer than 0", n)
		}
		c.retries = n
		return nil
	}
}

// WithBackoff sets the pauses between attempts: about first, then twice as long
// each time, up to longest. Each is shortened by up to half at random, so that
// clients do not come back all at once. A time that the server names is kept to.
func WithBackoff(first, longest time.Duration) Option {
	return func(c *config) error {
		if first <= 0 || longest < first {
			return fmt.Errorf("agenttrace: pauses from %v to %v; the first must be greater than 0, and the longest no shorter", first, longest)
		}
		c.first, c.longest = first, longest
		return nil
	}
}

// WithCompression says whether requests of more than a kilobyte are sent with
// gzip, and answers may come so. It is on by default.
func WithCompression(on bool) Option {
	return func(c *config) error {
		c.uncompressed = !on
		return nil
	}
}

// WithMaxMessageBytes limits how large one answer, or one message of a stream,
// may be; a larger one is a [MessageTooLargeError].
func WithMaxMessageBytes(n int) Option {
	return func(c *config) error {
		if n <= 0 {
			return fmt.Errorf("agenttrace: messages of at most %d bytes; the limit must be greater than 0", n)
		}
		c.maxMessage = n
		return nil
	}
}
