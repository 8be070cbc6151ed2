package otlp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/otlp"
)

func TestGRPCAnswerIsReadToItsStatus(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_, _ = w.Write(make([]byte, 1<<17))
		w.Header().Set("Grpc-Status", "0")
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	if err := send(t, otlp.Config{Endpoint: server.URL, Protocol: otlp.GRPC}); err != nil {
		t.Error(err)
	}
}
