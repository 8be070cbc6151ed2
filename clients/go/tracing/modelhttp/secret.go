package modelhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// secretsOf returns what a request proves its sender by. Servers quote it in
// errors, and so do errors of the network that name an address.
func secretsOf(r *http.Request) []string {
	var found []string
	add := func(secret string) {
		if len(secret) >= leastSecret {
			found = append(found, secret)
			if escaped := url.QueryEscape(secret); escaped != secret {
				found = append(found, escaped)
			}
		}
	}
	for _, name := range [...]string{"Authorization", "Proxy-Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		for _, value := range r.Header.Values(name) {
			if _, credentials, two := strings.Cut(value, " "); two {
				value = credentials
			}
			add(strings.TrimSpace(value))
		}
	}
	query := r.URL.Query()
	for _, name := range [...]string{"key", "api_key", "api-key", "apikey", "access_token", "token"} {
		for _, value := range query[name] {
			add(value)
		}
	}
	if password, set := r.URL.User.Password(); set {
		add(password)
	}
	return found
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
