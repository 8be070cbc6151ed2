package tracing

import (
	"bytes"
	"encoding/json"
	"strings"
)

// reach says what of a value under a secret's name is a secret.
type reach bool

const (
	// wholeValues: all of it, as in the parameters of a call.
	wholeValues reach = true
	// textsOnly: texts. The schema of a tool may well describe a "password".
	textsOnly reach = false
)

// withoutSecrets takes keys, tokens and passwords out of a JSON text, by the
// names that they have and by how credentials of HTTP look. A text with none is
// returned as it is. One that is no JSON cannot be searched, and is redacted.
func withoutSecrets(text string, r reach) string {
	if text == "" || text == redacted {
		return text
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil || decoder.More() {
		return redacted
	}
	clean, found := search(value, r)
	if !found {
		return text
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(clean) != nil {
		return redacted
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func search(value any, r reach) (clean any, found bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if isSecret(name) && concerns(inner, r) {
				v[name], found = redacted, true
				continue
			}
			if inner, hit := search(inner, r); hit {
				v[name], found = inner, true
			}
		}
	case []any:
		for i := range v {
			if inner, hit := search(v[i], r); hit {
				v[i], found = inner, true
			}
		}
	case string:
		if looksSecret(v) {
			return redacted, true
		}
	}
	return value, found
}

// concerns reports whether a value under a secret's name is one. Nothing, and
// yes or no, tell nothing.
func concerns(value any, r reach) bool {
	switch v := value.(type) {
	case nil, bool:
		return false
	case string:
		return v != ""
	default:
		return r == wholeValues
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
	"apikey", "apitoken", "authtoken", "accesstoken", "refreshtoken", "idtoken", "bearertoken", "sessiontoken", "securitytoken",
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
