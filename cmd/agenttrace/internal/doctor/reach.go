package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
)

const (
	startIt   = "Start a server: make run, or the program server of a release; it listens on 127.0.0.1:4317 and 127.0.0.1:4318."
	sayWhere  = "Or say where it is: --server URL, or the variable AGENTTRACE_SERVER."
	inAnother = "From a container, 127.0.0.1 is the container itself: use the name or address of the machine or service where the server runs, and let it listen there (AGENTTRACE_LISTEN)."
)

// address checks that the server's address is one, that its name has an address and
// that something accepts connections there.
func (e *examination) address(ctx context.Context) Finding {
	const check = "address"
	u, err := parseURL(e.Server)
	if err != nil {
		return failure(check, fmt.Sprintf("%q is no address of a server: %v.", withoutSecret(e.Server), err), "Give a URL such as http://127.0.0.1:4317: --server, or the variable AGENTTRACE_SERVER.")
	}
	e.url = u
	connected, err := e.connect(ctx, u)
	if err != nil {
		says, mend := e.whyNot(u, err)
		return failure(check, says, mend...)
	}
	return ok(check, fmt.Sprintf("%s accepts connections (%s).", u.Redacted(), connected))
}

// parseURL reads an address as the client does: without a scheme it is http.
func parseURL(address string) (*url.URL, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("it does not read as a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("its scheme is %q, and must be http or https", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("it names no host")
	}
	return u, nil
}

// withoutSecret returns an address as it was given, but for a name and a password
// before its host; it need not be one that can be read as a URL.
func withoutSecret(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	scheme, _, found := strings.Cut(address[:at], "://")
	if found {
		return scheme + "://…" + address[at:]
	}
	return "…" + address[at:]
}

// hostPort returns where to connect to.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// connect opens a connection and returns the address that it went to.
func (e *examination) connect(ctx context.Context, u *url.URL) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", hostPort(u))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.RemoteAddr().String(), nil
}

// whyNot says why there is no connection, and what to do.
func (e *examination) whyNot(u *url.URL, err error) (says string, mend []string) {
	at := hostPort(u)
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		return fmt.Sprintf("The name %s has no address here (%s).", u.Hostname(), name.Err),
			[]string{"Check the spelling, and that this machine can resolve the name. " + sayWhere}
	case errors.Is(err, syscall.ECONNREFUSED):
		mend := []string{startIt, sayWhere}
		if isLoopback(u.Hostname()) {
			mend = append(mend, inAnother)
		} else {
			mend = append(mend, "If the server runs there, it may listen on its own machine only: set AGENTTRACE_LISTEN, such as 0.0.0.0:4317,0.0.0.0:4318, where it runs.")
		}
		return fmt.Sprintf("Nothing listens on %s: the connection was refused.", at), mend
	case isTimeout(err):
		return fmt.Sprintf("No answer from %s within %v: most likely a firewall drops the packets, or the machine is off.", at, e.Patience),
			[]string{"Open the port between this machine and the server. " + sayWhere}
	}
	return fmt.Sprintf("No connection to %s: %v.", at, rootOf(err)), []string{sayWhere}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// rootOf returns the innermost error: what it is wrapped in repeats the address.
func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
