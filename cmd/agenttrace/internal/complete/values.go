package complete

import (
	"strings"

	"github.com/alecthomas/kong"
)

// expressions are what the values of flags and arguments are values of, by the name
// of the flag, or of the command and the argument.
var expressions = map[string]string{
	"agent": "agent:id", "team": "team:id", "workflow": "workflow:id", "user": "user:id", "session": "session:id",
	"service": "resource.service.name", "environment": "environment",
	"model": "model:name", "tool": "tool:name", "provider": "model:provider",
	"session id": "session:id",
}

// values lists what a flag, or an argument, may be.
func (w *walked) values(f *kong.Flag, prefix string, ask Asker) []Candidate {
	var found []Candidate
	for _, value := range f.EnumSlice() {
		if value != "" {
			found = append(found, Candidate{Text: value})
		}
	}
	if len(found) > 0 {
		return found
	}
	name := f.Name
	if name == "id" || name == "traceql" {
		name = w.node.Name + " " + name
	}
	switch {
	case strings.HasSuffix(name, "traceql") || name == "query":
		return w.queries(prefix, ask)
	case name == "trace id":
		found = append(found, Candidate{Text: "last", Help: "the newest trace"})
	case name == "session id":
		found = append(found, Candidate{Text: "last", Help: "the latest session"})
	}
	if expression := expressions[name]; expression != "" && ask != nil {
		found = append(found, ask(Wanted{Values: expression, Prefix: prefix, Flags: w.given})...)
	}
	return found
}

// queries completes the name at the end of a query, or the value behind one.
func (w *walked) queries(text string, ask Asker) []Candidate {
	if ask == nil {
		return nil
	}
	at := len(text)
	for at > 0 && isNameByte(text[at-1]) {
		at--
	}
	if !strings.Contains(text[:at], "{") || strings.Count(text[:at], `"`)%2 == 1 {
		return nil // nothing that a name could stand in, or within a text
	}
	var found []Candidate
	for _, c := range ask(Wanted{Names: true, Prefix: text[at:], Flags: w.given}) {
		found = append(found, Candidate{Text: text[:at] + c.Text, Help: c.Help, Open: true})
	}
	return found
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(":._-", c) >= 0
}
