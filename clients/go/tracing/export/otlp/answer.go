package otlp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
)

// What a person can do.
const (
	adviceCredentials = "check the credentials in OTEL_EXPORTER_OTLP_HEADERS, such as authorization=Bearer%20TOKEN"
	adviceStart       = "start the backend, or set OTEL_EXPORTER_OTLP_ENDPOINT to where it is"
	adviceNoTLS       = "the backend does not speak TLS there: set OTEL_EXPORTER_OTLP_ENDPOINT to a URL that begins with http://"
	adviceTLS         = "the backend speaks TLS there: set OTEL_EXPORTER_OTLP_ENDPOINT to a URL that begins with https://"
	adviceTrust       = "put the certificate of the backend's authority into the file that OTEL_EXPORTER_OTLP_CERTIFICATE names, and ask for the backend by a name that its certificate has"
	adviceName        = "check the host's name in OTEL_EXPORTER_OTLP_ENDPOINT"
)

// wrongPlace says that something else listens where OTLP was expected.
func (s *Sender) wrongPlace() string {
	if s.protocol == GRPC {
		return "check OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_PROTOCOL: " + s.url.Host + " takes no OTLP over gRPC, which is usually on port 4317"
	}
	return "check OTEL_EXPORTER_OTLP_ENDPOINT (to which /v1/traces is added) and OTEL_EXPORTER_OTLP_PROTOCOL: " + plain(s.url) + " takes no OTLP over HTTP, which is usually on port 4318"
}

// unanswered says why there is no answer.
func (s *Sender) unanswered(ctx context.Context, err error) error {
	fault := &export.Fault{Kind: export.Away, Err: err, Message: "cannot send to " + s.url.Host + ": " + reason(err)}
	var (
		record tls.RecordHeaderError
		nobody *net.DNSError
	)
	switch text := err.Error(); {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		fault.Message = s.url.Host + " did not answer in time"
	case errors.As(err, &record) || strings.Contains(text, "server gave HTTP response to HTTPS client"):
		fault.Kind, fault.Advice = export.Misconfigured, adviceNoTLS
	case s.url.Scheme == "http" && speaksTLS(text):
		fault.Kind, fault.Advice = export.Misconfigured, adviceTLS
	case distrusted(err):
		fault.Kind, fault.Advice = export.Misconfigured, adviceTrust
	case errors.As(err, &nobody):
		fault.Advice = adviceName
	case errors.Is(err, syscall.ECONNREFUSED):
		fault.Advice = adviceStart
	case s.protocol == GRPC && s.url.Scheme == "http":
		// A server of HTTP/1 hangs up, and so does one that is about to start. Whether
		// net/http hears of the difference is a matter of luck.
		fault.Advice = "if it stays so, " + s.wrongPlace()
	}
	return fault
}

// reason is the innermost error's text: those around it repeat the address.
func reason(err error) string {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err.Error()
}

// speaksTLS recognises a TLS alert where HTTP was expected.
func speaksTLS(text string) bool {
	return strings.Contains(text, `malformed HTTP response "\x15\x03`)
}

func distrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &name)
}

// refusedHTTP says what a status other than 2xx means.
func (s *Sender) refusedHTTP(res *http.Response, answer []byte) error {
	fault := &export.Fault{
		Message:    fmt.Sprintf("the backend answers HTTP %d: %s", res.StatusCode, message(answer, res.Header.Get("Content-Type"))),
		RetryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now()),
	}
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusProxyAuthRequired:
		fault.Kind, fault.Advice = export.Misconfigured, adviceCredentials
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed || code/100 == 3:
		fault.Kind, fault.Advice = export.Misconfigured, s.wrongPlace()
	case code == http.StatusBadRequest && strings.Contains(string(answer), "HTTPS server"):
		fault.Kind, fault.Advice = export.Misconfigured, adviceTLS
	case code == http.StatusRequestEntityTooLarge:
		fault.Kind = export.TooLarge
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code == http.StatusTooEarly ||
		code == http.StatusBadGateway || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout:
		fault.Kind = export.Away
	case code/100 == 5:
		fault.Kind = export.Doubtful
	default:
		fault.Kind = export.Refused
	}
	return fault
}

// retryAfter reads seconds or a date; 0 for anything else.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// partial returns a fault when an ExportTraceServiceResponse says that spans were
// rejected, or anything else that a person should read.
func partial(answer []byte, contentType string) error {
	var rejected int64
	var text string
	switch {
	case strings.HasPrefix(contentType, "application/json"):
		var body struct {
			PartialSuccess struct {
				RejectedSpans json.Number `json:"rejectedSpans"`
				ErrorMessage  string      `json:"errorMessage"`
			} `json:"partialSuccess"`
		}
		if json.Unmarshal(answer, &body) == nil {
			rejected, _ = body.PartialSuccess.RejectedSpans.Int64()
			text = body.PartialSuccess.ErrorMessage
		}
	case strings.HasPrefix(contentType, "application/x-protobuf"):
		success := firstOf(answer, 1)
		rejected, text = int64(numberOf(success, 1)), string(firstOf(success, 2))
	}
	if rejected <= 0 && text == "" {
		return nil
	}
	return &export.Fault{Kind: export.Partial, Rejected: max(0, rejected), Message: "the backend took the request in part: " + shorten(text)}
}

// isPage reports whether an answer is a page for people. That it is called HTML does
// not tell: some servers call everything so, an empty answer too.
func isPage(answer []byte, contentType string) bool {
	return !strings.HasPrefix(contentType, "application/x-protobuf") && bytes.HasPrefix(bytes.TrimSpace(answer), []byte("<"))
}

// message finds the text in the body of a refusal: a google.rpc.Status, or
// whatever a proxy writes.
func message(answer []byte, contentType string) string {
	switch {
	case strings.HasPrefix(contentType, "application/x-protobuf"):
		answer = firstOf(answer, 2)
	case strings.HasPrefix(contentType, "application/json"):
		var body struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(answer, &body) == nil && body.Message != "" {
			answer = []byte(body.Message)
		}
	}
	return shorten(string(answer))
}

// shorten fits a foreign text into a line of a log.
func shorten(text string) string {
	const most = 300
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if text == "" {
		return "(no message)"
	}
	if len(text) <= most {
		return text
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// fieldsOf returns what the length-delimited fields of one number hold, as far as
// a message can be read.
func fieldsOf(message []byte, number protowire.Number) [][]byte {
	var found [][]byte
	for len(message) > 0 {
		field, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			break
		}
		size := protowire.ConsumeFieldValue(field, kind, message[tag:])
		if size < 0 {
			break
		}
		if field == number && kind == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(message[tag:])
			found = append(found, content)
		}
		message = message[tag+size:]
	}
	return found
}

func firstOf(message []byte, number protowire.Number) []byte {
	if found := fieldsOf(message, number); len(found) > 0 {
		return found[0]
	}
	return nil
}

// numberOf returns a varint field, 0 when it is not there.
func numberOf(message []byte, number protowire.Number) uint64 {
	for len(message) > 0 {
		field, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			break
		}
		size := protowire.ConsumeFieldValue(field, kind, message[tag:])
		if size < 0 {
			break
		}
		if field == number && kind == protowire.VarintType {
			n, _ := protowire.ConsumeVarint(message[tag:])
			return n
		}
		message = message[tag+size:]
	}
	return 0
}
