package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/transfer"
)

// TestRefusedSpansAreSentAgainByTheSameCommand imports a file into a server that
// refuses its spans at first, as one does that was not told how old they may be.
func TestRefusedSpansAreSentAgainByTheSameCommand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "traces.jsonl")
	const line = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1"}]}]}]}`
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	sent := 0
	run := func(rejected int64) {
		t.Helper()
		memory, err := transfer.OpenMemory(filepath.Join(dir, "state"), "here", time.Now)
		if err != nil {
			t.Fatal(err)
		}
		app := newApp(Globals{}, process{stdout: new(bytes.Buffer), stderr: new(bytes.Buffer), now: time.Now})
		im := &importing{app: app, memory: memory, working: app.Work("importing"), send: func(context.Context, []byte) (int64, string, error) {
			sent++
			return rejected, "too old", nil
		}}
		if err := im.files(t.Context(), []string{file}); err != nil {
			t.Fatal(err)
		}
		if err := memory.Save(); err != nil {
			t.Fatal(err)
		}
	}
	run(1)
	run(0)
	if sent != 2 {
		t.Errorf("sent %d times, want again what was refused", sent)
	}
	run(0)
	if sent != 2 {
		t.Errorf("sent %d times, want nothing of what the server has", sent)
	}
}
