package otlpdoor

import (
	"context"
	"errors"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/service/compress"
	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// HTTPPath is where OTLP/HTTP senders post their spans.
const HTTPPath = "/v1/traces"

const (
	typeProtobuf = "application/x-protobuf"
	typeJSON     = "application/json"
)

// HTTP returns the handler of OTLP/HTTP. It answers in the request's own
// content type: ExportTraceServiceResponse, or google.rpc.Status on errors.
func (d *Door) HTTP() http.Handler { return http.HandlerFunc(d.serveHTTP) }

func (d *Door) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "OTLP/HTTP takes POST", http.StatusMethodNotAllowed)
		return
	}
	contentType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || (contentType != typeProtobuf && contentType != typeJSON) {
		w.Header().Set("Accept-Post", typeProtobuf+", "+typeJSON)
		http.Error(w, "Content-Type must be "+typeProtobuf+" or "+typeJSON, http.StatusUnsupportedMediaType)
		return
	}
	ctx, cancel := d.limitTime(r, math.MaxInt64)
	defer cancel()
	defer func() {
		if value := recover(); value != nil && value != http.ErrAbortHandler {
			d.refuse(w, contentType, d.Faults.Panicked(ctx, HTTPPath, value))
		} else if value != nil {
			panic(value)
		}
	}()
	answer, err := d.takeHTTP(ctx, w, r, contentType == typeJSON)
	if err != nil {
		d.refuse(w, contentType, d.Faults.Map(ctx, HTTPPath, err))
		return
	}
	send(w, http.StatusOK, contentType, answer)
}

// takeHTTP reads a request, stores its spans and returns the answer.
func (d *Door) takeHTTP(ctx context.Context, w http.ResponseWriter, r *http.Request, asJSON bool) (proto.Message, error) {
	buf := d.buffers.open(&d.budget)
	stored := false
	defer func() { buf.close(stored) }()

	if err := interruptible(ctx, w, func() error { return d.readHTTP(ctx, buf, r) }); err != nil {
		return nil, err
	}
	if asJSON {
		if err := d.transcode(buf); err != nil {
			return nil, err
		}
	}
	answer, err := d.export(ctx, r.Header, buf.data)
	if err != nil {
		return nil, err
	}
	stored = true
	return answer, nil
}

// transcode puts protobuf in the place of JSON. While both are there they count
// both: the text is at least as long as what becomes of it, but for freaks.
func (d *Door) transcode(buf *buffer) error {
	text, reserved := buf.data, len(buf.data)
	if !d.budget.take(reserved) {
		return busy()
	}
	body, err := otlp.FromJSON(text, d.Intake.Limits)
	if err != nil {
		d.budget.giveBack(reserved)
		return err
	}
	buf.replace(body, reserved)
	return nil
}

// readHTTP reads the body and decompresses it.
func (d *Door) readHTTP(ctx context.Context, buf *buffer, r *http.Request) error {
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	if r.ContentLength > int64(d.MaxMessageBytes) {
		return d.tooLarge()
	}
	src := &source{Reader: http.MaxBytesReader(nil, r.Body, int64(d.MaxMessageBytes))}
	body, err := d.Decoders.Open(encoding, src)
	if errors.Is(err, compress.ErrUnknown) {
		return fault.New(connect.CodeUnimplemented, "Content-Encoding must be identity, gzip or zstd")
	}
	if err == nil {
		defer func() { _ = body.Close() }()
		expected := 0
		if encoding == "" || encoding == compress.Identity {
			expected = int(max(r.ContentLength, 0))
		}
		err = buf.fill(body, d.MaxMessageBytes, expected)
	}
	if _, ok := errors.AsType[*http.MaxBytesError](src.err); ok {
		return d.tooLarge()
	}
	if err != nil {
		return d.readFailure(ctx, src, err)
	}
	return nil
}

// refuse answers with an error.
func (d *Door) refuse(w http.ResponseWriter, contentType string, e *connect.Error) {
	if after, ok := fault.RetryAfter(e); ok {
		seconds := (after + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.FormatInt(max(1, int64(seconds)), 10))
	}
	status := fault.HTTPStatus(e.Code())
	if fault.Reason(e) == fault.ReasonMessageTooLarge {
		status = http.StatusRequestEntityTooLarge
	}
	if e.Code() == connect.CodeUnimplemented {
		w.Header().Set("Accept-Encoding", "identity, gzip, zstd")
	}
	send(w, status, contentType, fault.Status(e))
}

// send writes a message in the given content type.
func send(w http.ResponseWriter, status int, contentType string, message proto.Message) {
	marshal := proto.Marshal
	if contentType == typeJSON {
		marshal = protojson.Marshal
	}
	body, err := marshal(message)
	if err != nil { // our own messages: valid UTF-8, known details
		http.Error(w, "the answer cannot be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}
