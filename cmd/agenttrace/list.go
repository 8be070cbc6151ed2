package main

import (
	"fmt"
	"iter"

	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// listFlags are those of every list.
type listFlags struct {
	Limit int64 `short:"n" group:"what" default:"20" placeholder:"N" help:"Most to list; 0 for all. Default: ${default}."`
}

// Validate refuses a limit that is none.
func (f listFlags) Validate() error {
	if f.Limit < 0 {
		return fmt.Errorf("--limit is %d; it must be 0 or more", f.Limit)
	}
	return nil
}

// fitRows is how many rows of a long list are looked at before the first is
// printed, to find how wide the columns have to be.
const fitRows = 100

// list prints what is found as a table, or as JSON, one a line, as it is found.
// It says on standard error when there is nothing, or when the limit cut it off.
type list[T proto.Message] struct {
	app   *App
	noun  string // what is listed, in the plural
	limit int64
	table *shell.Table
	row   func(T) []shell.Cell
	under func(T) []shell.Line // what is said below a row; nil for nothing

	count   int64
	waiting []T // rows that have come before the columns were set
	begun   bool
	failed  error // of printing while searching
}

// print prints everything that items yields. It asks for one more than the limit,
// to know whether there is more.
func (l *list[T]) print(items iter.Seq2[T, error], working *shell.Progress) error {
	defer working.Done()
	for item, err := range items {
		if err != nil {
			return err
		}
		if l.limit > 0 && l.count == l.limit {
			return l.end(true)
		}
		l.count++
		if l.failed != nil {
			return l.failed
		}
		if err := l.add(item); err != nil {
			return err
		}
	}
	return l.end(false)
}

func (l *list[T]) add(item T) error {
	if l.app.JSON {
		return l.app.PrintJSON(item)
	}
	if l.begun {
		return l.app.Print(l.lines(item)...)
	}
	l.waiting = append(l.waiting, item)
	if len(l.waiting) < fitRows {
		return nil
	}
	return l.begin(true)
}

// begin sets the columns by the rows that wait, and prints these; more is whether
// there may be others.
func (l *list[T]) begin(more bool) error {
	if l.begun || len(l.waiting) == 0 {
		return nil
	}
	l.begun = true
	rows := make([][]shell.Cell, len(l.waiting))
	for i, item := range l.waiting {
		rows[i] = l.row(item)
	}
	l.table.Fit(rows, more)
	lines := []shell.Line{l.table.Head()}
	for _, item := range l.waiting {
		lines = append(lines, l.lines(item)...)
	}
	l.waiting = nil
	return l.app.Print(lines...)
}

func (l *list[T]) lines(item T) []shell.Line {
	lines := []shell.Line{l.table.Row(l.row(item))}
	if l.under != nil {
		lines = append(lines, l.under(item)...)
	}
	return lines
}

func (l *list[T]) end(more bool) error {
	if l.failed != nil {
		return l.failed
	}
	if err := l.begin(false); err != nil {
		return err
	}
	switch {
	case l.app.JSON:
	case l.count == 0:
		l.app.Note(shell.Say("No " + l.noun + " found."))
	case more:
		l.app.Note(shell.Line{{Text: fmt.Sprintf("There are more %s than these %d: -n %d, or -n 0 for all.", l.noun, l.limit, 5*l.limit), Style: shell.Dim}})
	}
	return nil
}

// onMore is the limit for the server: one more than is listed.
func onMore(limit int64) int64 {
	if limit == 0 {
		return 0
	}
	return limit + 1
}

// searching shows how far a search has come. Where somebody watches, it also shows
// what has been found until then; into a pipe, rows wait until the columns can be
// fitted to enough of them.
func (l *list[T]) searching(working *shell.Progress) agenttrace.StreamOption {
	return agenttrace.OnProgress(func(p *agenttrace.Progress) {
		working.Say(draw.Progress(p, l.app.Zone))
		if l.app.Watched && l.failed == nil {
			l.failed = l.begin(true)
		}
	})
}
