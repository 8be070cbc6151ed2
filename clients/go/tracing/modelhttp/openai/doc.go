// Package openai reads the bodies of OpenAI's API and of the many servers that
// imitate it: chat completions, completions, responses and embeddings, whole and
// streamed. It turns documents into what a span says of a call; it knows nothing
// of HTTP.
package openai
