package e2e_test

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

// TestManyCallersWithOneSpanEach does what many agents do whose exporter sends
// each span as it ends.
func TestManyCallersWithOneSpanEach(t *testing.T) {
	const callers, each = 32, 40
	eachStore(t, func(t *testing.T, store string) {
		s := startServer(t, "--store="+store)
		random := rand.New(rand.NewPCG(seed(t), 6))
		doors, book := protobufDoors(), newLedger()
		var wg sync.WaitGroup
		for i := range callers {
			caller, client := newSender(random.Uint64(), uint64(i)), newClient(t)
			wg.Go(func() {
				trace := caller.newTrace()
				for range each {
					sendOnce(t, doors[i%len(doors)], client, s, book, requestOf(caller.span(trace)))
				}
			})
		}
		wg.Wait()
		book.mustHold(t, reader(t, s, "load"))
		if len(book.promised) != callers*each {
			t.Errorf("%d spans acknowledged, want %d", len(book.promised), callers*each)
		}
		s.stop()
	})
}

func sendOnce(t *testing.T, door door, client *http.Client, s *server, book *ledger, message *coltracepb.ExportTraceServiceRequest) {
	book.sent(message)
	if a := door.send(t.Context(), client, s.url(), "load", encode(t, message)); !a.acknowledged || a.rejected != 0 {
		t.Errorf("%s: %d rejected, %s %v", door.name, a.rejected, a.message, a.err)
		return
	}
	book.acknowledged(message)
}
