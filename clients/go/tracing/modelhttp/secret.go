package modelhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// secretsOf returns what a request proves its sender by, the longest first, for one
// may be a part of another. Servers quote it in errors, and so do errors of the
// network that name an address.
func secretsOf(r *http.Request) []string {
	var found []string
	add := func(secret string) {
		if len(secret) < leastSecret {
			return
		}
		found = append(found, secret)
		if escaped := url.QueryEscape(secret); escaped != secret {
			found = append(found, escaped)
		}
	}
	for name, values := range r.Header {
		for _, value := range values {
			if namesSecret(name) {
				_, credentials, _ := strings.Cut(value, " ") // behind "Bearer", for instance
				add(value)
				add(strings.TrimSpace(credentials))
			}
		}
	}
	for name, values := range r.URL.Query() {
		for _, value := range values {
			if namesSecret(name) {
				add(value)
			}
		}
	}
	for _, user := range []*url.Userinfo{r.URL.User, basicAuth(r)} {
		password, _ := user.Password()
		add(user.Username())
		add(password)
	}
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) })
	return found
}

// basicAuth returns the name and password that a header holds, encoded; empty ones
// where there is none. A key may be in place of either.
func basicAuth(r *http.Request) *url.Userinfo {
	name, password, _ := r.BasicAuth()
	return url.UserPassword(name, password)
}

// namesSecret reports whether a header or a parameter of an address is called as
// what holds credentials: providers and gateways have names of their own.
func namesSecret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range [...]string{"auth", "key", "token", "secret", "password", "cookie", "credential", "signature"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// leastSecret is how long a text must be to be looked for as a secret: shorter
// ones are in all kinds of words, and protect nothing.
const leastSecret = 6

const redacted = "__REDACTED__"

// withoutSecrets returns err, or one that says the same without the secrets.
func withoutSecrets(err error, secrets []string) error {
	text := err.Error()
	clean := text
	for _, secret := range secrets {
		clean = strings.ReplaceAll(clean, secret, redacted)
	}
	if clean == text {
		return err
	}
	return &cleaned{text: clean, kind: kindOf(err)}
}

// cleaned is an error whose text had secrets in it. It does not lead to the
// original.
type cleaned struct{ text, kind string }

func (c *cleaned) Error() string     { return c.text }
func (c *cleaned) ErrorType() string { return c.kind }

// kindOf names an error as the tracing package would have named the original.
func kindOf(err error) string {
	var named interface{ ErrorType() string }
	var address *url.Error
	switch {
	case errors.As(err, &named) && named.ErrorType() != "":
		return named.ErrorType()
	case errors.Is(err, context.Canceled):
		return "context.Canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "context.DeadlineExceeded"
	case errors.As(err, &address):
		return fmt.Sprintf("%T", address.Err)
	}
	return fmt.Sprintf("%T", err)
}
