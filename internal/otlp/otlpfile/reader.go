package otlpfile

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// MaxPiece is the most bytes that are read as one: a ResourceSpans in protobuf,
// an object in JSON, a message with its length in front.
const MaxPiece = 256 << 20

// Error says where a file cannot be read further. What came before is whole.
type Error struct {
	Offset int64  // of the byte, from 0; in what a compressed file holds
	Line   int64  // from 1; 0 where the file is not text
	Reason string // what is wrong there, and what would be right
	Err    error  // why reading failed, where it did
}

// Error implements error.
func (e *Error) Error() string {
	where := fmt.Sprintf("byte %d", e.Offset)
	if e.Line > 0 {
		where = fmt.Sprintf("line %d, byte %d", e.Line, e.Offset)
	}
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", where, e.Reason, e.Err)
	}
	return where + ": " + e.Reason
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Reader reads a file of traces of any format that this package knows. It is
// not safe for concurrent use.
type Reader struct {
	src     *source
	close   func()
	next    func() error // reads one piece and appends to waiting
	waiting [][]byte     // ResourceSpans of the piece read last
	kind    string
	err     error
}

// NewReader looks at the first bytes of r to see what it is. Text that is
// neither of the formats is an *[Error]. Close it to free what it holds; r stays
// open.
func NewReader(r io.Reader) (*Reader, error) {
	fr := &Reader{close: func() {}}
	plain := bufio.NewReaderSize(r, peeked)
	compression, content, err := decompressed(plain, fr)
	if err != nil {
		return nil, err
	}
	fr.src = &source{r: content}
	head, err := content.Peek(peeked)
	if len(head) == 0 && !errors.Is(err, io.EOF) {
		fr.Close()
		return nil, fr.src.broken(err)
	}
	switch what := sniff(head); what {
	case isEmpty:
		fr.kind, fr.next = "empty", func() error { return io.EOF }
	case isJSON:
		fr.kind, fr.next, fr.src.line = "JSON", fr.nextJSON, 1
	case isFramed:
		fr.kind, fr.next = "the Collector's messages with lengths", fr.nextFrame
	case isProtobuf:
		fr.kind, fr.next = "protobuf", fr.nextProtobuf
	default:
		fr.Close()
		return nil, &Error{Reason: fmt.Sprintf("have %.16q, want OTLP's traces: protobuf, JSON, or either compressed with zstd or gzip", head)}
	}
	fr.kind += compression
	return fr, nil
}

// decompressed sees through gzip and zstd.
func decompressed(plain *bufio.Reader, fr *Reader) (name string, content *bufio.Reader, err error) {
	head, _ := plain.Peek(4)
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(plain)
		if err != nil {
			return "", nil, &Error{Reason: "the file begins as gzip does, and goes on otherwise", Err: err}
		}
		return ", gzip", bufio.NewReaderSize(z, peeked), nil
	case isZstd(head):
		z, err := newZstd(plain)
		if err != nil {
			return "", nil, err
		}
		fr.close = z.Close
		return ", zstd", bufio.NewReaderSize(z, peeked), nil
	default:
		return "", plain, nil
	}
}

// newZstd returns a decoder with bounded memory; r is nil for whole frames.
func newZstd(r io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxPiece), zstd.WithDecoderMaxWindow(128<<20))
}

// Kind says in words what the file is.
func (r *Reader) Kind() string { return r.kind }

// Offset returns how far the file has been read, in what a compressed file
// holds.
func (r *Reader) Offset() int64 { return r.src.offset }

// Next returns the next ResourceSpans message, in protobuf, whose fields can be
// walked down to its spans. It is the caller's own. At the end, it is io.EOF;
// any other error is an *[Error], and is returned from then on.
func (r *Reader) Next() ([]byte, error) {
	for len(r.waiting) == 0 {
		if r.err == nil {
			r.err = r.next()
		}
		if r.err != nil && len(r.waiting) == 0 {
			return nil, r.err
		}
	}
	first := r.waiting[0]
	r.waiting = r.waiting[1:]
	return first, nil
}

// Close frees what the reader holds.
func (r *Reader) Close() { r.close() }

// source counts what is read.
type source struct {
	r      *bufio.Reader
	offset int64
	line   int64 // 0 where lines mean nothing
}

// ReadByte implements io.ByteReader.
func (s *source) ReadByte() (byte, error) {
	c, err := s.r.ReadByte()
	if err != nil {
		return 0, err
	}
	s.offset++
	if c == '\n' && s.line > 0 {
		s.line++
	}
	return c, nil
}

// take reads n bytes. Memory grows as they come, not with what was claimed.
func (s *source) take(n int) ([]byte, error) {
	const step = 1 << 20
	data := make([]byte, 0, min(n, step))
	for len(data) < n {
		if len(data) == cap(data) {
			grown := make([]byte, len(data), min(n, 2*cap(data)))
			copy(grown, data)
			data = grown
		}
		got, err := io.ReadFull(s.r, data[len(data):cap(data)])
		data = data[:len(data)+got]
		s.offset += int64(got)
		if err != nil {
			return data, err
		}
	}
	return data, nil
}

// broken makes an Error of one that reading gave.
func (s *source) broken(err error) error {
	return &Error{Offset: s.offset, Line: s.line, Reason: "the file cannot be read further", Err: err}
}

// fault makes an Error at a byte.
func (s *source) fault(at int64, format string, args ...any) error {
	return &Error{Offset: at, Line: s.line, Reason: fmt.Sprintf(format, args...)}
}

// ends reports whether err is no more than the end of the file.
func ends(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
