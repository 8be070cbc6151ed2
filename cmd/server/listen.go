package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/agenttrace/agenttrace/internal/config"
)

// There is no limit on the time that a request or an answer takes as a whole:
// it would cut streams. These bound what a silent peer can hold.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10

	// A peer that sends nothing for pingAfter is asked whether it lives, and
	// has pingTimeout to say so. One that takes no byte of an answer, below
	// HTTP/2's own flow control, for writeStall is gone.
	pingAfter   = 30 * time.Second
	pingTimeout = 15 * time.Second
	writeStall  = time.Minute

	// What the server takes in before a handler reads it. The defaults of 1 MiB
	// per connection make a sender of large batches wait for window updates.
	connectionBuffer = 8 << 20
	streamBuffer     = 4 << 20
	maxFrame         = 1 << 20
	maxStreams       = 250
)

// newHTTPServer serves h by HTTP/1.1 and HTTP/2, without TLS when certificates
// is nil.
func newHTTPServer(h http.Handler, certificates []tls.Certificate, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	s := &http.Server{
		Handler:           h,
		Protocols:         protocols,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          maxStreams,
			MaxReadFrameSize:              maxFrame,
			MaxReceiveBufferPerConnection: connectionBuffer,
			MaxReceiveBufferPerStream:     streamBuffer,
			SendPingTimeout:               pingAfter,
			PingTimeout:                   pingTimeout,
			WriteByteTimeout:              writeStall,
		},
	}
	if certificates == nil {
		protocols.SetUnencryptedHTTP2(true)
		return s
	}
	protocols.SetHTTP2(true)
	s.TLSConfig = &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}
	return s
}

// loadCertificates returns nil when TLS is off.
func loadCertificates(c config.Listening) ([]tls.Certificate, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s with --tls-key %s: %w", c.TLSCert, c.TLSKey, err)
	}
	return []tls.Certificate{pair}, nil
}

// listen opens every address, or none.
func listen(ctx context.Context, addresses []string) ([]net.Listener, error) {
	var open []net.Listener
	for _, address := range addresses {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			for _, l := range open {
				l.Close()
			}
			return nil, listenError(address, err)
		}
		open = append(open, l)
	}
	return open, nil
}

// listenError says what to do about the usual reasons.
func listenError(address string, err error) error {
	var advice string
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		advice = "another program listens there already, perhaps another agenttrace or an OpenTelemetry collector: " +
			"end it, or choose other addresses with --listen (" + config.Variable("listen") + "), such as --listen 127.0.0.1:14317,127.0.0.1:14318"
	case errors.Is(err, syscall.EACCES):
		advice = "ports below 1024 need a privilege: choose others with --listen (" + config.Variable("listen") + ")"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		advice = "this machine does not have that address: choose another with --listen (" + config.Variable("listen") + ")"
	default:
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	return fmt.Errorf("listen on %s: %s: %w", address, advice, err)
}
