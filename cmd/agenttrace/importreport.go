package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

// report says what became of it all, and fails where spans were refused.
func (im *importing) report(ctx context.Context, err error) error {
	t := im.total
	verb := "Imported"
	if im.dryRun {
		verb = "Would import"
	}
	switch {
	case im.app.JSON:
		if printErr := im.app.printJSON(t); printErr != nil {
			return printErr
		}
	case err == nil || t.Spans > 0:
		if printErr := im.app.Print(shell.Say(fmt.Sprintf("%s %s%s.", verb, im.tracesText(), fmt.Sprintf("%s, %s", plural(t.Spans, "span"), sizeText(t.Bytes))))); printErr != nil {
			return printErr
		}
	}
	im.app.Note(im.notes()...)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case t.Rejected > 0:
		return errors.New(im.rejected())
	}
	return nil
}

func (im *importing) tracesText() string {
	if im.total.Traces == 0 {
		return ""
	}
	return plural(im.total.Traces-im.total.Empty, "trace") + ", "
}

// notes are what is worth knowing beside the numbers.
func (im *importing) notes() (lines []shell.Line) {
	t := im.total
	say := func(format string, args ...any) {
		lines = append(lines, shell.Say(shell.Clean(fmt.Sprintf(format, args...))))
	}
	if im.already > 0 {
		say("%s had been imported before.", plural(int64(im.already), "source"))
	}
	if t.Empty > 0 {
		say("%s without any spans in the database: there is nothing to import of them.", plural(t.Empty, "trace"))
	}
	for _, note := range t.Notes {
		say("%s", note)
	}
	if more := t.Problems - int64(len(t.Notes)); more > 0 {
		say("… and %s more.", plural(more, "problem"))
	}
	return lines
}

// rejected says why spans were refused, and what can be done where something can.
func (im *importing) rejected() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s rejected:", plural(im.total.Rejected, "span"))
	tooOld := false
	for _, reason := range im.total.Reasons {
		b.WriteString("\n  " + reason)
		tooOld = tooOld || strings.Contains(reason, "is older than")
	}
	if tooOld {
		b.WriteString("\nThe server refuses what started too long ago. Start it with --max-past=3650d (AGENTTRACE_MAX_PAST), and with a longer --retention where it has one; then import again: what it has already is not stored twice.")
	}
	return b.String()
}
