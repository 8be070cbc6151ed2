package compress_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/agenttrace/agenttrace/internal/service/compress"
)

func TestAnswersToThisMachineAreNotCompressed(t *testing.T) {
	accepts := http.Header{
		"Accept-Encoding": {"gzip"}, "Connect-Accept-Encoding": {"zstd, gzip"}, "Grpc-Accept-Encoding": {"identity,gzip"},
	}
	for name, c := range map[string]struct {
		remote string
		proxy  string
		near   bool
	}{
		"IPv4":                           {"127.0.0.1:1234", "", true},
		"another loopback address":       {"127.1.2.3:1234", "", true},
		"IPv6":                           {"[::1]:1234", "", true},
		"IPv4 in IPv6":                   {"[::ffff:127.0.0.1]:1234", "", true},
		"another machine":                {"10.0.0.1:1234", "", false},
		"another machine, IPv6":          {"[fe80::1%eth0]:1234", "", false},
		"no address":                     {"", "", false},
		"something else":                 {"@", "", false},
		"a proxy, as RFC 7239 has it":    {"127.0.0.1:1234", "Forwarded", false},
		"a proxy, as RFC 9110 has it":    {"127.0.0.1:1234", "Via", false},
		"a proxy, as most of them do it": {"127.0.0.1:1234", "X-Forwarded-For", false},
		"a proxy, as nginx shows it":     {"127.0.0.1:1234", "X-Real-IP", false},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest("POST", "/", nil)
			request.RemoteAddr, request.Header = c.remote, maps.Clone(accepts)
			if c.proxy != "" {
				request.Header.Set(c.proxy, "somebody")
			}
			var seen *http.Request
			compress.FarOnly(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r })).ServeHTTP(httptest.NewRecorder(), request)
			for header := range accepts {
				if have := len(seen.Header[header]) == 0; have != c.near {
					t.Errorf("%s is taken away: %t, want %t", header, have, c.near)
				}
				if request.Header.Get(header) == "" {
					t.Errorf("%s was taken from the request itself", header)
				}
			}
		})
	}
}
