package main

import (
	"fmt"
	"net"
	"strings"
)

// Greeting is what a person should know after the start: where the server
// listens and stores, what to set in an agent, and what to ask.
func (s *Server) Greeting() string {
	// Every address serves everything. By habit OTLP over HTTP, which is what
	// the variable is used for most, goes to the last of them (4318), gRPC to
	// the first (4317).
	first, last := reachable(s.addresses[0]), reachable(s.addresses[len(s.addresses)-1])
	scheme, curl, grpcurl := "http", "curl -s", "grpcurl -plaintext"
	if s.Config.TLSCert != "" {
		scheme, curl, grpcurl = "https", "curl -s --cacert "+s.Config.TLSCert, "grpcurl -cacert "+s.Config.TLSCert
	}
	const method = "agenttrace.v1.TraceService/ListTraces"
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", s.Build)
	fmt.Fprintf(&b, "  listens on   %s  (OTLP, gRPC, Connect and HTTP on each)\n", strings.Join(s.listening(), ", "))
	fmt.Fprintf(&b, "  stores in    %s\n", s.Config.Store)
	fmt.Fprintf(&b, "  exporters    OTEL_EXPORTER_OTLP_ENDPOINT=%s://%s\n", scheme, last)
	fmt.Fprintf(&b, "  ask it       %s %s://%s/%s -H 'content-type: application/json' -d '{}'\n", curl, scheme, last, method)
	fmt.Fprintf(&b, "               %s %s %s\n\n", grpcurl, first, method)
	return b.String()
}

// reachable returns an address at which this machine reaches a listener.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}
