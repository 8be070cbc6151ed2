//go:build !race

// The race detector multiplies memory: what is bounded here could not be told then.

package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const mebibyte = 1 << 20

// TestMemoryStaysBounded sends what a server that takes memory before it looks
// would not survive: many times more than it may use, some of it at once.
func TestMemoryStaysBounded(t *testing.T) {
	s := startServer(t, "--store="+newSQLite(t))
	calm := peakMemory(t, s)

	gzipped, zstded := gzipBomb(t), zstdBomb(t)
	client := newClient(t)
	for range 3 {
		for encoding, bomb := range map[string][]byte{"gzip": gzipped, "zstd": zstded} {
			frame := binary.BigEndian.AppendUint32([]byte{1}, uint32(len(bomb)))
			mustRefuse(t, "ResourceExhausted", exportFrame(t.Context(), client, s.url(), "default", encoding, append(frame, bomb...)))
			mustRefuse(t, "413", exportEncoded(t.Context(), client, s.url(), "default", protobufType, encoding, bomb))
			mustRefuse(t, "413", exportEncoded(t.Context(), client, s.url(), "default", jsonType, encoding, bomb))
		}
		lie := []byte{0, 0xff, 0xff, 0xff, 0xff, 0x0a}
		mustRefuse(t, "ResourceExhausted", exportFrame(t.Context(), client, s.url(), "default", "identity", lie))
	}
	mustRefuse(t, "413", exportHTTP(t.Context(), client, s.url(), "default", protobufType, make([]byte, 65*mebibyte)))
	bombed := peakMemory(t, s)
	sendLargest(t, s)
	loaded := peakMemory(t, s)
	t.Logf("peak memory in MiB: %d after the start, %d after the bombs, %d after the largest messages", calm/mebibyte, bombed/mebibyte, loaded/mebibyte)

	bombedMost, loadedMost := calm+512*mebibyte, calm+1024*mebibyte
	if bombed > bombedMost || loaded > loadedMost {
		t.Errorf("peak memory above %d MiB after the bombs, or %d MiB after the largest messages", bombedMost/mebibyte, loadedMost/mebibyte)
	}
	s.stop()
}

// sendLargest sends messages just below the limit, several at once.
func sendLargest(t *testing.T, s *server) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 4 {
		sender, client := newSender(7, uint64(i)), newClient(t)
		message := requestOf()
		trace, content := sender.newTrace(), strings.Repeat(fmt.Sprintf("Message %d. ", i), 3*mebibyte/11)
		for range 20 {
			span := sender.span(trace)
			span.Attributes = append(span.Attributes, text("content", content))
			message.ResourceSpans[0].ScopeSpans[0].Spans = append(message.ResourceSpans[0].ScopeSpans[0].Spans, span)
		}
		wg.Go(func() {
			if a := exportGRPC(t.Context(), client, s.url(), "default", encode(t, message)); !a.acknowledged || a.rejected != 0 {
				t.Errorf("a message of 60 MiB: %d rejected, %s %v", a.rejected, a.message, a.err)
			}
		})
	}
	wg.Wait()
}

func mustRefuse(t *testing.T, code string, a answer) {
	t.Helper()
	if a.acknowledged || a.code != code {
		t.Errorf("answer: acknowledged %v, code %q (%v), want code %q", a.acknowledged, a.code, a.err, code)
	}
}

// gzipBomb is 2 GiB of zeros in 2 MiB: many members, which are one stream.
func gzipBomb(t *testing.T) []byte {
	t.Helper()
	var member bytes.Buffer
	w := gzip.NewWriter(&member)
	if _, err := w.Write(make([]byte, 32*mebibyte)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(member.Bytes(), 64)
}

// zstdBomb is 2 GiB of zeros in many frames, which are one stream, too.
func zstdBomb(t *testing.T) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return bytes.Repeat(w.EncodeAll(make([]byte, 32*mebibyte), nil), 64)
}

// peakMemory returns the most memory in bytes that the server has had so far; 0
// where the system does not say.
func peakMemory(t *testing.T, s *server) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Logf("memory NOT MEASURED: %s does not tell it", runtime.GOOS)
		return 0
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmHWM in the server's status")
	return 0
}
