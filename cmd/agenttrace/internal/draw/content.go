package draw

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

// errorLines is how many lines of an error are shown where content is not.
const errorLines = 3

// errorOf says what went wrong in a span, unless a span that was drawn before, or
// one below it, says the same.
func (w *waterfall) errorOf(r row) []shell.Line {
	s := r.node.span
	text := errorText(s.GetError())
	if !s.GetFailed() || text == "" {
		return nil
	}
	first := s.GetSpanId() == w.first
	if !first && (w.told["error\x00"+text] || slices.ContainsFunc(r.node.children, func(c *node) bool { return c.span.GetFailed() })) {
		return nil
	}
	w.told["error\x00"+text] = true
	if first && w.failed > 1 {
		text = "first failure: " + text
	}
	most := errorLines
	if w.o.Content {
		most = w.o.MaxLines
	}
	return w.block(w.below(r), "✗ ", []string{shell.Clean(text)}, shell.Red, most)
}

func errorText(e *agenttracev1.SpanError) string {
	switch {
	case e.GetType() == "":
		return e.GetMessage()
	case e.GetMessage() == "":
		return e.GetType()
	}
	return e.GetType() + ": " + e.GetMessage()
}

// below is the branches before what is said of a row: those to its children go
// through it.
func (w *waterfall) below(r row) string {
	if len(r.node.children) > 0 {
		return r.rest + "│ "
	}
	return r.rest + "  "
}

// contentOf shows what went in and out of a span.
func (w *waterfall) contentOf(r row) []shell.Line {
	if !w.o.Content {
		return nil
	}
	s := r.node.span
	texts := []fact{{"input", s.GetInput().GetValue()}, {"output", s.GetOutput().GetValue()}}
	if m := s.GetModelCall(); len(m.GetInputMessages())+len(m.GetOutputMessages()) > 0 {
		return w.conversation(r, m)
	}
	if t := s.GetToolUse(); t.GetArguments() != "" || t.GetResult() != "" {
		texts = []fact{{"arguments", t.GetArguments()}, {"result", t.GetResult()}}
	}
	var lines []shell.Line
	for _, f := range texts {
		if f.text != "" {
			lines = append(lines, w.text(r, f.name, f.text)...)
		}
	}
	return lines
}

// conversation shows the messages to and from a model. Of those to it only what no
// span before had: each call repeats the whole conversation.
func (w *waterfall) conversation(r row, m *agenttracev1.ModelCall) []shell.Line {
	var lines []shell.Line
	known := 0
	tellKnown := func() {
		if known > 0 {
			lines = append(lines, w.seen(r, known))
		}
		known = 0
	}
	for _, message := range m.GetInputMessages() {
		if w.knows(message) {
			known++
			continue
		}
		tellKnown()
		lines = append(lines, w.message(r, message)...)
	}
	tellKnown()
	for _, message := range m.GetOutputMessages() {
		w.knows(message)
		lines = append(lines, w.message(r, message)...)
	}
	return lines
}

// knows reports whether a message has been shown, and takes note of it.
func (w *waterfall) knows(m *agenttracev1.Message) bool {
	var key strings.Builder
	fmt.Fprintf(&key, "message\x00%s\x00%s\x00%s\x00%s", m.GetRole(), m.GetToolCallId(), m.GetContent(), m.GetReasoning())
	for _, c := range m.GetToolCalls() {
		fmt.Fprintf(&key, "\x00%s\x00%s\x00%s", c.GetId(), c.GetName(), c.GetArguments())
	}
	known := w.told[key.String()]
	w.told[key.String()] = true
	return known
}

func (w *waterfall) seen(r row, n int) shell.Line {
	line := shell.Line{}.Add(shell.Dim, w.below(r))
	return line.Add(shell.Dim, fmt.Sprintf("⋯ %s as above", plural(int64(n), "message"))).Cut(w.o.Width)
}

func (w *waterfall) message(r row, m *agenttracev1.Message) []shell.Line {
	role := shell.Clean(m.GetRole())
	if role == "" {
		role = "message"
	}
	var lines []shell.Line
	if m.GetReasoning() != "" {
		lines = append(lines, w.text(r, role+" (reasoning)", m.GetReasoning())...)
	}
	if m.GetContent() != "" {
		lines = append(lines, w.text(r, role, m.GetContent())...)
	}
	for _, c := range m.GetToolCalls() {
		lines = append(lines, w.text(r, role+" calls", c.GetName()+" "+c.GetArguments())...)
	}
	return lines
}

// text shows one text under its label.
func (w *waterfall) text(r row, label, text string) []shell.Line {
	prefix := w.below(r)
	lines := []shell.Line{shell.Line{}.Add(shell.Dim, prefix).Add(shell.Yellow, label+":").Cut(w.o.Width)}
	block := shell.CleanBlock(readable(text, w.o.Width))
	if len(block) == 1 && shell.Width(prefix)+len(label)+2+shell.Width(block[0]) <= w.o.Width {
		return []shell.Line{lines[0].Add(shell.Plain, " "+block[0])}
	}
	return append(lines, w.block(prefix+"  ", "", block, shell.Plain, w.o.MaxLines)...)
}

// readable breaks JSON that does not fit into a line into many.
func readable(text string, width int) string {
	const most = 1 << 20
	trimmed := strings.TrimSpace(text)
	if len(trimmed) < width-20 || len(trimmed) > most || trimmed[0] != '{' && trimmed[0] != '[' {
		return text
	}
	var b bytes.Buffer
	if json.Indent(&b, []byte(trimmed), "", "  ") != nil {
		return text
	}
	return b.String()
}

// block wraps lines into the width behind a prefix, and behind a mark at the first of
// them. Beyond most lines (0 for any) it says how many are left out.
func (w *waterfall) block(prefix, mark string, text []string, style shell.Style, most int) []shell.Line {
	width := max(8, w.o.Width-shell.Width(prefix)-shell.Width(mark))
	var wrapped []string
	for _, line := range text {
		wrapped = append(wrapped, shell.Wrap(line, width)...)
	}
	left := 0
	if most > 0 && len(wrapped) > most {
		left = len(wrapped) - most
		wrapped = wrapped[:most]
	}
	var lines []shell.Line
	for _, line := range wrapped {
		lines = append(lines, shell.Line{}.Add(shell.Dim, prefix).Add(style, mark+line).Cut(w.o.Width))
		mark = strings.Repeat(" ", shell.Width(mark))
	}
	if left > 0 {
		lines = append(lines, shell.Line{}.Add(shell.Dim, prefix+mark+"⋯ "+plural(int64(left), "more line")).Cut(w.o.Width))
	}
	return lines
}
