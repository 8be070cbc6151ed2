// Package wire reads and writes the framing of protobuf messages: fields, their
// lengths, and messages inside messages. It knows nothing of what they mean.
//
// Reading neither copies nor reflects: what it returns aliases the message. Writing
// appends to the caller's memory.
package wire
