package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/credentials"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

func TestEverythingWorksOverTLS(t *testing.T) {
	cert, key, trust := certificate(t)
	s := newServer(t, "--listen=127.0.0.1:0", "--store="+newSQLite(t), "--tls-cert="+cert, "--tls-key="+key)
	s.trust = trust
	s.start()
	c := agenttracev1connect.NewTraceServiceClient(&http.Client{Transport: &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true}}, s.url())
	for name, open := range map[string]func() (sdktrace.SpanExporter, error){
		"grpc": func() (sdktrace.SpanExporter, error) {
			return otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpointURL(s.url()), otlptracegrpc.WithTLSCredentials(credentials.NewTLS(trust)))
		},
		"http": func() (sdktrace.SpanExporter, error) {
			return otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(s.address()), otlptracehttp.WithTLSClientConfig(trust))
		},
	} {
		t.Run(name, func(t *testing.T) {
			exporter, err := open()
			if err != nil {
				t.Fatal(err)
			}
			for id, sent := range runAgent(t, exporter) {
				got, err := c.GetTrace(t.Context(), &agenttracev1.GetTraceRequest{TraceId: id})
				if err != nil {
					t.Fatal(err)
				}
				mustEqual(t, sent, got.GetSpans())
			}
		})
	}
	s.stop()
}

// certificate makes one for this machine that only trust, which it returns, knows.
func certificate(t *testing.T) (certFile, keyFile string, trust *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	known := x509.NewCertPool()
	certFile = writePEM(t, "CERTIFICATE", der)
	keyFile = writePEM(t, "PRIVATE KEY", secret)
	if parsed, err := x509.ParseCertificate(der); err == nil {
		known.AddCert(parsed)
	}
	return certFile, keyFile, &tls.Config{RootCAs: known}
}

func writePEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
