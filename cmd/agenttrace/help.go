package main

import (
	"bytes"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// printHelp prints what kong does, in another order: what belongs to the command
// first, then what belongs to all of them.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	out := ctx.Stdout
	var text bytes.Buffer
	ctx.Stdout = &text
	err := kong.DefaultHelpPrinter(options, ctx)
	ctx.Stdout = out
	if err != nil {
		return err
	}
	_, err = out.Write([]byte(inOrder(text.String())))
	return err
}

// inOrder reorders the sections of a help text behind its introduction.
func inOrder(text string) string {
	var intro, sections []string
	for block := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n\n") {
		switch {
		case len(sections) == 0 && !strings.HasPrefix(block, "Flags:"):
			intro = append(intro, block)
		case strings.HasPrefix(block, " "): // the section before goes on
			sections[len(sections)-1] += "\n" + block
		default:
			sections = append(sections, block)
		}
	}
	slices.SortStableFunc(sections, func(a, b string) int { return rank(a) - rank(b) })
	return strings.Join(append(intro, sections...), "\n\n") + "\n"
}

// rank is the place of a section: those of all commands come after those of this one.
func rank(section string) int {
	heading, _, _ := strings.Cut(section, "\n")
	for i, prefix := range []string{titleOutput, titleServer, "Flags:", "Run "} {
		if strings.HasPrefix(heading, prefix) {
			return i + 1
		}
	}
	return 0
}
