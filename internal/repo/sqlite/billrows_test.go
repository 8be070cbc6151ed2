package sqlite

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

func drawNumbers(t *rapid.T) (n billNumbers) {
	for i := range n {
		n[i] = rapid.OneOf(rapid.Just(int64(0)), rapid.Int64()).Draw(t, "number")
	}
	return n
}

func TestNumbersOfABillAreJSONThatReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawNumbers(t)
		text := want.String()
		var list []int64
		if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) > len(want) {
			t.Fatalf("%s: %v", text, err)
		}
		var got billNumbers
		rest, err := got.parse(text + "0o[,]")
		if err != nil || rest != "0o[,]" || got != want {
			t.Fatalf("%s became %v and %q, %v", text, got, rest, err)
		}
	})
}

func TestNumbersOfABillAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := drawNumbers(t)
		n[0] = int64(model.CallsOfTool)
		sum := model.Bill{Kind: model.CallsOfTool}
		n.addTo(&sum)
		if got := numbersOf(&sum); got != n {
			t.Fatalf("%v became %v", n, got)
		}
		n.addTo(&sum)
		for i, got := range numbersOf(&sum) {
			if i > 0 && got != model.Sum(n[i], n[i]) {
				t.Fatalf("number %d: twice %d is %d", i, n[i], got)
			}
		}
	})
}

func TestDamagedNumbersOfABillAreAnError(t *testing.T) {
	for _, text := range []string{"", "[", "[]", "[1", "[1,", "[1,]", "[a]", "1]", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]", "[9223372036854775808]"} {
		var n billNumbers
		if rest, err := n.parse(text); err == nil {
			t.Errorf("%q was read as %v and %q", text, n, rest)
		}
	}
}
