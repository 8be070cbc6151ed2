package price

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
)

const pricingDoc = "../../docs/pricing.md"

// bookWith returns a book with a file of prices before the table.
func bookWith(t *testing.T, file string) (*Book, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prices.json")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path)
}

func documented(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile(pricingDoc)
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(doc)
	if example == nil {
		t.Fatalf("%s has no example", pricingDoc)
	}
	return string(example[1])
}

func TestTheDocumentedExampleIsPricedAsItSays(t *testing.T) {
	b, err := bookWith(t, documented(t))
	if err != nil {
		t.Fatal(err)
	}
	usage := model.Usage{Input: 1_000, CacheRead: 2_000, Output: 100}
	tests := []struct {
		name            string
		provider, model string
		at, tier        string
		usage           model.Usage
		want            int64
		priced          bool
	}{
		{"before the contract's change", "OpenAI", "gpt-5", "2026-09-30T23:59:59Z", "", usage, 1_000*1_100 + 2_000*110 + 100*9_000, true},
		{"after it", "OpenAI", "GPT-5-2025-08-07", "2026-10-01T00:00:00Z", "", usage, 1_000*950 + 2_000*95 + 100*8_000, true},
		{"half of the contract in a batch", "OpenAI", "gpt-5", "2026-10-01T00:00:00Z", "batch", usage, (1_000*950 + 2_000*95 + 100*8_000) / 2, true},
		{"by the id that the table has for a provider", "azure.ai.openai", "gpt-5", "2026-10-01T00:00:00Z", "", usage, 1_000*950 + 2_000*95 + 100*8_000, true},
		{"another model by the table", "openai", "gpt-5-mini", "2026-10-01T00:00:00Z", "", model.Usage{Input: 1_000}, 1_000 * 250, true},
		{"another provider by the table", "openrouter", "openai/gpt-5", "2026-10-01T00:00:00Z", "", model.Usage{Input: 1_000}, 1_000 * 1_250, true},
		{"served first", "openai", "gpt-5", "2026-10-01T00:00:00Z", "priority", usage, 1_000*2_500 + 2_000*250 + 100*20_000, true},
		{"served first, but another model", "openai", "gpt-5-mini", "2026-10-01T00:00:00Z", "priority", usage, 0, false},
		{"lowest tier", "vLLM", "acme-1", "2026-10-01T00:00:00Z", "", model.Usage{Input: 32_000, Output: 10}, 32_000*400 + 10*1_200, true},
		{"middle tier", "vLLM", "acme-1", "2026-10-01T00:00:00Z", "", model.Usage{Input: 32_001, Output: 10}, 32_001*600 + 10*1_200, true},
		{"top tier", "vLLM", "acme-1", "2026-10-01T00:00:00Z", "", model.Usage{Input: 28_001, CacheRead: 100_000}, 128_001 * 800, true},
		{"a batch where no discount is known", "vLLM", "acme-1", "2026-10-01T00:00:00Z", "batch", usage, 0, false},
		{"one's own machine", "Ollama", "llama3.1:8b", "2026-10-01T00:00:00Z", "", usage, 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &model.Span{
				Type: model.TypeLLM, Provider: test.provider, Model: test.model, StartNano: at(t, test.at),
				Usage: test.usage, Billing: model.Billing{ServiceTier: test.tier},
			}
			if got, ok := b.Price(s); got != test.want || ok != test.priced {
				t.Errorf("%d nanodollars (priced: %v), want %d (%v)", got, ok, test.want, test.priced)
			}
		})
	}
}

func TestTheDocumentNamesTheTablesVersion(t *testing.T) {
	doc, err := os.ReadFile(pricingDoc)
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(builtinBook(t).Version(), " ")
	if !strings.Contains(string(doc), "version "+version+" of ") {
		t.Errorf("%s does not say that the table is of version %s", pricingDoc, version)
	}
}

