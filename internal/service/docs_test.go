package service_test

import (
	"os"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/service/fault"
)

func TestDocsListEveryReason(t *testing.T) {
	docs, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{
		fault.ReasonTraceTooLarge, fault.ReasonPageTokenInvalid, fault.ReasonPageTokenMismatch, fault.ReasonMessageTooLarge,
		fault.ReasonQueryInvalid, fault.ReasonQueryTooBroad, fault.ReasonCursorExpired,
	} {
		if !strings.Contains(string(docs), "| `"+reason+"` |") {
			t.Errorf("docs/api.md does not list %s", reason)
		}
	}
}
