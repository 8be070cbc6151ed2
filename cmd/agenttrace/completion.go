package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/complete"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// completionCommand prints the script for a shell.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"Which shell: ${enum}."`
}

// Help is the text of --help.
func (completionCommand) Help() string {
	return `Prints a script that lets a shell complete commands, flags and their values with the Tab key; and what the server has seen of late: agents, teams, users, sessions, models, and the names that a query can use.

Examples:

    source <(agenttrace completion bash)          # in ~/.bashrc
    source <(agenttrace completion zsh)           # in ~/.zshrc, behind compinit
    agenttrace completion fish | source           # in ~/.config/fish/config.fish
`
}

// Run prints the script.
func (c completionCommand) Run(_ context.Context, app *App) error {
	script, err := complete.Script(c.Shell)
	if err != nil {
		return usageErrorf("%w", err)
	}
	_, err = io.WriteString(app, script)
	return err
}

// completeCommand is what the scripts call. Bash hands over the line up to the
// cursor, and what it takes for the current word; the others hand over the words.
type completeCommand struct {
	Words []string `arg:"" optional:""`
}

// askTime is how long a server may take: nobody waits longer for a key.
const askTime = time.Second

// Run prints what the line may go on with, one candidate a line: the text, what it
// is, and "open" where it goes on.
func (c completeCommand) Run(ctx context.Context, app *App, parsed *kong.Context) error {
	if len(c.Words) == 0 {
		return usageErrorf("name the shell: bash, zsh or fish")
	}
	ask := func(w complete.Wanted) []complete.Candidate { return app.known(ctx, w) }
	if c.Words[0] == "bash" && len(c.Words) == 3 {
		return app.completeBash(c.Words[1], c.Words[2], func(words []string) []complete.Candidate {
			return complete.Find(parsed.Model.Node, words, ask)
		})
	}
	var b strings.Builder
	for _, found := range complete.Find(parsed.Model.Node, c.Words[1:], ask) {
		fmt.Fprintf(&b, "%s\t%s%s\n", shell.Clean(found.Text), shell.Clean(found.Help), map[bool]string{true: "\topen"}[found.Open])
	}
	_, err := io.WriteString(app, b.String())
	return err
}

// completeBash answers in terms of what bash takes for the current word: it breaks
// words at = and :, and replaces what is behind the last of these.
func (a *App) completeBash(text, current string, find func([]string) []complete.Candidate) error {
	line := complete.Split(text)
	if len(line.Words) < 2 {
		return nil
	}
	if strings.Trim(current, "=:") == "" {
		current = ""
	}
	kept := strings.TrimSuffix(line.Raw, current)
	if line.Quote != 0 { // then bash takes all that is behind the quote
		kept = string(line.Quote)
	}
	var b strings.Builder
	for _, found := range find(line.Words[1:]) {
		escaped := complete.Escape(found.Text, line.Quote)
		if line.Quote != 0 {
			escaped = string(line.Quote) + escaped
		}
		rest, ok := strings.CutPrefix(escaped, kept)
		if !ok {
			continue // typed in another way than this writes it
		}
		fmt.Fprintf(&b, "%s%s\n", shell.Clean(rest), map[bool]string{true: "\topen"}[found.Open])
	}
	_, err := io.WriteString(a, b.String())
	return err
}

// known asks the server for values or names. Whatever goes wrong, there are none.
func (a *App) known(ctx context.Context, w complete.Wanted) []complete.Candidate {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	at := *a
	at.Server, at.Project = cmp.Or(w.Flags["server"], a.Server), cmp.Or(w.Flags["project"], a.Project)
	at.Token, at.CA = cmp.Or(w.Flags["token"], a.Token), cmp.Or(w.Flags["ca"], a.CA)
	client, err := at.Client(agenttrace.WithRetries(0))
	if err != nil {
		return nil
	}
	defer client.Close()
	var found []complete.Candidate
	if w.Names {
		res, err := client.ListAttributeNames(ctx, &agenttrace.ListAttributeNamesRequest{Prefix: w.Prefix})
		if err != nil {
			return nil
		}
		for _, name := range res.GetNames() {
			found = append(found, complete.Candidate{Text: name.GetExpression()})
		}
		return found
	}
	res, err := client.ListAttributeValues(ctx, &agenttrace.ListAttributeValuesRequest{Expression: w.Values, Prefix: w.Prefix})
	if err != nil {
		return nil
	}
	for _, value := range res.GetValues() {
		found = append(found, complete.Candidate{Text: value.GetValue().GetStringValue(), Help: value.GetLiteral()})
	}
	return found
}