func TestTheFirstEntryThatFitsCounts(t *testing.T) {
	b, err := bookWith(t, `{"models": [
		{"model": "m", "prices": [{"from": "2026-02-01", "input": 1}]},
		{"model": {"starts_with": "m"}, "prices": [{"from": "2026-03-01", "input": 3}, {"input": 2}]},
		{"model": {"contains": "m"}, "prices": [{"input": 4}]}
	]}`)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		model, at string
		want      int64
	}{
		{"m", "2026-04-01T00:00:00Z", 1_000},
		{"m", "2026-01-01T00:00:00Z", 2_000}, // the first entry's prices begin later
		{"m2", "2026-04-01T00:00:00Z", 3_000},
		{"m2", "2026-02-28T23:59:59Z", 2_000},
		{"2m", "2026-01-01T00:00:00Z", 4_000},
	}
	for _, test := range tests {
		s := &model.Span{Type: model.TypeLLM, Provider: "anybody", Model: test.model, StartNano: at(t, test.at), Usage: model.Usage{Input: 1}}
		if got, ok := b.Price(s); got != test.want || !ok {
			t.Errorf("%s at %s: %d nanodollars (priced: %v), want %d", test.model, test.at, got, ok, test.want)
		}
	}
}

func TestEntriesFitWhateverTheCaseOfLetters(t *testing.T) {
	b, err := bookWith(t, `{"models": [
		{"provider": "ACME", "model": {"starts_with": "\u0041cme-"}, "service_tier": "Priority", "prices": [{"input": 2}]},
		{"provider": "ACME", "model": {"starts_with": "Acme-"}, "service_tier": "default", "prices": [{"input": 1}]}
	]}`)
	if err != nil {
		t.Fatal(err)
	}
	for tier, want := range map[string]int64{"priority": 2_000, "": 1_000, "default": 1_000} {
		s := &model.Span{Type: model.TypeLLM, Provider: "acme", Model: "aCmE-1", Usage: model.Usage{Input: 1}, Billing: model.Billing{ServiceTier: tier}}
		if got, ok := b.Price(s); got != want || !ok {
			t.Errorf("tier %q: %d nanodollars (priced: %v), want %d", tier, got, ok, want)
		}
	}
}

