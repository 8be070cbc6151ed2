package agenttrace

import (
	"errors"
	"io"
	"net"
	"strings"
)

// isBroken reports whether an error is of a connection that broke while an answer
// was under way: each protocol has other codes for that.
func isBroken(err error) bool {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	// The errors of HTTP/2 have no types outside of net/http.
	text := err.Error()
	return strings.Contains(text, "http2: ") || strings.Contains(text, "stream error: ")
}
