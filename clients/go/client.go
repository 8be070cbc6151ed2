package agenttrace

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"connectrpc.com/connect"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// Client talks to one server, about one project. It is safe for concurrent use,
// and holds connections until [Client.Close].
type Client struct {
	config *config
	url    *url.URL
	http   *http.Client

	traces   agenttracev1connect.TraceServiceClient
	ingest   agenttracev1connect.IngestServiceClient
	query    agenttracev1connect.QueryServiceClient
	runs     agenttracev1connect.RunServiceClient
	sessions agenttracev1connect.SessionServiceClient
	usage    agenttracev1connect.UsageServiceClient
	tails    agenttracev1connect.TailServiceClient
	status   agenttracev1connect.StatusServiceClient
}

// New returns a client of the server at an http or https URL, such as
// http://localhost:4318; a path in it goes before those of the calls, as proxies
// need it. Without a scheme, an address of this machine (localhost:4318,
// 127.0.0.1:4318) stands for http, any other is an error.
//
// New does not connect: calls do.
func New(url string, options ...Option) (*Client, error) {
	c := defaults()
	for _, option := range options {
		if err := option(c); err != nil {
			return nil, err
		}
	}
	u, err := parseAddress(url)
	if err != nil {
		return nil, err
	}
	if c.http != nil && c.tls != nil {
		return nil, errors.New("agenttrace: WithTLS and WithHTTPClient exclude each other: set TLSClientConfig of the HTTP client's transport")
	}
	if c.tls != nil && u.Scheme == "http" {
		return nil, fmt.Errorf("agenttrace: TLS is configured, but %s is without TLS; give an https URL", u)
	}
	if c.header.Get("Authorization") != "" && u.Scheme == "http" && !c.insecureToken && !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("agenttrace: a token for %s would cross the network in the clear; use https, or allow it with WithInsecureToken", u)
	}
	return newClient(c, u), nil
}

func newClient(c *config, u *url.URL) *Client {
	client, base, options := newHTTPClient(c), u.String(), connect.WithClientOptions(clientOptions(c)...)
	return &Client{
		config:   c,
		url:      u,
		http:     client,
		traces:   agenttracev1connect.NewTraceServiceClient(client, base, options),
		ingest:   agenttracev1connect.NewIngestServiceClient(client, base, options),
		query:    agenttracev1connect.NewQueryServiceClient(client, base, options),
		runs:     agenttracev1connect.NewRunServiceClient(client, base, options),
		sessions: agenttracev1connect.NewSessionServiceClient(client, base, options),
		usage:    agenttracev1connect.NewUsageServiceClient(client, base, options),
		tails:    agenttracev1connect.NewTailServiceClient(client, base, options),
		status:   agenttracev1connect.NewStatusServiceClient(client, base, options),
	}
}

// compressFrom is the size in bytes from which compressing is worth it.
const compressFrom = 1024

func clientOptions(c *config) []connect.ClientOption {
	options := []connect.ClientOption{connect.WithReadMaxBytes(c.maxMessage), connect.WithCodec(wireCodec{})}
	if c.uncompressed {
		options = append(options, connect.WithAcceptCompression("gzip", nil, nil))
	} else {
		options = append(options, connect.WithSendGzip(), connect.WithCompressMinBytes(compressFrom))
	}
	switch c.protocol {
	case protocolGRPC:
		options = append(options, connect.WithGRPC())
	case protocolGRPCWeb:
		options = append(options, connect.WithGRPCWeb())
	}
	return options
}

// URL returns the address of the server, as it was understood.
func (c *Client) URL() string { return c.url.String() }

// Close closes idle connections; running calls go on. With [WithHTTPClient] these
// are that client's.
func (c *Client) Close() { c.http.CloseIdleConnections() }
