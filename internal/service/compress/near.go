package compress

import (
	"math"
	"net"
	"net/http"
	"slices"

	"connectrpc.com/connect"
)

// Never is an option for handlers whose answers go uncompressed.
func Never() connect.HandlerOption { return connect.WithCompressMinBytes(math.MaxInt) }

// forwarded are the headers by which a proxy says that the client is somebody else.
var forwarded = []string{"Forwarded", "Via", "X-Forwarded-For", "X-Real-Ip"}

// IsNear reports whether a request comes from this machine. A proxy on it that names
// itself, as they do, stands for clients that are far.
//
// Within a machine bytes cost next to nothing, and gzip, which every gRPC client
// accepts unless it is told otherwise, more than all the rest of an answer.
func IsNear(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	names := func(header string) bool { return len(r.Header[header]) > 0 }
	return net.ParseIP(host).IsLoopback() && !slices.ContainsFunc(forwarded, names)
}
