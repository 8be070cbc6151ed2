package otlpdoor

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// answerGRPC sends one message and the trailers of success.
func answerGRPC(w http.ResponseWriter, r *http.Request, answer proto.Message) {
	frame, err := proto.MarshalOptions{}.MarshalAppend(make([]byte, frameHeaderLen, 64), answer)
	if err != nil { // our own message, valid UTF-8
		refuseGRPC(w, fault.New(connect.CodeInternal, "the answer cannot be encoded"))
		return
	}
	binary.BigEndian.PutUint32(frame[1:frameHeaderLen], uint32(len(frame)-frameHeaderLen))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(frame) // a client that is gone needs no answer
	if r.ProtoMajor == 1 {
		// HTTP/1.1 has trailers only behind chunks, and Go writes a short body
		// as one piece unless it is flushed.
		_ = http.NewResponseController(w).Flush()
	}
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
}

// refuseGRPC sends an error without a message: gRPC then wants what would be
// trailers in the only block of headers.
func refuseGRPC(w http.ResponseWriter, e *connect.Error) {
	header := w.Header()
	header.Set("Grpc-Status", strconv.Itoa(int(e.Code())))
	header.Set("Grpc-Message", percentEncode(e.Message()))
	if len(e.Details()) > 0 {
		if details, err := proto.Marshal(fault.Status(e)); err == nil {
			header.Set("Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(details))
		}
	}
	w.WriteHeader(http.StatusOK)
}

// percentEncode writes a text as the gRPC protocol wants it in grpc-message:
// printable ASCII but '%' as it is, every other byte as %XX.
func percentEncode(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= ' ' && c <= '~' && c != '%' {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

var errTimeout = errors.New("grpc-timeout must be up to 8 digits and one of H, M, S, m, u, n")

// parseTimeout reads the header grpc-timeout. Without one, time is not limited.
func parseTimeout(s string) (time.Duration, error) {
	if s == "" {
		return math.MaxInt64, nil
	}
	number, unit := s[:len(s)-1], s[len(s)-1]
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || len(number) > 8 {
		return 0, errTimeout
	}
	units := map[byte]time.Duration{
		'H': time.Hour, 'M': time.Minute, 'S': time.Second,
		'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
	}
	size, ok := units[unit]
	if !ok {
		return 0, errTimeout
	}
	if n > uint64(math.MaxInt64/size) {
		return math.MaxInt64, nil // 99,999,999 hours do not fit
	}
	return time.Duration(n) * size, nil
}
