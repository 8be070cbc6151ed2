package main

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
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
)

// certificate writes a certificate for 127.0.0.1 that signs itself, and its key.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER)
}

func TestTLSServesBothVersionsOfHTTP(t *testing.T) {
	certFile, keyFile := certificate(t)
	s := newServer(t, "--tls-cert="+certFile, "--tls-key="+keyFile)
	start(t, s)
	chain, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(chain)
	trace := newTrace(7)
	for _, version2 := range []bool{false, true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, Protocols: new(http.Protocols)}
		transport.Protocols.SetHTTP1(!version2)
		transport.Protocols.SetHTTP2(version2)
		defer transport.CloseIdleConnections()
		c := &http.Client{Transport: transport}
		mustPost(t, c, url(s, 0), trace)
		mustFind(t, c, url(s, 0), trace)
		if version2 {
			mustFind(t, c, url(s, 0), trace, connect.WithGRPC())
		}
	}
	plain := "http://" + s.Addrs()[0].String()
	if res := post(t, client(t, false), plain, strings.NewReader("")); res.StatusCode == http.StatusOK {
		t.Error("answers without TLS")
	}
	if greeting := s.Greeting(); !strings.Contains(greeting, "OTEL_EXPORTER_OTLP_ENDPOINT=https://") || strings.Contains(greeting, "plaintext") {
		t.Errorf("the greeting does not say that TLS is on:\n%s", greeting)
	}
}

func TestUnusableCertificateEndsTheStart(t *testing.T) {
	certFile, keyFile := certificate(t)
	for name, args := range map[string][]string{
		"no such file":      {"--tls-cert=/no/such/file", "--tls-key=" + keyFile},
		"files exchanged":   {"--tls-cert=" + keyFile, "--tls-key=" + certFile},
		"of different keys": {"--tls-cert=" + certFile, "--tls-key=" + otherKey(t)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, args...)
			if err := s.Start(t.Context()); err == nil {
				drain(t, s)
				t.Error("started")
			} else if !strings.Contains(err.Error(), "--tls-cert") {
				t.Errorf("%q does not name the flag", err)
			}
		})
	}
}

func otherKey(t *testing.T) string {
	t.Helper()
	_, keyFile := certificate(t)
	return keyFile
}
