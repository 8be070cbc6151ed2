package price

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
)

func BenchmarkPrice(b *testing.B) {
	book := builtinBook(b)
	s := &model.Span{
		Type: model.TypeLLM, Provider: "OpenRouter", Model: "openai/gpt-5.4", StartNano: 1_780_000_000_000_000_000,
		Usage: model.Usage{Input: 1_200, CacheRead: 290_000, Output: 700, Reasoning: 300},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := book.Price(s); !ok {
			b.Fatal("no price")
		}
	}
}

// BenchmarkFind is the work for a model that was not asked for before.
func BenchmarkFind(b *testing.B) {
	book := builtinBook(b)
	for b.Loop() {
		book.find("OpenRouter", "no/such-model-20260101")
	}
}

func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		if _, err := Default(); err != nil {
			b.Fatal(err)
		}
	}
}
