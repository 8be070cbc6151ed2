package compress

import (
	"maps"
	"net"
	"net/http"
	"slices"
)

// accepting are the headers in which clients say how answers may be compressed:
// those of HTTP, of Connect's streams, and of gRPC.
var accepting = []string{"Accept-Encoding", "Connect-Accept-Encoding", "Grpc-Accept-Encoding"}

// forwarded are the headers by which a proxy says that the client is somebody else.
var forwarded = []string{"Forwarded", "Via", "X-Forwarded-For", "X-Real-Ip"}

// FarOnly has next compress answers only for clients on other machines. Within a
// machine bytes cost next to nothing, and gzip, which every gRPC client accepts
// unless it is told otherwise, more than all the rest of an answer. A proxy on this
// machine that names itself, as they do, stands for clients that are far.
func FarOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isNear(r) {
			plain := *r
			plain.Header = maps.Clone(r.Header)
			for _, name := range accepting {
				delete(plain.Header, name)
			}
			r = &plain
		}
		next.ServeHTTP(w, r)
	})
}

func isNear(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	names := func(header string) bool { return len(r.Header[header]) > 0 }
	return net.ParseIP(host).IsLoopback() && !slices.ContainsFunc(forwarded, names)
}
