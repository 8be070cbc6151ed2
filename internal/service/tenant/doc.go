// Package tenant says which project a request belongs to. Every door asks it
// once, before it reads the body, and everything behind the doors reads the
// answer from the context.
package tenant
