package compress_test

import (
	"net/http/httptest"
	"testing"

	"github.com/agenttrace/agenttrace/internal/service/compress"
)

func TestProxiesOfThisMachineAreNotNear(t *testing.T) {
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
			request.RemoteAddr = c.remote
			if c.proxy != "" {
				request.Header.Set(c.proxy, "somebody")
			}
			if near := compress.IsNear(request); near != c.near {
				t.Errorf("near: %t, want %t", near, c.near)
			}
		})
	}
}
