package send

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// httpConn speaks OTLP/HTTP with protobuf over HTTP/1.1.
type httpConn struct {
	conn   *conn
	reader *bufio.Reader
	head   []byte // of each request, without the length of its body
	buffer []byte
}

func newHTTP(c *conn, host string) *httpConn {
	return &httpConn{
		conn:   c,
		reader: bufio.NewReader(c),
		head:   []byte("POST /v1/traces HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/x-protobuf\r\nContent-Length: "),
	}
}

func (c *httpConn) Send(_, message []byte) error {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	c.buffer = append(c.buffer[:0], c.head...)
	c.buffer = append(strconv.AppendInt(c.buffer, int64(len(message)), 10), "\r\n\r\n"...)
	parts := net.Buffers{c.buffer, message}
	if _, err := parts.WriteTo(c.conn.Conn); err != nil { // a socket takes both at once
		return err
	}
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %s: %q", resp.Status, body)
	}
	return rejected(body)
}

func (c *httpConn) Close() error { return c.conn.Close() }
