package otlp

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
)

// frameBytes is what stands before a message in gRPC: whether it is compressed,
// and its length.
const frameBytes = 5

// grpcAnswerBytes is how much of an answer is read, as by gRPC's own clients: the
// status is behind the message.
const grpcAnswerBytes = 4 << 20

// sendGRPC makes one unary call.
func (s *Sender) sendGRPC(ctx context.Context, message []byte) error {
	frame := make([]byte, frameBytes, frameBytes+len(message))
	if s.zip != nil {
		frame[0] = 1
	}
	binary.BigEndian.PutUint32(frame[1:], uint32(len(message)))
	res, err := s.post(ctx, append(frame, message...))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, grpcAnswerBytes))
	if err != nil {
		return s.unanswered(ctx, err)
	}
	trailer := res.Trailer
	if trailer.Get("Grpc-Status") == "" {
		trailer = res.Header // an answer without a message has but one block
	}
	text := trailer.Get("Grpc-Status")
	if text == "" {
		if res.StatusCode == http.StatusOK {
			return &export.Fault{Kind: export.Misconfigured, Message: "the answer is not gRPC", Advice: s.wrongPlace()}
		}
		return s.refusedHTTP(res, answer) // by something in between
	}
	code, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return &export.Fault{Kind: export.Doubtful, Message: fmt.Sprintf("the answer has grpc-status %q", text)}
	}
	if code == 0 {
		if len(answer) < frameBytes || answer[0] != 0 {
			return nil // taken; what it has to say cannot be read
		}
		return partial(answer[frameBytes:], "application/x-protobuf")
	}
	return s.refusedGRPC(grpcCode(code), trailer)
}

// grpcCode is a status of gRPC.
type grpcCode uint32

// Statuses that mean something in OTLP, or to a person who set up a sender.
const (
	canceled          grpcCode = 1
	unknown           grpcCode = 2
	deadlineExceeded  grpcCode = 4
	notFound          grpcCode = 5
	permissionDenied  grpcCode = 7
	resourceExhausted grpcCode = 8
	aborted           grpcCode = 10
	outOfRange        grpcCode = 11
	unimplemented     grpcCode = 12
	internal          grpcCode = 13
	unavailable       grpcCode = 14
	dataLoss          grpcCode = 15
	unauthenticated   grpcCode = 16
)

// refusedGRPC says what a status other than 0 means.
func (s *Sender) refusedGRPC(code grpcCode, trailer http.Header) error {
	text, err := url.PathUnescape(trailer.Get("Grpc-Message"))
	if err != nil {
		text = trailer.Get("Grpc-Message")
	}
	fault := &export.Fault{Message: fmt.Sprintf("the backend answers gRPC status %d: %s", code, shorten(text))}
	pause, told := retryInfo(trailer.Get("Grpc-Status-Details-Bin"))
	fault.RetryAfter = pause
	switch code {
	case unauthenticated, permissionDenied:
		fault.Kind, fault.Advice = export.Misconfigured, adviceCredentials
	case unimplemented, notFound:
		fault.Kind, fault.Advice = export.Misconfigured, s.wrongPlace()
	case canceled, deadlineExceeded, aborted, outOfRange, unavailable, dataLoss:
		fault.Kind = export.Away
	case resourceExhausted:
		// Overload, or a message above what the server reads: only the text tells.
		fault.Kind = export.Away
		if !told && speaksOfSize(text) {
			fault.Kind = export.TooLarge
		}
	case internal, unknown:
		fault.Kind = export.Doubtful
	default:
		fault.Kind = export.Refused
	}
	return fault
}

func speaksOfSize(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "larger") || strings.Contains(text, "too large") || strings.Contains(text, "size") || strings.Contains(text, "bytes")
}

// retryInfo finds a google.rpc.RetryInfo among the details of a status, and how
// long it asks to wait.
func retryInfo(header string) (time.Duration, bool) {
	details, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(header, "="))
	if err != nil {
		return 0, false
	}
	for _, detail := range fieldsOf(details, 3) {
		kind, value := firstOf(detail, 1), firstOf(detail, 2)
		if !strings.HasSuffix(string(kind), "/google.rpc.RetryInfo") {
			continue
		}
		delay := firstOf(value, 1)
		seconds, nanos := numberOf(delay, 1), numberOf(delay, 2)
		return min(time.Duration(min(seconds, 1<<31))*time.Second+time.Duration(min(nanos, 1e9)), 24*time.Hour), true
	}
	return 0, false
}
