// Package examples_test holds that SDKs take the middleware without an adapter.
package examples_test

import (
	"net/http"
	"testing"

	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp"
)

// TestAnthropicTakesTheMiddleware is settled by the compiler: the SDK's type is
// exactly ours. What passes through it has tests beside modelhttp.
func TestAnthropicTakesTheMiddleware(t *testing.T) {
	var middleware option.Middleware = modelhttp.Middleware()
	if option.WithMiddleware(middleware) == nil {
		t.Error("no option")
	}
	asked, err := http.NewRequest(http.MethodPost, "https://api.anthropic.com/v1/messages", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	asked.Header.Set("Anthropic-Version", "2023-06-01")
	if modelhttp.Recognise(asked) != modelhttp.AnthropicMessages {
		t.Error("the SDK's path is not recognised")
	}
}
