package agenttrace_test

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// headersOf is a server that notes the headers of each request.
type headersOf struct {
	agenttracev1connect.UnimplementedTraceServiceHandler
	recorder[http.Header]
}

func (h *headersOf) GetSpan(context.Context, *agenttrace.GetSpanRequest) (*agenttrace.GetSpanResponse, error) {
	return &agenttrace.GetSpanResponse{Span: &agenttrace.Span{Name: "here"}}, nil
}

func (h *headersOf) StreamTrace(_ context.Context, _ *agenttrace.StreamTraceRequest, s *connect.ServerStream[agenttrace.StreamTraceResponse]) error {
	return s.Send(&agenttrace.StreamTraceResponse{Trace: &agenttrace.Trace{}})
}

func (h *headersOf) noting() http.Handler {
	next := services{traces: h, otlp: func(http.ResponseWriter, *http.Request) {}}.handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.add(r.Header.Clone())
		next.ServeHTTP(w, r)
	})
}

func TestEveryRequestCarriesTokenProjectAndNames(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		server := new(headersOf)
		client := newClient(t, serve(t, server.noting()), protocol,
			agenttrace.WithToken("secret"), agenttrace.WithProject("shop"),
			agenttrace.WithHeader("x-route", "a"), agenttrace.WithUserAgent("billing/1.2"))
		if _, err := client.GetSpan(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		for _, err := range client.StreamTrace(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.SendTraces(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"Authorization": "Bearer secret", "Agenttrace-Project": "shop", "X-Route": "a", "User-Agent": "billing/1.2 agenttrace-go",
		}
		if n := len(server.seen()); n != 3 {
			t.Errorf("the server saw %d requests, want 3", n)
		}
		for _, header := range server.seen() {
			for name, value := range want {
				if got := header.Values(name); len(got) != 1 || got[0] != value {
					t.Errorf("the server saw %s: %q, want %q once", name, got, value)
				}
			}
		}
	})
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"http://localhost:4318":         "http://localhost:4318",
		"https://traces.example.com/":   "https://traces.example.com",
		"https://example.com/traces/":   "https://example.com/traces",
		"localhost:4318":                "http://localhost:4318",
		"127.0.0.1:4318":                "http://127.0.0.1:4318",
		"[::1]:4318":                    "http://[::1]:4318",
		"a.localhost":                   "http://a.localhost",
		"traces.example.com:4318":       "give https://traces.example.com:4318, or http://traces.example.com:4318",
		"192.168.1.7:4318":              "give https://192.168.1.7:4318",
		"ftp://example.com":             "must be http or https",
		"http://":                       "names no host",
		"http://ann:pw@localhost":       "use WithToken",
		"http://localhost:4318?project": "something behind its path",
		"http://localhost:4318#a":       "something behind its path",
		"":                              "is no address",
		"http://local host":             "no URL",
		"http://ann:pw@local host":      "no URL",
	} {
		client, err := agenttrace.New(address)
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("New(%q) says %q, want %q", address, err, want)
			}
			if strings.Contains(err.Error(), "pw") {
				t.Errorf("New(%q) repeats the password: %v", address, err)
			}
			continue
		}
		if client.URL() != want {
			t.Errorf("New(%q) talks to %s, want %s", address, client.URL(), want)
		}
	}
}

