package shell

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	// pipeWidth is the width where there is no terminal to ask: what is written
	// into a file or a pipe is read in wider places than a window.
	pipeWidth = 120
	// leastWidth is the narrowest that anything is laid out for; in a narrower
	// window lines wrap.
	leastWidth = 40
)

// Options is how a command's words are to look. The zero value finds out
// everything by itself.
type Options struct {
	Width    int                      // columns; 0 to ask the environment and the terminal
	NoColour bool                     // never colour; else where a terminal shows it
	Environ  func(name string) string // variables; nil for none
	Now      func() time.Time         // nil for time.Now
}

// Terminal is where a command prints: results on standard output, everything else
// on standard error. It is safe for concurrent use.
type Terminal struct {
	// Width is how many columns a line may have.
	Width int
	// Colour is whether results have colours.
	Colour bool
	// Watched is whether results go to a terminal, where somebody reads along.
	Watched bool

	out, err io.Writer
	progress bool // standard error is a terminal
	errColor bool
	now      func() time.Time

	mu     sync.Mutex
	status string // on the last line of the terminal; empty for none
}

// NewTerminal looks at where out and err go.
func NewTerminal(out, err io.Writer, o Options) *Terminal {
	if o.Environ == nil {
		o.Environ = func(string) string { return "" }
	}
	t := &Terminal{out: out, err: err, now: o.Now}
	if t.now == nil {
		t.now = time.Now
	}
	colours := !o.NoColour && o.Environ("NO_COLOR") == "" && o.Environ("TERM") != "dumb"
	t.Watched = isTerminal(out)
	t.progress = isTerminal(err) && o.Environ("TERM") != "dumb"
	t.Colour = colours && t.Watched
	t.errColor = colours && isTerminal(err)
	t.Width = width(out, o)
	return t
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is what was asked for, else what COLUMNS says, else what the terminal
// says, else that of pipes.
func width(out io.Writer, o Options) int {
	wide := o.Width
	if wide == 0 {
		wide, _ = strconv.Atoi(o.Environ("COLUMNS"))
	}
	if wide <= 0 && isTerminal(out) {
		wide, _, _ = term.GetSize(int(out.(*os.File).Fd()))
	}
	if wide <= 0 {
		wide = pipeWidth
	}
	return max(wide, leastWidth)
}

// Print prints lines as results, in one write. An error means that nobody reads
// any more: end then.
func (t *Terminal) Print(lines ...Line) error {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line.Render(t.Colour))
		b.WriteByte('\n')
	}
	return t.write(b.String())
}

// PrintJSON prints messages as results, each as one line of JSON as protobuf
// defines it, with escapes for all that could do something to a terminal.
func (t *Terminal) PrintJSON(messages ...proto.Message) error {
	var b bytes.Buffer
	for _, m := range messages {
		data, err := protojson.Marshal(m)
		if err != nil {
			return fmt.Errorf("print %s as JSON: %w", m.ProtoReflect().Descriptor().FullName(), err)
		}
		// Protojson varies its white space on purpose; scripts compare lines.
		if err := json.Compact(&b, data); err != nil {
			return fmt.Errorf("print %s as JSON: %w", m.ProtoReflect().Descriptor().FullName(), err)
		}
		b.WriteByte('\n')
	}
	return t.write(escapeJSON(b.String()))
}

// Write prints bytes as results, as they are: exported data, JSON that is no
// message. It is an [io.Writer].
func (t *Terminal) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hide()
	return t.out.Write(data)
}

func (t *Terminal) write(text string) error {
	_, err := t.Write([]byte(text))
	return err
}

// Note prints lines that accompany the results, such as hints and errors, on
// standard error.
func (t *Terminal) Note(lines ...Line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hide()
	for _, line := range lines {
		fmt.Fprintln(t.err, line.Render(t.errColor))
	}
}
