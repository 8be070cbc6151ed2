package modelhttp_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCompressedAnswersAreRecordedAndPassedOnAsTheyCame(t *testing.T) {
	whole := strings.Join(chunks, "")
	for _, test := range []struct{ name, asked, encoding, said string }{
		{"by net/http itself", "", "gzip", "Hello"},
		{"because the caller asked", "gzip", "gzip", "Hello"},
		{"in a way that is not known", "br", "br", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			sent := zipped(t, whole)
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", test.encoding)
				_, _ = w.Write(sent)
			})
			request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/chat/completions", strings.NewReader(question))
			if err != nil {
				t.Fatal(err)
			}
			want := whole
			if test.asked != "" {
				request.Header.Set("Accept-Encoding", test.asked)
				want = string(sent)
			}
			r := record(t)
			response, err := client(t, r).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, response); got != want {
				t.Errorf("the caller got %q", got)
			}
			r.only(t).has(t, map[string]string{"llm.output_messages.0.message.content": test.said, "llm.input_messages.0.message.content": "Hi"})
		})
	}
}

// TestAThreadOfItsOwnMayReadACompressedAnswer is of programs whose main goroutine is
// locked to its thread, as those with a window are.
func TestAThreadOfItsOwnMayReadACompressedAnswer(t *testing.T) {
	sent := zipped(t, strings.Join(chunks, ""))
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(sent)
	})
	request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/chat/completions", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	r := record(t)
	response, err := client(t, r).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	readAll(t, response)
	r.only(t).has(t, map[string]string{"llm.output_messages.0.message.content": "Hello"})
}

func TestBrokenCompressionIsTheCallersToSee(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "this is not gzip at all, however long it may go on")
	})
	request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/chat/completions", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	r := record(t)
	response, err := client(t, r).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, response)
	r.only(t).has(t, map[string]string{"llm.input_messages.0.message.content": "Hi"})
}
