package shell

import (
	"fmt"
	"time"
)

const (
	// progressAfter is how long work goes on without a word: most is done before.
	progressAfter = 400 * time.Millisecond
	// progressEvery is how often a status is drawn again.
	progressEvery = 100 * time.Millisecond
)

// clearLine returns to the first column and clears the line.
const clearLine = "\r\x1b[K"

// Progress tells whoever watches how far some work has come: one line on standard
// error that is always the last one, only where that is a terminal, and only when
// the work takes a while. End it with Done.
type Progress struct {
	terminal *Terminal
	begun    time.Time
	stop     chan struct{}
	stopped  chan struct{}
	text     string // guarded by terminal.mu
}

// Work begins to show progress. The text says what is being done, such as
// "searching"; Say changes it.
func (t *Terminal) Work(text string) *Progress {
	p := &Progress{terminal: t, begun: t.now(), text: text}
	if !t.progress {
		return p
	}
	p.stop, p.stopped = make(chan struct{}), make(chan struct{})
	go p.draw()
	return p
}

// Say says how far the work has come, as often as there is something to say.
func (p *Progress) Say(text string) {
	p.terminal.mu.Lock()
	defer p.terminal.mu.Unlock()
	p.text = text
}

// Done takes the line away. What follows is printed as if it had never been there.
func (p *Progress) Done() {
	if p.stop == nil {
		return
	}
	close(p.stop)
	<-p.stopped
	p.stop = nil
}

func (p *Progress) draw() {
	defer close(p.stopped)
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	t := p.terminal
	for {
		select {
		case <-p.stop:
			t.mu.Lock()
			t.hide()
			t.mu.Unlock()
			return
		case <-ticker.C:
		}
		if since := t.now().Sub(p.begun); since >= progressAfter {
			t.mu.Lock()
			t.show(fmt.Sprintf("%s, %d s", p.text, int(since.Seconds())))
			t.mu.Unlock()
		}
	}
}

// show draws the status. The caller holds mu.
func (t *Terminal) show(status string) {
	status = Cut(Clean(status), t.Width-1)
	if status == t.status {
		return
	}
	t.status = status
	line := Line{{Text: status, Style: Dim}}
	fmt.Fprint(t.err, clearLine+line.Render(t.errColor))
}

// hide takes the status away, so that something else can be printed. The caller
// holds mu.
func (t *Terminal) hide() {
	if t.status == "" {
		return
	}
	t.status = ""
	fmt.Fprint(t.err, clearLine)
}
