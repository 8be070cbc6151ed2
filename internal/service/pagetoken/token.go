package pagetoken

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/agenttrace/agenttrace/internal/model"
)

var (
	// ErrInvalid says that a text is not a token of this version.
	ErrInvalid = errors.New("not a page token")
	// ErrMismatch says that a token belongs to another request.
	ErrMismatch = errors.New("page token of another request")
)

// version is the first byte of a token. Change it with the layout: old tokens
// then are invalid, and their lists start anew.
const version = 2

const (
	fingerprintLen = 8
	leastLen       = 1 + fingerprintLen + 8 + 16 + 8 + 8 + crc32.Size
	// mostLen makes tokens of as many characters as requests may hold.
	mostLen = 1024 / 4 * 3
)

// MaxText is how long the Text of a [Cursor] may be, in bytes. A longer one is
// cut.
const MaxText = mostLen - leastLen

// Cursor is the place of the last item of a page. Each kind of list uses what it
// needs of it.
type Cursor struct {
	Key     int64 // what the list is ordered by
	TraceID model.TraceID
	SpanID  model.SpanID
	Start   int64  // tells items apart that are alike so far
	Text    string // of lists whose items have names
}

// Fingerprint identifies a list: a project, a procedure and all fields of the
// request that choose and order its items.
type Fingerprint [fingerprintLen]byte

// FingerprintOf returns the fingerprint of a request. The fields page_size,
// page_token and view may differ from page to page.
func FingerprintOf(project, procedure string, req proto.Message) (Fingerprint, error) {
	m := proto.Clone(req).ProtoReflect()
	for _, name := range []protoreflect.Name{"page_size", "page_token", "view"} {
		if field := m.Descriptor().Fields().ByName(name); field != nil {
			m.Clear(field)
		}
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m.Interface())
	if err != nil {
		return Fingerprint{}, fmt.Errorf("fingerprint of %s: %w", procedure, err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", project, procedure)
	h.Write(body)
	return Fingerprint(h.Sum(nil)[:fingerprintLen]), nil
}

// Encode returns the token of the page behind c.
func Encode(f Fingerprint, c Cursor) string {
	c.Text = c.Text[:min(len(c.Text), MaxText)]
	b := make([]byte, 0, leastLen+len(c.Text))
	b = append(b, version)
	b = append(b, f[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Key))
	b = append(b, c.TraceID[:]...)
	b = append(b, c.SpanID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Start))
	b = append(b, c.Text...)
	// The sum tells a token that was cut or mistyped from one that belongs to
	// another list; it protects nothing, since there is nothing to protect: a
	// made-up place only skips or repeats items of the caller's own list.
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// Decode returns the place in a token. A text that Encode did not make is
// ErrInvalid; a token with another fingerprint is ErrMismatch.
func Decode(token string, f Fingerprint) (Cursor, error) {
	if len(token) > base64.RawURLEncoding.EncodedLen(mostLen) || strings.ContainsAny(token, "\r\n") { // which the decoder skips
		return Cursor{}, ErrInvalid
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < leastLen || b[0] != version {
		return Cursor{}, ErrInvalid
	}
	body := len(b) - crc32.Size
	if binary.BigEndian.Uint32(b[body:]) != crc32.ChecksumIEEE(b[:body]) {
		return Cursor{}, ErrInvalid
	}
	b = b[1:body]
	if Fingerprint(b[:fingerprintLen]) != f {
		return Cursor{}, ErrMismatch
	}
	b = b[fingerprintLen:]
	return Cursor{
		Key:     int64(binary.BigEndian.Uint64(b)),
		TraceID: model.TraceID(b[8:24]),
		SpanID:  model.SpanID(b[24:32]),
		Start:   int64(binary.BigEndian.Uint64(b[32:])),
		Text:    string(b[40:]),
	}, nil
}