func TestATokenDoesNotCrossTheNetworkInTheClear(t *testing.T) {
	for _, secret := range []agenttrace.Option{
		agenttrace.WithToken("secret"), agenttrace.WithHeader("authorization", "Basic c2VjcmV0"),
	} {
		for url, allowed := range map[string]bool{
			"http://localhost:4318": true, "http://127.0.0.1": true, "http://[::1]:1": true,
			"https://example.com": true, "http://example.com": false, "http://10.0.0.1:4318": false, "http://localhost.example.com": false,
		} {
			if _, err := agenttrace.New(url, secret); (err == nil) != allowed {
				t.Errorf("New(%s) with a token: %v", url, err)
			}
			if _, err := agenttrace.New(url, secret, agenttrace.WithInsecureToken()); err != nil {
				t.Errorf("New(%s) with a token that may be sent in the clear: %v", url, err)
			}
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := new(headersOf)
	target := serve(t, elsewhere.noting())
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	client := newClient(t, url, agenttrace.WithToken("secret"))
	if _, err := client.GetSpan(t.Context(), nil); err == nil {
		t.Error("a redirected call succeeded")
	}
	if _, err := client.SendTraces(t.Context(), []byte{}); err == nil {
		t.Error("redirected spans were sent")
	}
	if len(elsewhere.seen()) > 0 {
		t.Error("the token went where a redirect led")
	}
}

func TestOptionsThatMakeNoSenseAreErrors(t *testing.T) {
	for want, options := range map[string][]agenttrace.Option{
		"must not be negative":             {agenttrace.WithTimeout(-1)},
		"fewer than 0":                     {agenttrace.WithRetries(-1)},
		"the first must be greater than 0": {agenttrace.WithBackoff(0, 1)},
		"the longest no shorter":           {agenttrace.WithBackoff(2, 1)},
		"must be greater than 0":           {agenttrace.WithMaxMessageBytes(0)},
		"no name of a header":              {agenttrace.WithHeader("a b", "c")},
		"a line break at its end":          {agenttrace.WithToken("secret\n")},
		"give an https URL":                {agenttrace.WithTLS(&tls.Config{MinVersion: tls.VersionTLS13})},
		"exclude each other":               {agenttrace.WithTLS(&tls.Config{MinVersion: tls.VersionTLS13}), agenttrace.WithHTTPClient(http.DefaultClient)},
	} {
		_, err := agenttrace.New("http://localhost", options...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New says %v, want %q", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error repeats the token: %v", err)
		}
	}
}

func TestTLS(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		s := httptest.NewUnstartedServer(new(headersOf).noting())
		s.EnableHTTP2 = true
		s.Config.ErrorLog = log.New(io.Discard, "", 0) // that the stranger hung up
		s.StartTLS()
		defer s.Close()
		trust := s.Client().Transport.(*http.Transport).TLSClientConfig
		client := newClient(t, s.URL, protocol, agenttrace.WithTLS(trust))
		if _, err := client.GetSpan(t.Context(), nil); err != nil {
			t.Error(err)
		}
		stranger := newClient(t, s.URL, protocol, agenttrace.WithRetries(0))
		if _, err := stranger.GetSpan(t.Context(), nil); !agenttrace.IsUnavailable(err) {
			t.Errorf("a certificate of nobody knows whom: %v", err)
		}
	})
}

func TestAnHTTPClientIsUsedAndStaysAsItWas(t *testing.T) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	own := &http.Client{Transport: transport}
	client := newClient(t, serve(t, new(headersOf).noting()), agenttrace.WithHTTPClient(own))
	if _, err := client.GetSpan(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if own.Transport != transport || own.CheckRedirect != nil {
		t.Error("the HTTP client was changed")
	}
}

func TestAPathBeforeTheCalls(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/traces/", http.StripPrefix("/traces", new(headersOf).noting()))
	client := newClient(t, serve(t, mux)+"/traces/")
	if _, err := client.GetSpan(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := client.SendTraces(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestCompressionOfRequests(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		long := &agenttrace.GetSpanRequest{TraceId: strings.Repeat("a", 5000)}
		for _, on := range []bool{true, false} {
			server := new(headersOf)
			client := newClient(t, serve(t, server.noting()), protocol, agenttrace.WithCompression(on))
			if _, err := client.GetSpan(t.Context(), long); err != nil {
				t.Fatal(err)
			}
			if _, err := client.SendTraces(t.Context(), make([]byte, 5000)); err != nil {
				t.Fatal(err)
			}
			for _, header := range server.seen() {
				said := header.Get("Content-Encoding") + header.Get("Grpc-Encoding")
				if (said == "gzip") != on {
					t.Errorf("with compression %v the server saw the encoding %q", on, said)
				}
			}
		}
	})
}
