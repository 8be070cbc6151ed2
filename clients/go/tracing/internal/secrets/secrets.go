// Package secrets takes keys, tokens and passwords out of JSON texts that go to
// and come from models, before anybody stores them.
package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Redacted stands where a secret was, as OpenInference writes what is hidden.
const Redacted = "__REDACTED__"

// Reach says what of a value under a secret's name is a secret.
type Reach bool

const (
	// WholeValues: all of it, as in the parameters of a call.
	WholeValues Reach = true
	// TextsOnly: texts. The schema of a tool may well describe a "password".
	TextsOnly Reach = false
)

// Without takes secrets out of a JSON text, by the names that they have and by
// how credentials of HTTP look. A text in which nothing looks like one is returned
// as it is; another is written anew, with the names in each object in order. One
// that is no JSON cannot be searched, and is redacted.
func Without(text string, r Reach) string {
	if text == "" || text == Redacted {
		return text
	}
	suspicious, ok := scan(text)
	switch {
	case !ok:
		return Redacted
	case !suspicious:
		return text
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return Redacted
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(clean(value, r)) != nil {
		return Redacted
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// scan looks at every text in a JSON text, names included. It sees more than is
// left of it after decoding: of a name that is there twice, both.
func scan(text string) (suspicious, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	depth, values := 0, 0
	for {
		token, err := decoder.Token()
		if err != nil {
			return suspicious, errors.Is(err, io.EOF) && depth == 0 && values == 1
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
		case string:
			suspicious = suspicious || isSecret(t) || looksSecret(t)
		}
		if depth == 0 {
			values++
		}
	}
}

func clean(value any, r Reach) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if isSecret(name) && concerns(inner, r) {
				v[name] = Redacted
			} else {
				v[name] = clean(inner, r)
			}
		}
	case []any:
		for i := range v {
			v[i] = clean(v[i], r)
		}
	case string:
		if looksSecret(v) {
			return Redacted
		}
	}
	return value
}

// concerns reports whether a value under a secret's name is one. Nothing, and
// yes or no, tell nothing.
func concerns(value any, r Reach) bool {
	switch v := value.(type) {
	case nil, bool:
		return false
	case string:
		return v != ""
	default:
		return bool(r)
	}
}

// secretNames are names of secrets, in lower case and without - and _.
var secretNames = map[string]bool{
	"authorization": true, "proxyauthorization": true, "cookie": true, "setcookie": true, "auth": true, "bearer": true,
	"token": true, "secret": true, "password": true, "passwd": true, "passphrase": true, "credential": true, "credentials": true,
	"accesskey": true, "accesskeyid": true, "awsaccesskeyid": true, "subscriptionkey": true,
}

// secretEndings end the names of secrets. "tokens" is none of them: max_tokens
// is no secret.
var secretEndings = [...]string{
	"apikey", "apitoken", "authtoken", "authorizationtoken", "accesstoken", "refreshtoken", "idtoken", "bearertoken", "sessiontoken", "securitytoken",
	"secret", "secretkey", "secretaccesskey", "privatekey", "password", "passphrase", "authorization", "credentials",
}

func isSecret(name string) bool {
	name = strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(name))
	if secretNames[name] {
		return true
	}
	for _, ending := range secretEndings {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}

// looksSecret reports whether a text has the form of a credential in HTTP.
func looksSecret(text string) bool {
	for _, scheme := range [...]string{"Bearer ", "Basic "} {
		if len(text) > len(scheme)+8 && strings.EqualFold(text[:len(scheme)], scheme) && !strings.Contains(text[len(scheme):], " ") {
			return true
		}
	}
	return false
}
