package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// queryFailure is an error of a call that took a query, with the query.
type queryFailure struct {
	query string
	err   error
}

func (e *queryFailure) Error() string { return e.err.Error() }
func (e *queryFailure) Unwrap() error { return e.err }

// withQuery adds the query to the error of a call, so that it can be shown where
// the query is wrong.
func withQuery(query string, err error) error {
	if err == nil {
		return nil
	}
	return &queryFailure{query: query, err: err}
}

// explain gives the error of a call its exit code, and says what to do about it.
// Other errors stay as they are.
func (a *App) explain(err error) error {
	call, ok := errors.AsType[*agenttrace.CallError](err)
	if !ok || hasCode(err) {
		return err
	}
	var wrong *agenttrace.QueryError
	switch {
	case errors.As(err, &wrong):
		return &exitError{code: exitUsage, err: explainQuery(err, wrong)}
	case agenttrace.Reason(err) == agenttrace.ReasonQueryTooBroad, agenttrace.IsInvalid(err):
		return &exitError{code: exitUsage, err: errors.New(sentence(call))}
	case agenttrace.IsNotFound(err):
		return &exitError{code: exitNotFound, err: errors.New(sentence(call))}
	case agenttrace.IsUnauthenticated(err):
		return &exitError{code: exitRefused, err: advised(sentence(call), "Say who you are with --token or AGENTTRACE_TOKEN.")}
	case agenttrace.IsPermissionDenied(err):
		return &exitError{code: exitRefused, err: errors.New(sentence(call))}
	case agenttrace.IsDeadlineExceeded(err):
		return &exitError{code: exitUnreachable, err: a.tooLate(call)}
	case agenttrace.IsUnavailable(err) && !call.FromServer:
		return &exitError{code: exitUnreachable, err: advised(fmt.Sprintf("no server at %s: %s", a.Server, sentence(call)),
			"Start one (make run, or server from the release), or say where it is: --server URL or AGENTTRACE_SERVER.")}
	case agenttrace.IsUnavailable(err):
		return &exitError{code: exitUnreachable, err: fmt.Errorf("the server at %s does not take work now: %s", a.Server, sentence(call))}
	case agenttrace.IsUnimplemented(err):
		return fmt.Errorf("what answers at %s does not know %s: an older server, or none of agenttrace", a.Server, call.Call)
	}
	return errors.New(sentence(call))
}

// advised is an error and, in a line of its own, what to do about it.
func advised(text, advice string) error { return errors.New(text + "\n" + advice) }

func hasCode(err error) bool {
	_, ok := errors.AsType[*exitError](err)
	return ok
}

func (a *App) tooLate(call *agenttrace.CallError) error {
	if a.Timeout > 0 && errors.Is(call, context.DeadlineExceeded) {
		return fmt.Errorf("no answer from %s within %s (--timeout)", a.Server, draw.Span(time.Duration(a.Timeout)))
	}
	return fmt.Errorf("no answer from %s in time: %s", a.Server, sentence(call))
}

// projectHeader is how the server calls what is --project here.
const projectHeader = "agenttrace-project"

// sentence is what a call's error says, with what is wrong in the request.
func sentence(call *agenttrace.CallError) string {
	if len(call.Violations) == 0 {
		return call.Message
	}
	parts := make([]string, len(call.Violations))
	for i, v := range call.Violations {
		field := v.Field
		if field == projectHeader {
			field = "--project"
		}
		parts[i] = strings.TrimPrefix(field+": "+v.Description, ": ")
	}
	return strings.Join(parts, "\n")
}

// explainQuery shows a query with a mark under the place where it is wrong.
func explainQuery(err error, wrong *agenttrace.QueryError) error {
	var b strings.Builder
	b.WriteString(wrong.Message)
	var asked *queryFailure
	if errors.As(err, &asked) {
		b.WriteString("\n" + mark(asked.query, wrong.Line, wrong.Column))
	}
	if wrong.Suggestion != "" && !strings.Contains(wrong.Message, "did you mean") {
		b.WriteString("\nDid you mean " + wrong.Suggestion + "?")
	}
	return errors.New(b.String())
}

// mark returns the lines of a query with a caret under a column of one of them.
func mark(query string, line, column int) string {
	var b strings.Builder
	for i, text := range strings.Split(query, "\n") {
		clean := strings.Join(shell.CleanBlock(text), " ")
		fmt.Fprintf(&b, "\n    %s", clean)
		if i+1 == line {
			runes := []rune(text)
			before := shell.CleanBlock(string(runes[:min(max(column-1, 0), len(runes))]) + "^")[0]
			fmt.Fprintf(&b, "\n    %s^", strings.Repeat(" ", shell.Width(before)-1))
		}
	}
	return b.String()
}
