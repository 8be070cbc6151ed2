package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// retries is how often a call is tried again while the server is away: a moment is
// bridged, as in a restart; a person waits for no longer.
const retries = 2

// Client returns a client of the server that the flags name, with more options. It
// does not connect.
func (a *App) Client(more ...agenttrace.Option) (*agenttrace.Client, error) {
	options := []agenttrace.Option{
		agenttrace.WithProject(a.Project),
		agenttrace.WithUserAgent("agenttrace-cli"),
		agenttrace.WithRetries(retries),
	}
	if a.Token != "" {
		options = append(options, agenttrace.WithToken(a.Token))
	}
	if a.GRPC {
		options = append(options, agenttrace.WithGRPC())
	}
	if a.CA != "" {
		trust, err := trusting(a.CA)
		if err != nil {
			return nil, err
		}
		options = append(options, agenttrace.WithTLS(trust))
	}
	client, err := agenttrace.New(a.Server, append(options, more...)...)
	if err != nil {
		return nil, usageErrorf("%s", asTyped.Replace(err.Error()))
	}
	return client, nil
}

// asTyped says what the client says of its options in terms of what was typed.
var asTyped = strings.NewReplacer("agenttrace: ", "", "; use https, or allow it with WithInsecureToken", "; use https", "WithToken", "--token")

// trusting trusts the certificates in a file beside the system's.
func trusting(file string) (*tls.Config, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, usageErrorf("--ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's certificates: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usageErrorf("--ca: %s has no certificate in PEM", file)
	}
	return &tls.Config{RootCAs: pool}, nil
}
