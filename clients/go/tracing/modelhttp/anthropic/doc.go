// Package anthropic reads the bodies of Anthropic's messages, whole and streamed.
// It turns documents into what a span says of a call; it knows nothing of HTTP.
package anthropic
