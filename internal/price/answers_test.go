package price

import (
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// answers.json is written by `make prices` together with the table: what the
// package that the table comes from answers itself, for a few hundred
// combinations of provider, model and time. It is how the matching and the
// arithmetic here are known to be those of the package, without Node at hand.
type answers struct {
	Package, Version string
	Usages           [][8]int64 // input, cache read, cache write, of which for an hour, output, reasoning, audio input, audio output
	Answers          []packageAnswer
}

type packageAnswer struct {
	Provider, Model string
	At              time.Time
	By, As          string     // the ids of the provider and the model that were found; "" for none
	USD             []*float64 // for each usage; null for no price
}

func (a *packageAnswer) span(u [8]int64) *model.Span {
	return &model.Span{
		Type:      model.TypeLLM,
		Provider:  a.Provider,
		Model:     a.Model,
		StartNano: a.At.UnixNano(),
		Usage:     model.Usage{Input: u[0], CacheRead: u[1], CacheWrite: u[2], Output: u[4], Reasoning: u[5], AudioInput: u[6], AudioOutput: u[7]},
		Billing:   model.Billing{LongCacheWrite: u[3]},
	}
}

func readAnswers(t testing.TB) answers {
	t.Helper()
	data, err := os.ReadFile("testdata/answers.json")
	if err != nil {
		t.Fatal(err)
	}
	var a answers
	if err := json.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	if len(a.Answers) < 300 || len(a.Usages) < 8 {
		t.Fatalf("%d answers for %d usages: too few to tell anything", len(a.Answers), len(a.Usages))
	}
	return a
}

func builtinBook(t testing.TB) *Book {
	t.Helper()
	b, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestModelsAreFoundAsThePackageFindsThem(t *testing.T) {
	b := builtinBook(t)
	for _, a := range readAnswers(t).Answers {
		o := b.offerFor(a.Provider, a.Model)
		by := o.provider
		if o.listedAs == "" {
			by = "" // the package does not tell a provider without the model from none
		}
		if by != a.By || o.listedAs != a.As {
			t.Errorf("%q %q: billed by %q as %q, want %q as %q", a.Provider, a.Model, by, o.listedAs, a.By, a.As)
		}
	}
}

func TestPricesAreThoseOfThePackage(t *testing.T) {
	b := builtinBook(t)
	from := readAnswers(t)
	if source := from.Package + " " + from.Version; source != b.Version() {
		t.Fatalf("answers are those of %s, the table is that of %s: run make prices", source, b.Version())
	}
	for _, a := range from.Answers {
		for i, u := range from.Usages {
			var usd *float64
			if a.By != "" {
				usd = a.USD[i]
			}
			nano, ok := b.Price(a.span(u))
			if ok != (usd != nil) {
				t.Errorf("%q %q at %v, usage %d: priced: %v, want %v", a.Provider, a.Model, a.At, i, ok, usd != nil)
			}
			// The package sums up in floating point, so its answer may lie a little to
			// either side of where halves are rounded.
			if ok && usd != nil && math.Abs(float64(nano)-*usd*1e9) > 0.5001 {
				t.Errorf("%q %q at %v, usage %d: %d nanodollars, want %.3f", a.Provider, a.Model, a.At, i, nano, *usd*1e9)
			}
		}
	}
}
