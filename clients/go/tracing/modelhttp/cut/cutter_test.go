package cut_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/cut"
)

func whole(limits cut.Limits, in string) (string, bool) {
	c := cut.New(limits)
	c.Write([]byte(in))
	return string(c.Finish()), c.Cut()
}

func TestWhatIsKept(t *testing.T) {
	limits := cut.Limits{
		String: 256, Total: 4096,
		Drop: func(parent, name string) bool { return name == "embedding" },
		File: func(parent, name string) bool { return parent == "source" && name == "data" },
	}
	long := strings.Repeat("x", 300)
	for _, test := range []struct {
		name, in, want string
		cut            bool
	}{
		{"short JSON, without its white space", ` { "a" : [ 1 , "b\n" , null ] } `, `{"a":[1,"b\n",null]}`, false},
		{"a bare number", `12`, `12`, false},
		{"nothing", "  \n", ``, false},
		{"a long string", `{"a":"` + long + `"}`, `{"a":"` + long[:256] + ` … [cut, of 300 bytes]"}`, true},
		{"a long string, between characters", `["` + long[:255] + `éé"]`, `["` + long[:255] + ` … [cut, of 259 bytes]"]`, true},
		{"a long string, not in an escape", `["` + long[:255] + `\n"]`, `["` + long[:255] + ` … [cut, of 257 bytes]"]`, true},
		{"a data URL", `{"url":"data:image/png;base64,QUJDRA=="}`, `{"url":"data:image/png;base64,[4 bytes]"}`, false},
		{"text that only looks like one", `{"a":"data: b,c;base64,d"}`, `{"a":"data: b,c;base64,d"}`, false},
		{"a file", `{"source":{"type":"base64","data":"QUJD"}}`, `{"source":{"type":"base64","data":"[3 bytes]"}}`, false},
		{"the same name elsewhere", `{"input":{"data":"QUJD"}}`, `{"input":{"data":"QUJD"}}`, false},
		{"bulk", `{"data":[{"embedding":[1,[2],"]"],"i":1},{"embedding":"abc","i":2},{"embedding":3}]}`, `{"data":[{"i":1},{"i":2},{}]}`, false},
		{"what stopped in a string", `{"a":["b","c\`, `{"a":["b","c"]}`, true},
		{"what stopped in a name", `{"a":1,"b`, `{"a":1}`, true},
		{"what stopped in a number", `{"a":1,"b":12`, `{"a":1}`, true},
		{"what stopped in bulk", `{"embedding":[1,2`, `{}`, true},
		{"the end of streams", `[DONE]`, `[DONE]`, false},
		{"a closer that opens nothing", `{"a":1]`, `{"a":1}`, true},
		{"two values", `{"a":1}{"b":2}`, `{"a":1}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, isCut := whole(limits, test.in)
			if got != test.want || isCut != test.cut {
				t.Errorf("kept %s, cut %v; want %s, %v", got, isCut, test.want, test.cut)
			}
		})
	}
}

func TestNamesThatComeLastAreKeptBeyondTheLimit(t *testing.T) {
	var in strings.Builder
	in.WriteString(`{"messages":[`)
	for i := range 1000 {
		fmt.Fprintf(&in, `{"role":"user","content":"message %d"},`, i)
	}
	in.WriteString(`{}],"model":"m","options":{"a":1},"temperature":0.5,"user":"` + strings.Repeat("u", 2000) + `"}`)
	out, isCut := whole(cut.Limits{String: 1000, Total: 2000}, in.String())
	var got struct {
		Messages    []json.RawMessage
		Model, User string
		Temperature float64
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Model != "m" || got.Temperature != 0.5 || len(got.User) > 600 || len(got.Messages) < 10 || !isCut {
		t.Errorf("kept %q, %v, %d bytes of user, %d messages", got.Model, got.Temperature, len(got.User), len(got.Messages))
	}
}

// value draws any JSON value.
func value(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
		case kind == 0:
			return nil
		case kind == 1:
			return rapid.Bool().Draw(t, "bool")
		case kind == 2:
			return rapid.Float64Range(-1e9, 1e9).Draw(t, "number")
		case kind == 3 || depth == 0:
			return rapid.String().Draw(t, "text")
		case kind == 4:
			return rapid.SliceOfN(value(depth-1), 0, 4).Draw(t, "list")
		default:
			return rapid.MapOfN(rapid.String(), value(depth-1), 0, 4).Draw(t, "object")
		}
	})
}

func TestJSONWithinTheLimitsStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, err := json.Marshal(value(4).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		got, isCut := whole(cut.Limits{String: 1 << 20, Total: 1 << 20}, string(in))
		if got != string(in) || isCut {
			t.Errorf("%s became %s, cut %v", in, got, isCut)
		}
	})
}

func TestEveryBeginningBecomesCompleteJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, err := json.Marshal([]any{value(4).Draw(t, "value")})
		if err != nil {
			t.Fatal(err)
		}
		limits := cut.Limits{String: 256, Total: rapid.IntRange(1, 600).Draw(t, "total")}
		stop := rapid.IntRange(1, len(in)).Draw(t, "stop")
		if got, _ := whole(limits, string(in[:stop])); !json.Valid([]byte(got)) {
			t.Errorf("%s became %s", in[:stop], got)
		}
	})
}

func FuzzCutter(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2,{"b":"c\u00e9"}],"url":"data:image/png;base64,AAAA"}`,
		`{"url":"data:image/png;base64,AAAA,AAAA=,="}`, `{"data":"data:a=b;base64,AAAA,A"}`, `{"data":"====,A,="}`, `[DONE]`, `{"a"`, `"\ud83d\ude00"`, "{\"\xff\":1}", `]`, strings.Repeat("[", 300),
	} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		limits := cut.Limits{String: 256, Total: 1024, File: func(parent, name string) bool { return name == "data" }, Drop: func(parent, name string) bool { return name == "drop" }}
		once, pieces := cut.New(limits), cut.New(limits)
		once.Write(in)
		for piece := range bytes.SplitSeq(in, nil) {
			pieces.Write(piece)
		}
		if diff := cmp.Diff(string(once.Finish()), string(pieces.Finish())); diff != "" {
			t.Errorf("at once and byte by byte differ: %s", diff)
		}
		if n := len(once.Finish()); n > limits.Total+cut.Reserve {
			t.Errorf("%d bytes kept", n)
		}
		chunks := cut.New(limits)
		for i := 0; i < len(in); i += int(step) + 1 {
			chunks.Write(in[i:min(len(in), i+int(step)+1)])
		}
		if diff := cmp.Diff(string(once.Finish()), string(chunks.Finish())); diff != "" {
			t.Errorf("at once and in pieces differ: %s", diff)
		}
		if json.Valid(in) && !json.Valid(once.Finish()) {
			t.Errorf("no JSON came of %q: %q", in, once.Finish())
		}
	})
}

func BenchmarkCutter(b *testing.B) {
	in := []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}`)
	c := cut.New(cut.Limits{String: 1 << 16, Total: 1 << 20})
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		c.Write(in)
		c.Finish()
		c.Reset()
	}
}
