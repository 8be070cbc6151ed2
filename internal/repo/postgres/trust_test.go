package postgres

import "testing"

func TestTrustIsLostForSomeBatches(t *testing.T) {
	var of trust
	if !of.given() {
		t.Error("the first batch is not trusted")
	}
	for range 2 {
		of.lost()
		n := 0
		for !of.given() {
			n++
		}
		if n != afterDuplicate {
			t.Errorf("%d batches were not trusted", n)
		}
	}
}
