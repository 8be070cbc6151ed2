package otlpdoor_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/sample"
	"github.com/agenttrace/agenttrace/internal/service/compress"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/intake"
	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
)

// forgetful stores nothing, at once.
type forgetful struct{}

func (forgetful) Write(_ context.Context, records []model.Record) (repo.Written, error) {
	return repo.Written{Stored: len(records)}, nil
}

// BenchmarkExport is what a request costs from its frame to its batch, without the
// network and without a store.
func BenchmarkExport(b *testing.B) {
	var traces []sample.Trace
	generator := sample.New(sample.Options{Seed: 1})
	for range 200 {
		traces = append(traces, generator.Trace(time.Now().Add(-time.Hour)))
	}
	for _, size := range []int{1, 512} {
		b.Run(fmt.Sprintf("spans=%d", size), func(b *testing.B) {
			pipeline := ingest.New(forgetful{}, ingest.Config{})
			b.Cleanup(func() { _ = pipeline.Close(context.Background()) })
			door := otlpdoor.New(otlpdoor.Config{
				Intake:           &intake.Intake{Ingest: pipeline, Limits: otlp.Limits{}},
				Faults:           &fault.Mapper{Log: slog.New(slog.DiscardHandler)},
				Decoders:         compress.NewDecoders(64 << 20),
				MaxMessageBytes:  64 << 20,
				MaxInflightBytes: 256 << 20,
				Timeout:          time.Minute,
			}).GRPC()
			var frames [][]byte
			for _, body := range sample.Batches(traces, size) {
				frames = append(frames, append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body))), body...))
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, otlpdoor.GRPCPath, bytes.NewReader(frames[n%len(frames)]))
				r.Header.Set("Content-Type", "application/grpc")
				w := httptest.NewRecorder()
				door.ServeHTTP(w, r)
				if got := w.Header().Get(http.TrailerPrefix + "Grpc-Status"); got != "0" {
					b.Fatalf("status %q: %s", got, w.Header().Get("Grpc-Message"))
				}
				n++
			}
		})
	}
}