func TestAnEntryForAllButOneProviderIsNotForThatOne(t *testing.T) {
	b, err := bookWith(t, `{"models": [{"provider": {"not": "ollama"}, "model": {"regex": ".*"}, "prices": [{"input": 1}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		provider, model string
		priced          bool
	}{
		{"somebody", "m", true},
		{"", "m", true},
		{"Ollama", "m", false},
		{"somebody", "", false}, // there is nothing that the price could be for
	}
	for _, test := range tests {
		s := &model.Span{Type: model.TypeLLM, Provider: test.provider, Model: test.model, Usage: model.Usage{Input: 1}}
		if _, ok := b.Price(s); ok != test.priced {
			t.Errorf("%q %q: priced: %v, want %v", test.provider, test.model, ok, test.priced)
		}
	}
}

func TestAnEntryCountsAsAWhole(t *testing.T) {
	b, err := bookWith(t, `{"models": [{"provider": "openai", "model": "gpt-5", "prices": [{"input": 1}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	s := &model.Span{Type: model.TypeLLM, Provider: "openai", Model: "gpt-5", Usage: model.Usage{Input: 1, Output: 1}}
	if nano, ok := b.Price(s); ok {
		t.Errorf("%d nanodollars, want no price: the entry has none for output", nano)
	}
}

func TestEveryPriceOfAnEntryIsForItsBucket(t *testing.T) {
	b, err := bookWith(t, `{"models": [{"model": "m", "prices": [{
		"input": 1, "cache_read": 2, "cache_write": 3, "cache_write_1h": 4, "output": 5,
		"reasoning": 6, "audio_input": 7, "audio_output": 8, "request": 0.009}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	const request = 9_000
	tests := []struct {
		name  string
		usage model.Usage
		long  int64
		want  int64
	}{
		{"input", model.Usage{Input: 1}, 0, 1_000},
		{"cache_read", model.Usage{CacheRead: 1}, 0, 2_000},
		{"cache_write", model.Usage{CacheWrite: 1}, 0, 3_000},
		{"cache_write_1h", model.Usage{CacheWrite: 1}, 1, 4_000},
		{"output", model.Usage{Output: 1}, 0, 5_000},
		{"reasoning", model.Usage{Reasoning: 1}, 0, 6_000},
		{"audio_input", model.Usage{AudioInput: 1}, 0, 7_000},
		{"audio_output", model.Usage{AudioOutput: 1}, 0, 8_000},
	}
	for _, test := range tests {
		s := &model.Span{Type: model.TypeLLM, Model: "m", Usage: test.usage, Billing: model.Billing{LongCacheWrite: test.long}}
		if got, ok := b.Price(s); got != test.want+request || !ok {
			t.Errorf("%s: %d nanodollars (priced: %v), want %d", test.name, got, ok, test.want+request)
		}
	}
}

func TestWhatIsWrongInAFileIsToldWithItsPlace(t *testing.T) {
	entry := func(rest string) string {
		return `{"models": [{"model": "a", "prices": [{"input": 1}]}, ` + rest + `]}`
	}
	price := func(rest string) string { return entry(`{"model": "m", "prices": [{"input": 1}, ` + rest + `]}`) }
	match := func(match string) string {
		return entry(`{"model": ` + match + `, "prices": [{"input": 1}]}`)
	}
	tests := []struct{ name, file, place string }{
		{"no JSON", "{\n\"models\": [\n}", "line 3"},
		{"nothing", "", "line 1"},
		{"more than one value", "{\"models\": []}\n{}", "line 2"},
		{"no object", `[]`, "the file"},
		{"nothing said", `{}`, "the file"},
		{"an empty key", `{"": []}`, `""`},
		{"an unknown key", `{"model": []}`, "model"},
		{"no entries", `{"models": []}`, "models"},
		{"no list of entries", `{"models": {}}`, "models"},
		{"an entry that is no object", entry(`3`), "models[1]"},
		{"an unknown key of an entry", entry(`{"modle": "m"}`), "models[1].modle"},
		{"a key twice", entry(`{"model": "m", "model": "n"}`), "models[1].model"},
		{"no model", entry(`{"prices": [{"input": 1}]}`), "models[1]"},
		{"no prices", entry(`{"model": "m"}`), "models[1]"},
		{"an empty list of prices", entry(`{"model": "m", "prices": []}`), "models[1].prices"},
		{"a tier that is no text", entry(`{"model": "m", "service_tier": 1, "prices": [{"input": 1}]}`), "models[1].service_tier"},
		{"a comment that is no text", entry(`{"comment": {}, "model": "m", "prices": [{"input": 1}]}`), "models[1].comment"},

		{"an empty name", match(`""`), "models[1].model"},
		{"a match that is a number", match(`1`), "models[1].model"},
		{"an empty match", match(`{}`), "models[1].model"},
		{"a match of two keys", match(`{"equals": "a", "contains": "b"}`), "models[1].model"},
		{"an unknown kind of match", match(`{"like": "a"}`), "models[1].model.like"},
		{"a bad regular expression", match(`{"regex": "("}`), "models[1].model.regex"},
		{"a regular expression of JavaScript's", match(`{"or": ["a", {"regex": "^(?!a)"}]}`), "models[1].model.or[1].regex"},
		{"an empty list of matches", match(`{"and": []}`), "models[1].model.and"},
		{"lists of matches nested too deep", match(strings.Repeat(`{"or":[`, 9) + `"a"` + strings.Repeat(`]}`, 9)), "models[1].model" + strings.Repeat(".or[0]", 9)},
		{"matches nested too deep", match(strings.Repeat(`{"not":`, 9) + `"a"` + strings.Repeat(`}`, 9)), "models[1].model" + strings.Repeat(".not", 9)},

		{"no price", price(`{"from": "2026-01-01"}`), "models[1].prices[1]"},
		{"an unknown key of a price", price(`{"inptu": 1}`), "models[1].prices[1].inptu"},
		{"hours, which only the table has", price(`{"daily": [1, 2], "input": 1}`), "models[1].prices[1].daily"},
		{"a negative price", price(`{"input": -1}`), "models[1].prices[1].input"},
		{"a price that is a text", price(`{"output": "1"}`), "models[1].prices[1].output"},
		{"a price with an exponent", price(`{"output": 1e-3}`), "models[1].prices[1].output"},
		{"a price with too many places", price(`{"output": 0.1234567890123}`), "models[1].prices[1].output"},
		{"a price beyond all prices", price(`{"output": 1000001}`), "models[1].prices[1].output"},
		{"a fee beyond all fees", price(`{"request": 1001}`), "models[1].prices[1].request"},
		{"null", price(`{"output": null}`), "models[1].prices[1].output"},
		{"a day that is none", price(`{"from": "2026-02-30", "input": 1}`), "models[1].prices[1].from"},
		{"a day before there was time", price(`{"from": "1969-12-31", "input": 1}`), "models[1].prices[1].from"},
		{"a day far away", price(`{"from": "9999-01-01", "input": 1}`), "models[1].prices[1].from"},
		{"two prices from one day on", price(`{"output": 1}`), "models[1]"},
		{"tiers without a base", price(`{"input": {"tiers": [{"above": 1, "price": 1}]}}`), "models[1].prices[1].input"},
		{"no tiers", price(`{"input": {"base": 1, "tiers": []}}`), "models[1].prices[1].input.tiers"},
		{"a tier without a price", price(`{"input": {"base": 1, "tiers": [{"above": 1}]}}`), "models[1].prices[1].input.tiers[0]"},
		{"a tier of a fraction", price(`{"input": {"base": 1, "tiers": [{"above": 1.5, "price": 1}]}}`), "models[1].prices[1].input.tiers[0].above"},
		{"a negative price of a tier", price(`{"input": {"base": 1, "tiers": [{"above": 1, "price": -1}]}}`), "models[1].prices[1].input.tiers[0].price"},
		{"tiers out of order", price(`{"input": {"base": 1, "tiers": [{"above": 2, "price": 1}, {"above": 2, "price": 1}]}}`), "models[1].prices[1].input"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := bookWith(t, test.file)
			wrong, ok := errors.AsType[*FileError](err)
			if !ok {
				t.Fatalf("error %v, want one with a place", err)
			}
			if wrong.Place != test.place || wrong.Reason == "" || filepath.Base(wrong.Path) != "prices.json" {
				t.Errorf("in %q at %q: %q, want the place %q", wrong.Path, wrong.Place, wrong.Reason, test.place)
			}
		})
	}
}

func TestAFileThatIsNotThereIsAnError(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that it is not there", err)
	}
}

func TestWithoutAFileTheTableIsAsItIs(t *testing.T) {
	b, err := Load("")
	if err != nil || len(b.own) != 0 || len(b.table.providers) == 0 {
		t.Errorf("%d prices of one's own, %d providers, error %v", len(b.own), len(b.table.providers), err)
	}
}

func FuzzFilesOfPrices(f *testing.F) {
	f.Add([]byte(`{"models": [{"provider": {"not": "a"}, "model": {"or": ["m", {"regex": "x"}]}, "service_tier": "batch", "prices": [{"from": "2026-01-01", "input": {"base": 1, "tiers": [{"above": 5, "price": 0.5}]}}]}]}`))
	f.Add([]byte(` { "models" : [ { "comment":"\"}\\", "model":"\u006d", "prices":[{"request":1.5}] } ] } `))
	f.Add([]byte(`{"models":[[]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		own, err := decodeOverrides(data)
		if wrong, ok := errors.AsType[*FileError](err); err != nil && (!ok || wrong.Place == "") {
			t.Fatalf("error %v has no place", err)
		}
		if err == nil && len(own) == 0 {
			t.Fatal("no prices, and no error")
		}
		for _, o := range own {
			o.fits("openai", "openai", "gpt-4o")
			if t := o.prices.after(0); t != nil {
				t.bill(quantities{input: 7, output: 9}, share{}, true)
			}
		}
	})
}
