// Package wire reads and writes the framing of protobuf messages: fields, their
// lengths, and messages inside messages. It knows nothing of what they mean.
//
// Reading is what [github.com/VictoriaMetrics/easyproto] does, without copies or
// reflection, and a little stricter. Writing appends to the caller's memory.
package wire
