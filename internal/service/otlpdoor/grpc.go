package otlpdoor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/service/compress"
	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// ServiceName is the gRPC service that OTLP/gRPC senders call.
const ServiceName = "opentelemetry.proto.collector.trace.v1.TraceService"

// GRPCPath is its only method.
const GRPCPath = "/" + ServiceName + "/Export"

const (
	frameHeaderLen  = 5 // one byte of flags, four of length
	frameCompressed = 1 // the only flag there is
)

// GRPC returns the handler of OTLP/gRPC.
func (d *Door) GRPC() http.Handler { return http.HandlerFunc(d.serveGRPC) }

func (d *Door) serveGRPC(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "gRPC takes POST", http.StatusMethodNotAllowed)
		return
	}
	contentType := r.Header.Get("Content-Type")
	if contentType != "application/grpc" && contentType != "application/grpc+proto" {
		w.Header().Set("Accept-Post", "application/grpc, application/grpc+proto")
		http.Error(w, "Content-Type must be application/grpc or application/grpc+proto; OTLP/HTTP is at "+HTTPPath,
			http.StatusUnsupportedMediaType)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Grpc-Accept-Encoding", "identity,gzip,zstd")

	timeout, err := parseTimeout(r.Header.Get("Grpc-Timeout"))
	if err != nil {
		refuseGRPC(w, fault.Invalid(err.Error()))
		return
	}
	ctx, cancel := d.limitTime(r, timeout)
	defer cancel()
	defer func() {
		if value := recover(); value != nil && value != http.ErrAbortHandler {
			refuseGRPC(w, d.Faults.Panicked(ctx, GRPCPath, value))
		} else if value != nil {
			panic(value)
		}
	}()
	answer, err := d.takeGRPC(ctx, w, r)
	if err != nil {
		refuseGRPC(w, d.Faults.Map(ctx, GRPCPath, err))
		return
	}
	answerGRPC(w, r, answer)
}

// takeGRPC reads a request, stores its spans and returns the answer.
func (d *Door) takeGRPC(ctx context.Context, w http.ResponseWriter, r *http.Request) (proto.Message, error) {
	buf := d.buffers.open(&d.budget)
	stored := false
	defer func() { buf.close(stored) }()

	if err := interruptible(ctx, w, func() error { return d.readGRPC(ctx, buf, r) }); err != nil {
		return nil, err
	}
	answer, err := d.export(ctx, r.Header, buf.data)
	if err != nil {
		return nil, err
	}
	stored = true
	return answer, nil
}

// readGRPC reads the one message of a unary call.
func (d *Door) readGRPC(ctx context.Context, buf *buffer, r *http.Request) error {
	encoding := strings.ToLower(r.Header.Get("Grpc-Encoding"))
	switch encoding {
	case "", compress.Identity, compress.Gzip, compress.Zstd:
	default:
		return fault.New(connect.CodeUnimplemented, fmt.Sprintf("grpc-encoding %.32q is not supported: use identity, gzip or zstd", encoding))
	}
	src := &source{Reader: r.Body}
	var header [frameHeaderLen]byte
	switch _, err := io.ReadFull(src, header[:]); {
	case err == io.EOF:
		return fault.New(connect.CodeUnimplemented, "the call has no message; it takes one")
	case err == io.ErrUnexpectedEOF:
		return fault.Invalid("the call ends within the header of its message")
	case err != nil:
		return d.readFailure(ctx, src, err)
	}
	length := int64(binary.BigEndian.Uint32(header[1:]))
	switch {
	case header[0] > frameCompressed:
		return fault.Invalid(fmt.Sprintf("the message has flags %#x, of which only 0x1 is known", header[0]))
	case header[0] == frameCompressed && (encoding == "" || encoding == compress.Identity):
		return fault.New(connect.CodeInternal, "the message is marked compressed, but grpc-encoding does not say how")
	case length > int64(d.MaxMessageBytes):
		return d.tooLarge()
	case header[0] == 0:
		encoding = compress.Identity
	}
	if err := d.readMessage(ctx, buf, src, encoding, length); err != nil {
		return err
	}
	return d.expectEnd(ctx, src)
}

// readMessage reads a message of so many bytes, and decompresses it.
func (d *Door) readMessage(ctx context.Context, buf *buffer, src *source, encoding string, length int64) error {
	frame := &io.LimitedReader{R: src, N: length}
	expected := 0
	if encoding == compress.Identity {
		expected = int(length)
	} else if length == 0 {
		return nil // an empty message compresses to nothing in some clients
	}
	body, err := d.Decoders.Open(encoding, frame)
	if err == nil {
		defer func() { _ = body.Close() }()
		err = buf.fill(body, d.MaxMessageBytes, expected)
	}
	switch {
	case frame.N > 0 && (errors.Is(src.err, io.EOF) || errors.Is(src.err, io.ErrUnexpectedEOF)):
		return fault.Invalid(fmt.Sprintf("the message ends after %d of its %d bytes", length-frame.N, length))
	case err != nil:
		return d.readFailure(ctx, src, err)
	case frame.N > 0:
		return fmt.Errorf("%w: %d bytes follow what was compressed", otlp.ErrMalformed, frame.N)
	}
	return nil
}

// expectEnd makes sure that no second message follows: its spans would be lost
// without a word.
func (d *Door) expectEnd(ctx context.Context, src *source) error {
	var more [1]byte
	switch n, err := io.ReadFull(src, more[:]); {
	case n > 0:
		return fault.New(connect.CodeUnimplemented, "the call has more than one message; it takes one")
	case err == io.EOF:
		return nil
	default:
		return d.readFailure(ctx, src, err)
	}
}
