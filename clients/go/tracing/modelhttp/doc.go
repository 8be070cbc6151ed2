// Package modelhttp records calls of models as they pass over HTTP, without code
// at the calls: as an [http.RoundTripper], or as a middleware of the kind that the
// Go SDKs of OpenAI and Anthropic take.
//
//	client := openai.NewClient(option.WithMiddleware(modelhttp.Middleware()))
//	client := anthropic.NewClient(option.WithMiddleware(modelhttp.Middleware()))
//	client := &http.Client{Transport: modelhttp.Transport(nil)}
//
// Calls are recognised by their path, so that every server that imitates one of
// these APIs is covered: OpenAI's chat completions, completions, responses and
// embeddings (also as deployments of Azure), Anthropic's messages, and Gemini's
// generateContent, streamGenerateContent, embedContent and batchEmbedContents. All
// other requests pass untouched.
//
// What is sent and what is received stays as it is, byte for byte and moment for
// moment: requests are looked at while they are being sent, answers while they are
// being read. A span ends when its answer has been read to its end, is closed, or
// its context is done. What is kept of both is bounded; see [MaxRequestBytes] and
// [MaxAnswerBytes]. Keys are never recorded, and of files in a conversation only
// their type and size.
//
// All of it is safe for concurrent use.
package modelhttp
