package plan

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/query"
)

func TestAttributeOfARow(t *testing.T) {
	const told, untold = true, false
	tests := []struct {
		name, object, key string
		want              query.Value
		told              bool
	}{
		{"a text", `{"a":"x","b":"y"}`, "b", query.Text("y"), told},
		{"as PostgreSQL writes it", `{"a": 1, "b": "y"}`, "b", query.Text("y"), told},
		{"the first of two", `{"a":1,"a":2}`, "a", query.Integer(1), told},
		{"escaped", `{"a":"\"\\\n\u00e9"}`, "a", query.Text("\"\\\né"), told},
		{"an escaped key", `{"q\"":1}`, `q"`, query.Integer(1), told},
		{"a key that ends another one", `{"xa":1}`, "a", query.Value{}, told},
		{"a great integer", `{"a":9007199254740993}`, "a", query.Integer(9007199254740993), told},
		{"a float", `{"a":1e+300}`, "a", query.Float(1e300), told},
		{"booleans", `{"a":true,"b":false}`, "b", query.Boolean(false), told},
		{"null", `{"a":null,"b":1}`, "a", query.Value{}, untold},
		{"none", `{"a":1}`, "b", query.Value{}, told},
		{"no row", ``, "a", query.Value{}, told},
		{"an empty row", `{}`, "a", query.Value{}, told},
		{"incomplete", `{"a":1,"…":null}`, "b", query.Value{}, untold},
	}
	for _, test := range tests {
		if got, told := attributeOf([]byte(test.object), test.key); got != test.want || told != test.told {
			t.Errorf("%s: %+v, %v", test.name, got, told)
		}
	}
}

func TestAnyObjectIsReadAsJSONHasIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "object")
		encoded, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range object {
			if got, told := attributeOf(encoded, key); !told || got != query.Text(want) {
				t.Fatalf("%q in %s: %+v", key, encoded, got)
			}
		}
	})
}

func FuzzAttributeOf(f *testing.F) {
	for _, seed := range []string{`{"a":"x"}`, `{"a`, `{"a":`, `{"a":"\`, `{"a":tr`, `{,}`, `[1]`, `{"a":[1,2],"b":{}}`} {
		f.Add([]byte(seed), "a")
	}
	f.Fuzz(func(t *testing.T, object []byte, key string) {
		v, told := attributeOf(object, key)
		if !told && v.Kind != query.KindNil {
			t.Errorf("%+v is not told", v)
		}
	})
}
