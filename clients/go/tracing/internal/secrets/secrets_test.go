package secrets

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSecretsAreTakenOut(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		reach      Reach
	}{
		"nothing":                           {``, ``, WholeValues},
		"no secret stays byte for byte":     {`{ "max_tokens": 1.50, "a<b": "&" }`, `{ "max_tokens": 1.50, "a<b": "&" }`, WholeValues},
		"by name":                           {`{"api_key":"sk-1","n":2}`, `{"api_key":"__REDACTED__","n":2}`, WholeValues},
		"in any spelling":                   {`{"X-Api-Key":"1","openaiApiKey":"2","AWS_SECRET_ACCESS_KEY":"3"}`, `{"AWS_SECRET_ACCESS_KEY":"__REDACTED__","X-Api-Key":"__REDACTED__","openaiApiKey":"__REDACTED__"}`, WholeValues},
		"deep down":                         {`{"extra_headers":[{"authorization":"x"}]}`, `{"extra_headers":[{"authorization":"__REDACTED__"}]}`, WholeValues},
		"an escaped name":                   {`{"api\u005fkey":"sk-1"}`, `{"api_key":"__REDACTED__"}`, WholeValues},
		"a name that is there twice":        {`{"a":{"token":"sk-1"},"a":{}}`, `{"a":{}}`, WholeValues},
		"whole objects":                     {`{"credentials":{"user":"sk-1"}}`, `{"credentials":"__REDACTED__"}`, WholeValues},
		"by how it looks":                   {`{"x":"Bearer sk-123456789"}`, `{"x":"__REDACTED__"}`, WholeValues},
		"not what only looks a bit like it": {`{"x":"Basic knowledge of chess"}`, `{"x":"Basic knowledge of chess"}`, WholeValues},
		"schemas may name passwords":        {`{"password":{"type":"string"},"required":["password"]}`, `{"password":{"type":"string"},"required":["password"]}`, TextsOnly},
		"of tools the texts":                {`{"type":"mcp","authorization":"sk-1"}`, `{"authorization":"__REDACTED__","type":"mcp"}`, TextsOnly},
		"yes and no are no secrets":         {`{"token":true,"secret":null}`, `{"secret":null,"token":true}`, WholeValues},
		"the token for a server of tools":   {`{"mcp_servers":[{"authorization_token":"x"}]}`, `{"mcp_servers":[{"authorization_token":"__REDACTED__"}]}`, WholeValues},
		"numbers stay as they are":          {`{"token":"a","n":12345678901234567890}`, `{"n":12345678901234567890,"token":"__REDACTED__"}`, WholeValues},
		"no JSON":                           {`api_key=sk-1`, Redacted, WholeValues},
		"half a JSON":                       {`{"api_key":"sk-1"`, Redacted, WholeValues},
		"two of them":                       {`{"a":1}{"api_key":"sk-1"}`, Redacted, WholeValues},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Without(c.text, c.reach); got != c.want {
				t.Errorf("Without(%s) = %s, want %s", c.text, got, c.want)
			}
		})
	}
}

func FuzzWithout(f *testing.F) {
	f.Add(`{"api_key":"sk-1","a":[1,{"b":"c"}]}`, true)
	f.Add(`{"a":{"token":"sk-1"},"a":1}`, false)
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		got := Without(text, Reach(whole))
		if got != "" && got != Redacted && !json.Valid([]byte(got)) {
			t.Fatalf("%q became %q, which is no JSON", text, got)
		}
		if again := Without(got, Reach(whole)); again != got {
			t.Fatalf("%q became %q, and then %q", text, got, again)
		}
		// Wherever it is put beside a secret, the secret goes.
		if json.Valid([]byte(text)) && !strings.Contains(text, "sk-marker") {
			beside := `{"x":[` + text + `],"api_key":"sk-marker"}`
			if strings.Contains(Without(beside, Reach(whole)), "sk-marker") {
				t.Fatalf("a secret stayed in %q", beside)
			}
		}
	})
}
