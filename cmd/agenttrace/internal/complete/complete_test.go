package complete_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/complete"
)

// grammar has one of each kind of thing.
type grammar struct {
	Server string `help:"The server. Default: none."`
	JSON   bool   `name:"json" short:"j" help:"Print JSON."`

	List struct {
		Agent  string   `help:"Of this agent."`
		Order  string   `enum:"newest,longest" default:"newest" help:"Which come first."`
		Limit  int      `short:"n" help:"Most to list."`
		Failed *bool    `negatable:"" help:"Only what failed."`
		Tags   []string `help:"With these tags."`
		Query  string   `short:"q" help:"What a query selects."`
	} `cmd:"" help:"List things. All of them."`
	Session struct {
		ID string `arg:"" help:"Id."`
	} `cmd:"" help:"Show a session."`
	Script struct {
		Shell string `arg:"" enum:"bash,zsh" help:"Which."`
	} `cmd:"" aliases:"sc" help:"Print a script."`
	Secret struct{} `cmd:"" hidden:""`
}

func model(t *testing.T) *kong.Node {
	t.Helper()
	k, err := kong.New(new(grammar))
	if err != nil {
		t.Fatal(err)
	}
	return k.Model.Node
}

func texts(found []complete.Candidate) []string {
	var all []string
	for _, c := range found {
		all = append(all, c.Text)
	}
	return all
}

func TestWhatIsTypedGoesOnAsTheGrammarSays(t *testing.T) {
	t.Parallel()
	// The answer tells what was asked for.
	ask := func(w complete.Wanted) []complete.Candidate {
		if w.Names {
			return []complete.Candidate{{Text: "type"}, {Text: "tool:name"}}
		}
		return []complete.Candidate{{Text: "of " + w.Values}, {Text: "at " + w.Flags["server"]}}
	}
	for _, c := range []struct {
		words []string
		want  []string
	}{
		{nil, []string{"list", "session", "script"}},
		{[]string{"s"}, []string{"session", "script"}},
		{[]string{"list", "--o"}, []string{"--order"}},
		{[]string{"list", "--order", ""}, []string{"newest", "longest"}},
		{[]string{"list", "--order=n"}, []string{"--order=newest"}},
		{[]string{"list", "--order", "newest", "--o"}, nil},
		{[]string{"list", "--tags", "a", "--t"}, []string{"--tags"}},
		{[]string{"list", "-n", ""}, nil},
		{[]string{"list", "-n5", "--l"}, nil},
		{[]string{"list", "-j", "--j"}, nil},
		{[]string{"list", "--no"}, []string{"--no-failed"}},
		{[]string{"list", "--failed", "--f"}, nil},
		{[]string{"list", "--agent", "of"}, []string{"of agent:id"}},
		{[]string{"--server", "http://a", "list", "--agent", "at"}, []string{"at http://a"}},
		{[]string{"list", "--server=http://b", "--agent", "at"}, []string{"at http://b"}},
		{[]string{"session", ""}, []string{"last", "of session:id", "at "}},
		{[]string{"session", "x", ""}, nil},
		{[]string{"script", ""}, []string{"bash", "zsh"}},
		{[]string{"sc", "z"}, []string{"zsh"}},
		{[]string{"script", "--", "b"}, []string{"bash"}},
		{[]string{"script", "--", "--j"}, nil},
		{[]string{"list", "-q", "{ to"}, []string{"{ tool:name"}},
		{[]string{"list", "-q", "{ type = tool && t"}, []string{"{ type = tool && type", "{ type = tool && tool:name"}},
		{[]string{"list", "-q", `{ name = "t`}, nil},
		{[]string{"list", "-q", "t"}, nil},
		{[]string{"nonsense", "--js"}, []string{"--json"}},
		{[]string{"list", "--nonsense", "--js"}, []string{"--json"}},
	} {
		if got := texts(complete.Find(model(t), c.words, ask)); !slices.Equal(got, c.want) {
			t.Errorf("%q goes on with %q, want %q", c.words, got, c.want)
		}
	}
}

func TestCandidatesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	got := complete.Find(model(t), []string{"l"}, nil)
	if want := []complete.Candidate{{Text: "list", Help: "List things"}}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWithoutAServerThereIsWhatTheGrammarKnows(t *testing.T) {
	t.Parallel()
	for _, words := range [][]string{{"list", "--agent", ""}, {"list", "-q", "{ t"}} {
		if got := complete.Find(model(t), words, nil); len(got) > 0 {
			t.Errorf("%q goes on with %+v", words, got)
		}
	}
	if got := texts(complete.Find(model(t), []string{"session", ""}, nil)); !slices.Equal(got, []string{"last"}) {
		t.Errorf("session goes on with %q", got)
	}
}

func TestLinesAreReadAsAShellReadsThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]complete.Line{
		"":                       {Words: []string{""}},
		"a b":                    {Words: []string{"a", "b"}, Raw: "b"},
		"a  b ":                  {Words: []string{"a", "b", ""}},
		`a 'b c`:                 {Words: []string{"a", "b c"}, Quote: '\'', Raw: "'b c"},
		`a "b \"c`:               {Words: []string{"a", `b "c`}, Quote: '"', Raw: `"b \"c`},
		`a b\ c`:                 {Words: []string{"a", "b c"}, Raw: `b\ c`},
		`a '' b`:                 {Words: []string{"a", "", "b"}, Raw: "b"},
		`x y | a b`:              {Words: []string{"a", "b"}, Raw: "b"},
		`x 'y | z' b`:            {Words: []string{"x", "y | z", "b"}, Raw: "b"},
		"x; a --agent=b:":        {Words: []string{"a", "--agent=b:"}, Raw: "--agent=b:"},
		`a --query '{ name = "x`: {Words: []string{"a", "--query", `{ name = "x`}, Quote: '\'', Raw: `'{ name = "x`},
	} {
		if diff := cmp.Diff(want, complete.Split(text)); diff != "" {
			t.Errorf("%q (- want, + got):\n%s", text, diff)
		}
	}
}

// TestBashReadsWhatIsEscaped asks bash itself.
func TestBashReadsWhatIsEscaped(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"plain", "two words", "it's", `a "b" c`, `$HOME`, "`date`", `back\slash`, "a;b|c&d", "~", "*", "ümlaut 查询", "{a,b}", "!x", "#x", "a(b)c", "<>"} {
		for _, quote := range []byte{0, '\'', '"'} {
			typed := complete.Escape(word, quote)
			if quote != 0 {
				typed = string(quote) + typed + string(quote)
			}
			out, err := exec.CommandContext(t.Context(), "bash", "-c", "printf %s "+typed).Output()
			if err != nil || string(out) != word {
				t.Errorf("bash reads %s as %q, %v; want %q", typed, out, err, word)
			}
			if line := complete.Split(typed + " "); line.Words[0] != word && quote != '"' {
				t.Errorf("Split reads %s as %q, want %q", typed, line.Words[0], word)
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"", "a b", `a 'b c' "d`, `a\`, "a | b; c && d", `"\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line := complete.Split(text)
		if len(line.Words) == 0 {
			t.Fatal("there is always a word that is being typed")
		}
		if !strings.HasSuffix(text, line.Raw) {
			t.Fatalf("the raw word %q is not the end of %q", line.Raw, text)
		}
		for _, word := range line.Words {
			if got := complete.Split("'" + complete.Escape(word, '\'')); got.Quote != '\'' || got.Words[0] != word {
				t.Fatalf("%q, escaped, is read as %+v", word, got)
			}
		}
	})
}
