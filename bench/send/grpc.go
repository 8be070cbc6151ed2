package send

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const exportPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

// grpcConn speaks OTLP/gRPC over HTTP/2 without TLS: one call after the other, in
// one goroutine, and no copy of what is sent. net/http's client, which can do
// more, takes several times its CPU for small requests.
type grpcConn struct {
	conn    *conn
	framer  *http2.Framer // reads; writes control frames
	headers *hpack.Encoder
	encoded bytes.Buffer // what headers has written
	host    string
	stream  uint32 // id of the call at hand; odd

	maxFrame   int // that the server takes
	firstRoom  int // what a new call may send
	window     int // bytes that may be sent on the connection
	callWindow int // bytes that may be sent in the call at hand
	received   int // bytes of answers that the server has not been told to forget

	prefixes []byte      // headers of the frames at hand
	parts    net.Buffers // frames at hand
	answer   []byte
	status   string // grpc-status
	message  string // grpc-message
}

// What HTTP/2 begins with, until the server says otherwise.
const (
	firstWindow   = 65_535
	firstMaxFrame = 16_384
)

func newGRPC(c *conn, host string) (Conn, error) {
	g := &grpcConn{conn: c, host: host, stream: ^uint32(0), maxFrame: firstMaxFrame, firstRoom: firstWindow, window: firstWindow}
	g.framer = http2.NewFramer(c, bufio.NewReader(c))
	g.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	g.headers = hpack.NewEncoder(&g.encoded)
	if _, err := c.Write([]byte(http2.ClientPreface)); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := g.framer.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0}); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return g, nil
}

func (g *grpcConn) Close() error { return g.conn.Close() }

// Send makes one call.
func (g *grpcConn) Send(frame, _ []byte) error {
	if err := g.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	g.stream += 2
	g.callWindow = g.firstRoom
	g.answer, g.status, g.message = g.answer[:0], "", ""
	g.begin()
	done := false
	for !done {
		frame = g.data(frame)
		if err := g.flush(); err != nil {
			return err
		}
		var err error
		if done, err = g.read(); err != nil {
			return err
		}
	}
	if g.status != "0" {
		return fmt.Errorf("grpc-status %q: %s", g.status, g.message)
	}
	if len(frame) > 0 || len(g.answer) < 5 {
		return fmt.Errorf("answered with %d bytes, before %d bytes of the request", len(g.answer), len(frame))
	}
	return rejected(g.answer[5:])
}

// begin takes up the HEADERS frame of the call.
func (g *grpcConn) begin() {
	g.encoded.Reset()
	for _, f := range [...]hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":path", Value: exportPath},
		{Name: ":authority", Value: g.host},
		{Name: "content-type", Value: "application/grpc"},
		{Name: "user-agent", Value: "bench"},
		{Name: "te", Value: "trailers"},
	} {
		_ = g.headers.WriteField(f) // a buffer takes everything
	}
	g.prefixes, g.parts = g.prefixes[:0], g.parts[:0]
	g.take(http2.FrameHeaders, http2.FlagHeadersEndHeaders, g.encoded.Bytes())
}

// data takes up as much of the request as the server has room for, and returns
// the rest.
func (g *grpcConn) data(rest []byte) []byte {
	for len(rest) > 0 {
		n := min(len(rest), g.maxFrame, g.window, g.callWindow)
		if n <= 0 {
			break
		}
		var flags http2.Flags
		if n == len(rest) {
			flags = http2.FlagDataEndStream
		}
		g.take(http2.FrameData, flags, rest[:n])
		g.window, g.callWindow = g.window-n, g.callWindow-n
		rest = rest[n:]
	}
	return rest
}

// take adds a frame to those at hand.
func (g *grpcConn) take(kind http2.FrameType, flags http2.Flags, payload []byte) {
	at := len(g.prefixes)
	g.prefixes = append(g.prefixes, byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload)), byte(kind), byte(flags))
	g.prefixes = binary.BigEndian.AppendUint32(g.prefixes, g.stream)
	g.parts = append(g.parts, g.prefixes[at:len(g.prefixes):len(g.prefixes)], payload)
}

// flush writes the frames at hand.
func (g *grpcConn) flush() error {
	if len(g.parts) == 0 {
		return nil
	}
	parts := g.parts // writing consumes it
	_, err := parts.WriteTo(g.conn.Conn)
	g.prefixes, g.parts = g.prefixes[:0], g.parts[:0]
	return err
}

// read takes one frame from the server, and says whether it ended the call.
func (g *grpcConn) read() (done bool, err error) {
	frame, err := g.framer.ReadFrame()
	if err != nil {
		return false, err
	}
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		return false, g.settings(f)
	case *http2.PingFrame:
		if !f.IsAck() {
			return false, g.framer.WritePing(true, f.Data)
		}
	case *http2.WindowUpdateFrame:
		switch f.StreamID {
		case 0:
			g.window += int(f.Increment)
		case g.stream:
			g.callWindow += int(f.Increment)
		}
	case *http2.MetaHeadersFrame:
		if f.StreamID == g.stream {
			g.fields(f)
			return f.StreamEnded(), nil
		}
	case *http2.DataFrame:
		return f.StreamEnded() && f.StreamID == g.stream, g.keep(f)
	case *http2.RSTStreamFrame:
		if f.StreamID == g.stream {
			return false, fmt.Errorf("the server ended the call: %v", f.ErrCode)
		}
	case *http2.GoAwayFrame:
		return false, fmt.Errorf("the server ended the connection: %v %s", f.ErrCode, f.DebugData())
	}
	return false, nil
}

func (g *grpcConn) settings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	if size, ok := f.Value(http2.SettingMaxFrameSize); ok {
		g.maxFrame = int(size)
	}
	if size, ok := f.Value(http2.SettingInitialWindowSize); ok {
		g.callWindow += int(size) - g.firstRoom
		g.firstRoom = int(size)
	}
	return g.framer.WriteSettingsAck()
}

// fields keeps what the call ended with.
func (g *grpcConn) fields(f *http2.MetaHeadersFrame) {
	for _, field := range f.Fields {
		switch strings.ToLower(field.Name) {
		case ":status":
			if field.Value != "200" {
				g.message = "HTTP " + field.Value
			}
		case "grpc-status":
			g.status = field.Value
		case "grpc-message":
			g.message = field.Value
		}
	}
}

// keep keeps an answer, and gives the server room for more now and then.
func (g *grpcConn) keep(f *http2.DataFrame) error {
	g.answer = append(g.answer, f.Data()...)
	g.received += int(f.Length)
	if g.received < firstWindow/2 {
		return nil
	}
	n := uint32(g.received)
	g.received = 0
	return g.framer.WriteWindowUpdate(0, n)
}
