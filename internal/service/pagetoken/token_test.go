package pagetoken_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/service/pagetoken"
)

func fingerprint(t testing.TB, project, procedure string, req *pb.ListSpansRequest) pagetoken.Fingerprint {
	t.Helper()
	f, err := pagetoken.FingerprintOf(project, procedure, req)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTokenReturnsItsCursor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := pagetoken.Cursor{
			Key:     rapid.Int64().Draw(t, "key"),
			TraceID: model.TraceID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "trace")),
			SpanID:  model.SpanID(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "span")),
			Start:   rapid.Int64().Draw(t, "start"),
			Text:    string(rapid.SliceOfN(rapid.Byte(), 0, pagetoken.MaxText).Draw(t, "text")),
		}
		f := pagetoken.Fingerprint(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "fingerprint"))
		got, err := pagetoken.Decode(pagetoken.Encode(f, want), f)
		if err != nil || got != want {
			t.Fatalf("got %v, %v; want %v", got, err, want)
		}
	})
}

func TestTokenFitsARequestWhateverTheTextIs(t *testing.T) {
	var f pagetoken.Fingerprint
	long := strings.Repeat("x", 5000)
	token := pagetoken.Encode(f, pagetoken.Cursor{Text: long})
	if len(token) > 1024 { // max_len of page_token
		t.Errorf("the token has %d characters", len(token))
	}
	if c, err := pagetoken.Decode(token, f); err != nil || c.Text != long[:pagetoken.MaxText] {
		t.Errorf("got %d bytes of text, %v", len(c.Text), err)
	}
}

func TestTokenOfAnotherListIsAMismatch(t *testing.T) {
	list := &pb.ListSpansRequest{Name: "a", PageSize: 5}
	token := pagetoken.Encode(fingerprint(t, "p", "m", list), pagetoken.Cursor{Key: 1})
	cases := []struct {
		name               string
		project, procedure string
		req                *pb.ListSpansRequest
		want               error
	}{
		{"same", "p", "m", list, nil},
		{"other page size", "p", "m", &pb.ListSpansRequest{Name: "a", PageSize: 6}, nil},
		{"other view", "p", "m", &pb.ListSpansRequest{Name: "a", View: pb.SpanView_SPAN_VIEW_FULL}, nil},
		{"with its token", "p", "m", &pb.ListSpansRequest{Name: "a", PageToken: token}, nil},
		{"other project", "q", "m", list, pagetoken.ErrMismatch},
		{"other procedure", "p", "n", list, pagetoken.ErrMismatch},
		{"other selection", "p", "m", &pb.ListSpansRequest{Name: "b"}, pagetoken.ErrMismatch},
		{"false is not absent", "p", "m", &pb.ListSpansRequest{Name: "a", Failed: new(bool)}, pagetoken.ErrMismatch},
		{"other order", "p", "m", &pb.ListSpansRequest{Name: "a", OrderBy: pb.SpanOrder_SPAN_ORDER_OLDEST_FIRST}, pagetoken.ErrMismatch},
	}
	for _, c := range cases {
		if _, err := pagetoken.Decode(token, fingerprint(t, c.project, c.procedure, c.req)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestEveryChangeOfATokenIsNoticed(t *testing.T) {
	var f pagetoken.Fingerprint
	token := pagetoken.Encode(f, pagetoken.Cursor{Key: 7})
	for i := range len(token) {
		for _, c := range "A-_b" {
			changed := token[:i] + string(c) + token[i+1:]
			if _, err := pagetoken.Decode(changed, f); changed != token && !errors.Is(err, pagetoken.ErrInvalid) {
				t.Fatalf("%q for %q: got %v", changed, token, err)
			}
		}
	}
	for _, other := range []string{"x", token[1:], token + "A", token + "=", "\n" + token, token[:8] + "\r\n" + token[8:], strings.ToUpper(token), strings.Repeat("A", 2000)} {
		if _, err := pagetoken.Decode(other, f); !errors.Is(err, pagetoken.ErrInvalid) {
			t.Errorf("%q: got %v", other, err)
		}
	}
}

func FuzzPageToken(f *testing.F) {
	var list pagetoken.Fingerprint
	f.Add("")
	f.Add("AQ")
	f.Add(pagetoken.Encode(list, pagetoken.Cursor{Key: -1, TraceID: model.TraceID{1}, SpanID: model.SpanID{2}}))
	f.Add(pagetoken.Encode(pagetoken.Fingerprint{9}, pagetoken.Cursor{}))
	f.Fuzz(func(t *testing.T, token string) {
		c, err := pagetoken.Decode(token, list)
		if err != nil {
			if !errors.Is(err, pagetoken.ErrInvalid) && !errors.Is(err, pagetoken.ErrMismatch) {
				t.Fatalf("%q: unknown error %v", token, err)
			}
			return
		}
		if again := pagetoken.Encode(list, c); again != token {
			t.Fatalf("%q is taken for %q", token, again)
		}
	})
}
