// Package gemini reads the bodies of Google's Gemini API and of Gemini on Vertex
// AI: generateContent, streamGenerateContent, embedContent and batchEmbedContents.
// It turns documents into what a span says of a call; it knows nothing of HTTP.
package gemini
