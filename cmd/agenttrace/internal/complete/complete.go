package complete

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Candidate is something that the word being typed may become.
type Candidate struct {
	// Text is the whole word, without quotes.
	Text string
	// Help says in a few words what it is; may be empty.
	Help string
	// Open says that the word goes on: nothing is to be put behind it.
	Open bool
}

// Wanted is what only a server knows.
type Wanted struct {
	// Values is the expression, as TraceQL writes it, whose values are wanted:
	// agent:id. Empty for none.
	Values string
	// Names is set where a name is wanted, as in a query.
	Names bool
	// Prefix is how it begins.
	Prefix string
	// Flags are those that were typed before, by name: which server to ask.
	Flags map[string]string
}

// Asker asks a server. It returns nothing when there is none, or when it takes too
// long: completion must not.
type Asker func(Wanted) []Candidate

// Find returns what the last of the words may become. The words are those behind
// the program's name, without their quotes; the last is empty where nothing of it
// has been typed.
func Find(model *kong.Node, words []string, ask Asker) []Candidate {
	if len(words) == 0 {
		words = []string{""}
	}
	w := walk(model, words[:len(words)-1])
	word := words[len(words)-1]
	var found []Candidate
	switch name, value, isValue := strings.Cut(word, "="); {
	case w.open != nil:
		found = w.values(w.open, word, ask)
	case strings.HasPrefix(word, "--") && isValue && !w.literal:
		if f := w.flag(strings.TrimPrefix(name, "--")); f != nil {
			for _, c := range w.values(f, value, ask) {
				c.Text = name + "=" + c.Text
				found = append(found, c)
			}
		}
	case strings.HasPrefix(word, "-") && !w.literal:
		found = w.flags()
	default:
		found = w.arguments(word, ask)
	}
	found = slices.DeleteFunc(found, func(c Candidate) bool { return !strings.HasPrefix(c.Text, word) || c.Text == "" })
	return found
}

// walked is where a command line has come to.
type walked struct {
	node    *kong.Node
	open    *kong.Flag        // waits for its value
	given   map[string]string // flags that were typed, by name
	taken   int               // positional arguments of node that were typed
	literal bool              // -- was typed: no flags any more
}

func walk(model *kong.Node, words []string) *walked {
	w := &walked{node: model, given: map[string]string{}}
	for _, word := range words {
		w.step(word)
	}
	return w
}

func (w *walked) step(word string) {
	switch {
	case w.open != nil:
		w.given[w.open.Name], w.open = word, nil
	case word == "--" && !w.literal:
		w.literal = true
	case strings.HasPrefix(word, "-") && word != "-" && !w.literal:
		w.stepFlag(word)
	default:
		if child := w.child(word); child != nil && w.taken == 0 {
			w.node = child
			return
		}
		w.taken++
	}
}

func (w *walked) stepFlag(word string) {
	name, value, isValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
	f := w.flag(name)
	if f == nil && !strings.HasPrefix(word, "--") && len(word) > 2 { // -n5, -cj
		if f = w.flag(word[1:2]); f != nil && !f.IsBool() {
			w.given[f.Name] = word[2:]
		}
		return
	}
	switch {
	case f == nil:
	case isValue || f.IsBool():
		w.given[f.Name] = value
	default:
		w.open = f
	}
}

func (w *walked) child(name string) *kong.Node {
	for _, child := range w.node.Children {
		if child.Name == name || slices.Contains(child.Aliases, name) {
			return child
		}
	}
	return nil
}

// all yields the flags that may be typed here.
func (w *walked) all() []*kong.Flag {
	var all []*kong.Flag
	for _, group := range w.node.AllFlags(true) {
		all = append(all, group...)
	}
	return all
}

// flag finds a flag by its name, alias or letter.
func (w *walked) flag(name string) *kong.Flag {
	for _, f := range w.all() {
		if f.Name == name || slices.Contains(f.Aliases, name) || f.Short != 0 && string(f.Short) == name {
			return f
		}
	}
	return nil
}

// flags lists those that have not been typed. One that takes a value is followed by
// a space like the others: a value behind = is known, too, but longer to type.
func (w *walked) flags() []Candidate {
	var found []Candidate
	for _, f := range w.all() {
		_, given := w.given[f.Name]
		if given && !f.IsCumulative() {
			continue
		}
		found = append(found, Candidate{Text: "--" + f.Name, Help: firstSentence(f.Help)})
		if f.Tag.Negatable == "_" {
			found = append(found, Candidate{Text: "--no-" + f.Name, Help: firstSentence(f.Help)})
		}
	}
	return found
}

// arguments lists commands, or values of the argument that comes next.
func (w *walked) arguments(word string, ask Asker) []Candidate {
	if w.taken < len(w.node.Positional) {
		return w.values(&kong.Flag{Value: w.node.Positional[w.taken]}, word, ask)
	}
	var found []Candidate
	for _, child := range w.node.Children {
		if !child.Hidden && child.Type == kong.CommandNode {
			found = append(found, Candidate{Text: child.Name, Help: firstSentence(child.Help)})
		}
	}
	return found
}

func firstSentence(help string) string {
	first, _, _ := strings.Cut(help, ". ")
	return strings.TrimSuffix(first, ".")
}
