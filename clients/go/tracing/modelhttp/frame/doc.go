// Package frame takes an answer's body apart into JSON documents as it passes,
// however they are framed: server-sent events, one document after another, the
// elements of an array, or one document alone. It holds one shortened document at
// a time, and nothing of what has passed.
package frame
