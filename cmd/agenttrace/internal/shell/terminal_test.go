package shell

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/structpb"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func environ(entries map[string]string) func(string) string {
	return func(name string) string { return entries[name] }
}

func TestIntoAPipeThereIsNoColourAndAFixedWidth(t *testing.T) {
	var out, err bytes.Buffer
	terminal := NewTerminal(&out, &err, Options{})
	if terminal.Width != pipeWidth || terminal.Colour || terminal.Watched {
		t.Errorf("a pipe is taken for %+v", terminal)
	}
	if err := terminal.Print(Line{{Text: "red", Style: Red}}); err != nil || out.String() != "red\n" {
		t.Errorf("printed %q, %v", out.String(), err)
	}
	terminal.Note(Line{{Text: "hint", Style: Dim}})
	if err.String() != "hint\n" {
		t.Errorf("noted %q", err.String())
	}
}

func TestWidthComesFromFlagThenVariable(t *testing.T) {
	for _, test := range []struct {
		flag    int
		columns string
		want    int
	}{{100, "90", 100}, {0, "90", 90}, {0, "", pipeWidth}, {0, "wide", pipeWidth}, {0, "-3", pipeWidth}, {3, "", leastWidth}} {
		terminal := NewTerminal(new(bytes.Buffer), new(bytes.Buffer), Options{Width: test.flag, Environ: environ(map[string]string{"COLUMNS": test.columns})})
		if terminal.Width != test.want {
			t.Errorf("--width=%d, COLUMNS=%q: %d columns, want %d", test.flag, test.columns, terminal.Width, test.want)
		}
	}
}

func TestMessagesAreOneLineOfJSONEach(t *testing.T) {
	var out bytes.Buffer
	terminal := NewTerminal(&out, new(bytes.Buffer), Options{})
	if err := terminal.PrintJSON(structpb.NewStringValue("a\nb"), structpb.NewBoolValue(true)); err != nil || out.String() != "\"a\\nb\"\ntrue\n" {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}

func TestJSONSteersNoTerminalAndMeansWhatItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("a\"\\\n\x1b\x7f\u009b\u202e\u200b\u2028漢😀👩\u200d\U000e0041\ufffd"))).Draw(t, "text")
		var out bytes.Buffer
		if err := NewTerminal(&out, new(bytes.Buffer), Options{}).PrintJSON(structpb.NewStringValue(text)); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(out.String(), "\n")
		if clean := Clean(line); clean != line {
			t.Errorf("%q prints %q, want %q", text, line, clean)
		}
		var again string
		if err := json.Unmarshal(out.Bytes(), &again); err != nil || again != text {
			t.Errorf("%q is read as %q, %v", text, again, err)
		}
	})
}

// gone is a pipe that nobody reads any more.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestPrintingSaysWhenNobodyReads(t *testing.T) {
	terminal := NewTerminal(gone{}, new(bytes.Buffer), Options{})
	if err := terminal.Print(Say("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("printing ends with %v, want a broken pipe", err)
	}
}

func TestProgressIsTheLastLineUntilItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, err bytes.Buffer
		terminal := NewTerminal(&out, &err, Options{Width: 40})
		terminal.progress = true // as on a terminal
		screen := func() string {
			terminal.mu.Lock()
			defer terminal.mu.Unlock()
			return err.String()
		}

		short := terminal.Work("a moment")
		time.Sleep(progressAfter / 2)
		short.Done()
		if screen() != "" {
			t.Errorf("work that takes a moment shows %q", screen())
		}

		long := terminal.Work("searching")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !strings.HasSuffix(screen(), clearLine+"searching, 1 s") && !strings.HasSuffix(screen(), clearLine+"searching, 2 s") {
			t.Errorf("work that takes longer shows %q", screen())
		}
		long.Say("found 3\x1b[2J of many and so many more that it is too long")
		time.Sleep(progressEvery)
		synctest.Wait()
		if last := screen()[strings.LastIndex(screen(), clearLine):]; strings.Contains(last[len(clearLine):], "\x1b[2J") || Width(last[len(clearLine):]) > 39 {
			t.Errorf("progress is %q", last)
		}
		if e := terminal.Print(Say("result")); e != nil || !strings.HasSuffix(screen(), clearLine) {
			t.Errorf("a result is printed over %q, %v", screen(), e)
		}
		time.Sleep(progressEvery)
		long.Done()
		long.Done()
		if !strings.HasSuffix(screen(), clearLine) {
			t.Errorf("progress that is done leaves %q", screen())
		}
	})
}
