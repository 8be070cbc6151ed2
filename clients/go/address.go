package agenttrace

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// parseAddress returns the URL that an address stands for. An address without a
// scheme is http on this machine, and an error elsewhere: neither to guess TLS
// nor to go without it unasked is right for everyone.
func parseAddress(address string) (*url.URL, error) {
	if !strings.Contains(address, "://") {
		guess, err := url.Parse("http://" + address)
		if err != nil || guess.Host == "" {
			return nil, fmt.Errorf("agenttrace: %q is no address; give a URL such as http://localhost:4318", address)
		}
		if !isLoopback(guess.Hostname()) {
			return nil, fmt.Errorf("agenttrace: %q does not say how to talk; give https://%s, or http://%s to go without TLS", address, address, address)
		}
		address = "http://" + address
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("agenttrace: the address is no URL: %w", reasonOf(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("agenttrace: the scheme of %q is %s; it must be http or https", u.Redacted(), u.Scheme)
	case u.Hostname() == "":
		return nil, fmt.Errorf("agenttrace: %q names no host", u.Redacted())
	case u.User != nil:
		return nil, fmt.Errorf("agenttrace: %q holds a name and a password, which the server does not take; use WithToken", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("agenttrace: %q has something behind its path; it must end there", u.Redacted())
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// reasonOf leaves out the address of an error of parsing it: there may be a
// password in it.
func reasonOf(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// isLoopback reports whether what is sent to a host stays on this machine.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
