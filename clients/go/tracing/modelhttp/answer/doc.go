// Package answer is what the wire formats of models' APIs share: collecting an
// answer from its pieces in bounded memory, reading the error that a server sends
// in place of one, and telling parameters from content in a request.
package answer
